// Whatever those say and do who open links to a holder: who downloads honestly beside them gets it all.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import type { Peer, PeerOptions } from '../../src/peer/peer.ts';
import { contentOf, PIECE } from '../download/content-source.ts';
import { getContent, HASTY } from '../download/getting-content.ts';
import { folderOf } from '../harness/temporary.ts';
import { connected, received } from '../peer/raw.ts';
import { serve } from '../peer/serving.ts';
import { asked, follow, type Following, type FollowingOptions } from './following.ts';

const PIECES = 24;
const CONTENT = contentOf(randomBytes((PIECES - 1) * PIECE + 500));
const { root, bytes } = CONTENT;
/** An honest downloader calls from 127.0.0.1. */
const ELSEWHERE = '127.0.0.2';
/** What a holder takes of one address. */
const MOST_LINKS = 64;
const LONG = { timeout: 120_000 };

async function share(options: Partial<PeerOptions> = {}): Promise<Peer> {
  return serve(await folderOf({ film: CONTENT.bytes }), options);
}

function attack(peer: Peer, options: FollowingOptions = {}): Promise<Following> {
  return follow(peer, root, { localAddress: ELSEWHERE, ...options });
}

/** Somebody honest gets it all from a holder that is under attack. */
async function expectHonest({ port }: Peer): Promise<void> {
  const got = await getContent(CONTENT, {
    sources: () => [{ ipAddress: '127.0.0.1', port }],
    size: bytes.length,
    patience: { ...HASTY, stalledAfterMs: 20_000, trickleOverMs: 30_000, awayMs: 500 },
    waitMs: 60_000,
  });
  expect(got.bytes.equals(bytes)).toBe(true);
}

const word = (value: unknown) => JSON.stringify(value);

test.for<[string, string | Buffer]>([
  ['text that is no JSON', 'junk'],
  ['nothing', ''],
  ['a number', '5'],
  ['null', 'null'],
  ['bytes', randomBytes(1000)],
  ['more than a link takes', 'x'.repeat(1024 * 1024 + 1)],
  ['a number for ranges', word({ have: 5 })],
  ['words for ranges', word({ have: 'all' })],
  ['ranges out of order', word({ have: '5,3' })],
  ['a range that goes backwards', word({ have: '5-3' })],
  ['a piece twice', word({ have: '3,3' })],
  ['overlapping ranges', word({ have: '0-5,3-7' })],
  ['a piece past the end', word({ have: String(PIECES) })],
  ['a range past the end', word({ have: `0-${PIECES}` })],
  ['a huge range', word({ have: '0-99999999999999999999' })],
  ['a number of a million digits', word({ have: '9'.repeat(1_000_000) })],
  ['a million ranges', word({ have: '0,'.repeat(500_000) + '0' })],
  ['a negative piece', word({ have: '-1' })],
  ['ranges that end in a comma', word({ have: '0-3,' })],
  ['that it passes, wrongly', word({ pass: 'yes' })],
  ['that it reads at no piece', word({ at: -1 })],
  ['that it reads within a piece', word({ at: 1.5 })],
])('a follower that says %s is cut, and nobody else', async ([, said]) => {
  const peer = await share();
  const bad = await attack(peer);
  const other = await attack(peer);
  bad.socket.send(said);
  await bad.closed;
  other.say({ have: '' });
  await other.hasOffers(1);
  await expectHonest(peer);
  expect(other.socket.readyState).toBe(other.socket.OPEN);
});

test.for<[string, Buffer]>([
  ['frames that are not masked', Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
  ['a frame of an unknown kind', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
  ['a frame with a reserved bit', Buffer.from([0xc1, 0x80, 0, 0, 0, 0])],
  ['a frame of 2^63 bytes', Buffer.from([0x81, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0])],
  ['a frame that goes on with none', Buffer.from([0x80, 0x80, 0, 0, 0, 0])],
  ['noise', randomBytes(10_000)],
])('a follower that sends %s is cut', async ([, frame]) => {
  const peer = await share();
  const socket = await upgraded(peer);
  socket.write(frame);
  await received(socket);
  await expectHonest(peer);
});

test('pieces that were never sent may be said to be there', async () => {
  const peer = await share();
  const bad = await attack(peer);
  bad.say({ have: `0-${PIECES - 1}` });
  await expectHonest(peer);
  expect(bad.offers).toEqual([]);
  expect(bad.socket.readyState).toBe(bad.socket.OPEN);
});

test('who says far more than there is to say is cut', async () => {
  const peer = await share();
  const bad = await attack(peer);
  const flood = setInterval(() => {
    for (let time = 0; time < 100; time++) bad.say({ have: '0' });
  }, 1);
  onTestFinished(() => {
    clearInterval(flood);
  });
  await bad.closed;
  clearInterval(flood);
  await expectHonest(peer);
});

test('who answers every offer is not cut, however often nothing is wanted', async () => {
  const peer = await share();
  const follower: Following = await attack(peer, {
    onOffer: () => {
      follower.say({ pass: true });
    },
  });
  // Nearly as much as may be said beside that.
  for (let time = 0; time < 3 * PIECES + 195; time++) follower.say({ have: '' });
  const cut = follower.closed.then(() => 'cut');
  const offered = follower.hasOffers(20).then(() => 'offered');
  expect(await Promise.race([cut, offered])).toBe('offered');
}, 120_000);

const CROWDS: Record<string, (peer: Peer) => Promise<Following>> = {
  'say nothing at all': (peer) => attack(peer),
  'take offers and do not answer': async (peer) => {
    const bad = await attack(peer);
    bad.say({ have: '' });
    return bad;
  },
  'ask for what they are offered and do not read it': async (peer) => {
    const bad: Following = await attack(peer, {
      onOffer: ([piece = 0]) => {
        ask(peer, bad.id, `bytes=${piece * PIECE}-${(piece + 1) * PIECE - 1}`).pause();
      },
    });
    bad.say({ have: '' });
    return bad;
  },
  'ask for a byte of what they are offered and never have it': async (peer) => {
    const bad: Following = await attack(peer, {
      onOffer: ([piece = 0]) => {
        ask(peer, bad.id, `bytes=${piece * PIECE}-${piece * PIECE}`).resume();
      },
    });
    bad.say({ have: '' });
    return bad;
  },
  'ask for everything at once and never have it': async (peer) => {
    const bad = await attack(peer);
    bad.say({ have: '' });
    for (let piece = 0; piece < PIECES; piece++)
      ask(peer, bad.id, `bytes=${piece * PIECE}-${piece * PIECE}`).resume();
    return bad;
  },
  'break off whatever they are sent': async (peer) => {
    const bad: Following = await attack(peer, {
      onOffer: ([piece = 0]) => {
        const socket = ask(peer, bad.id, `bytes=${piece * PIECE}-${(piece + 1) * PIECE - 1}`);
        socket.once('data', () => socket.destroy());
      },
    });
    bad.say({ have: '' });
    return bad;
  },
  'have everything and read nothing': async (peer) => {
    const bad = await attack(peer);
    bad.socket.pause();
    bad.say({ have: `0-${PIECES - 1}` });
    return bad;
  },
  'take offers and read nothing': async (peer) => {
    const bad = await attack(peer);
    bad.socket.pause();
    bad.say({ have: '' });
    return bad;
  },
};

test.for(
  Object.entries(CROWDS).flatMap(([deed, begin]) => [
    { deed, begin, count: 1 },
    { deed, begin, count: MOST_LINKS },
  ]),
)('beside $count who $deed, one who is honest gets it all', LONG, async ({ begin, count }) => {
  const peer = await share();
  await Promise.all(Array.from({ length: count }, () => begin(peer)));
  await expectHonest(peer);
});

test('who pings without end and reads no answer is cut', async () => {
  const peer = await share();
  const socket = await upgraded(peer);
  socket.pause();
  // A masked ping of 125 bytes, five hundred at a time.
  const ping = Buffer.concat([Buffer.from([0x89, 0xfd]), Buffer.alloc(4 + 125)]);
  const pings = Buffer.concat(Array<Buffer>(500).fill(ping));
  const MOST_BYTES = 128 * 1024 * 1024;
  let sent = 0;
  for (; !socket.closed && sent < MOST_BYTES; sent += pings.length)
    await new Promise<void>((resolve) => {
      socket.write(pings, () => setImmediate(resolve));
    });
  expect(socket.closed, 'cut').toBe(true);
  await expectHonest(peer);
}, 60_000);

test('of a thousand links from one address so many are taken, the others are refused, and the honest one gets in', async () => {
  const peer = await share();
  const links: Following[] = [];
  let refused = 0;
  let next = 0;
  const openNext = async (): Promise<void> => {
    while (next++ < 1_000)
      await attack(peer).then(
        (link) => links.push(link),
        (error: unknown) => {
          if (String(error).includes('refused with 503')) refused++;
          else throw error;
        },
      );
  };
  await Promise.all(Array.from({ length: 50 }, openNext));
  expect({ taken: links.length, refused }).toEqual({
    taken: MOST_LINKS,
    refused: 1_000 - MOST_LINKS,
  });
  const honest = await follow(peer, root);
  honest.say({ have: '' });
  await honest.hasOffers(1);
  await expectHonest(peer);
  // Who goes makes room.
  links[0]?.socket.close();
  await links[0]?.closed;
  await expect.poll(() => attack(peer).then(() => 'in', String), { timeout: 20_000 }).toBe('in');
}, 120_000);

test('a link for what is not there is refused', async () => {
  const peer = await share();
  for (const wrong of ['ab'.repeat(32), 'abc', root.toUpperCase() + '00', '..', 'x'.repeat(5_000)])
    await expect(follow(peer, wrong), wrong).rejects.toThrow('refused with 404');
  await expectHonest(peer);
});

test('a link for a root in capitals is one for that content', async () => {
  const peer = await share();
  const outcome = await follow(peer, root.toUpperCase()).then(
    () => 'taken',
    (error: unknown) => String(error),
  );
  const { status } = await asked(peer, `/contents/${root.toUpperCase()}/layer`);
  expect(outcome).toBe(status === 200 ? 'taken' : 'Error: refused with 404');
});

test.for(['/files/film', `/contents/${root}`, `/contents/${root}/layer`, '/'])(
  'who asks for another upgrade at %s gets the answer in HTTP/1.1',
  async (path) => {
    const peer = await share();
    const plain = await asked(peer, path);
    for (const upgrade of ['h2c', 'TLS/1.2', 'websocket', 'x'.repeat(100)]) {
      const answer = await asked(peer, path, {
        connection: 'Upgrade, HTTP2-Settings',
        upgrade,
        'http2-settings': 'AAMAAABkAAQCAAAAAAIAAAAA',
      });
      expect(answer.status, upgrade).toBe(200);
      expect(answer.bytes.equals(plain.bytes), upgrade).toBe(true);
    }
  },
);

test('a link that is asked for without what WebSocket needs is refused', async () => {
  const peer = await share();
  const path = `/contents/${root}/link`;
  const whole = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  for (const wrong of [
    { 'sec-websocket-version': '99' },
    { 'sec-websocket-key': 'short' },
    { 'sec-websocket-protocol': ',,,' },
  ])
    expect((await asked(peer, path, { ...whole, ...wrong })).status).toBe(400);
  const posted = await asked(peer, path, whole, { method: 'POST' });
  expect(posted.status).toBe(405);
  await expectHonest(peer);
});

test('a link that is asked for behind other requests, all at once, harms nobody', async () => {
  const peer = await share();
  const socket = await connected(peer);
  const answer = received(socket);
  const get = `GET /contents/${root} HTTP/1.1\r\nHost: x\r\n\r\n`;
  socket.write(get + get + upgradeHead(root) + get);
  await expectHonest(peer);
  socket.destroy();
  await answer;
});

test('a connection that breaks gives its pieces back, those that were asked ahead, too', async () => {
  // So slow that neither answer is over by then.
  const peer = await share({ uploadLimit: new RateLimit(PIECE / 2) });
  const follower = await attack(peer);
  follower.say({ have: `2-${PIECES - 1}` });
  await follower.hasOffers(1);
  const socket = ask(peer, follower.id, `bytes=0-${PIECE - 1}`, `bytes=${PIECE}-${2 * PIECE - 1}`);
  await once(socket, 'data');
  const before = follower.offers.length;
  socket.destroy();
  await follower.hasOffers(before + 1);
  // Both: one that was counted on would be missing.
  await expect
    .poll(() => new Set(follower.offers.slice(before).flat()), { timeout: 30_000 })
    .toEqual(new Set([0, 1]));
}, 60_000);

/** Asks for ranges over a link, all at once, on a connection of its own. */
function ask({ port }: Peer, id: string, ...ranges: string[]) {
  const socket = connect({ host: '127.0.0.1', port, localAddress: ELSEWHERE });
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  for (const range of ranges)
    socket.write(
      `GET /contents/${root} HTTP/1.1\r\nHost: x\r\nRange: ${range}\r\nsp2p-link: ${id}\r\n\r\n`,
    );
  return socket;
}

function upgradeHead(ofRoot: string): string {
  return (
    `GET /contents/${ofRoot}/link HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n` +
    'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sp2p-link\r\n\r\n'
  );
}

/** A connection that has become a link, without anything that knows WebSockets on this side. */
async function upgraded(peer: Peer) {
  const socket = await connected(peer);
  socket.on('error', () => undefined).write(upgradeHead(root));
  socket.resume();
  await once(socket, 'data');
  return socket;
}
