// Whatever a holder does with its link: beside an honest share the download ends right, and who lied is named.
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { contentOf, PIECE } from '../download/content-source.ts';
import { getContent, HASTY } from '../download/getting-content.ts';
import { folderOf } from '../harness/temporary.ts';
import { serve } from '../peer/serving.ts';
import { greet, startLinkedSource, type LinkedSourceOptions } from './linked-source.ts';

const PIECES = 12;
const CONTENT = contentOf(randomBytes((PIECES - 1) * PIECE + 500));
const { bytes } = CONTENT;
/** An honest share is busy for a moment on a busy machine. */
const PATIENCE = { ...HASTY, stalledAfterMs: 2_000, trickleOverMs: 4_000 };
const MiB = 1024 * 1024;
const NOT_A_WORD = /wrong-answer: it says what is nothing over a link/;
const ALL = Array.from({ length: PIECES }, (_, piece) => piece);

interface Misdeed extends LinkedSourceOptions {
  /** What is said of it; undefined: nothing, it did nothing wrong or is just left. */
  named?: RegExp;
  /** When the honest share comes in. Default: when there is a link. */
  after?: 'misbehaved';
}

/** Says something once it has heard what is there, and answers whatever it is told. */
function saying(...words: (string | Buffer)[]): (socket: WebSocket) => void {
  return (socket) => {
    greet(socket);
    socket.once('message', () => {
      for (const word of words) socket.send(word);
    });
  };
}

function offering(...offers: unknown[]): (socket: WebSocket) => void {
  return saying(...offers.map((offer) => JSON.stringify({ offer })));
}

/** Opens a WebSocket by hand, and sends some bytes on it. */
function framing(frame: Buffer, headers = ''): (socket: Duplex, request: IncomingMessage) => void {
  return (socket, { headers: asked }) => {
    const accept = createHash('sha1')
      .update(`${asked['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n${headers || 'Sec-WebSocket-Protocol: sp2p-link\r\n'}\r\n`,
    );
    socket.write(frame);
  };
}

function answering(text: string): (socket: Duplex, request: IncomingMessage) => void {
  return (socket) => {
    socket.write(text);
  };
}

const EMPTY = Buffer.alloc(0);

type Misdeeds = Record<string, Misdeed>;

const WITH_OFFERS: Misdeeds = {
  'offers pieces that it does not have': {
    answers: () => ({ status: 404, headers: { 'content-length': 0 }, body: EMPTY }),
    named: /refused: it does not have it \(404\)/,
    after: 'misbehaved',
  },
  'offers pieces and answers no request': {
    answers: () => undefined,
    after: 'misbehaved',
  },
  'offers pieces and sends others': {
    answers: (honest) => ({ ...honest, body: Buffer.alloc(honest.body.length) }),
    named: /bad-piece: piece \d+ is not what the root says/,
    after: 'misbehaved',
  },
  'offers pieces and sends one wrong': {
    answers: (honest, piece) =>
      piece === 7 ? { ...honest, body: Buffer.alloc(honest.body.length) } : honest,
    named: /bad-piece: piece 7 is not what the root says/,
    after: 'misbehaved',
  },
  'offers no pieces, again and again': { links: offering(...Array<never[]>(1_000).fill([])) },
  'offers numbers that are far past the end': { links: offering([PIECES], [1e9], [2 ** 53 - 1]) },
  'offers numbers that wrap around in 32 bits': { links: offering([2 ** 32], [2 ** 32 + 1]) },
  'offers one piece a thousand times': { links: offering(Array<number>(1_000).fill(3)) },
  'offers half a million pieces in one word': {
    links: offering(Array<number>(MiB / 2 - 20).fill(9)),
  },
  'offers without end': { links: withoutEnd(JSON.stringify({ offer: [1e9] })) },
  'says nothing new without end': { links: withoutEnd('{}') },
  'pings without end': {
    links: (socket) => {
      greet(socket);
      untilGone(socket, (done) => {
        socket.ping(Buffer.alloc(125), undefined, done);
      });
    },
  },
};

const WITH_WORDS: Misdeeds = {
  'offers negative numbers': { links: offering([-1]), named: NOT_A_WORD },
  'offers half a piece': { links: offering([1.5]), named: NOT_A_WORD },
  'offers more than a number holds': { links: offering([2 ** 53]), named: NOT_A_WORD },
  'offers words': { links: offering(['0']), named: NOT_A_WORD },
  'offers null': { links: offering(null), named: NOT_A_WORD },
  'offers ranges': { links: offering('0-5'), named: NOT_A_WORD },
  'says junk': { links: saying('junk'), named: NOT_A_WORD },
  'says nothing at all in a word': { links: saying(''), named: NOT_A_WORD },
  'says null': { links: saying('null'), named: NOT_A_WORD },
  'says bytes': { links: saying(randomBytes(100)), named: NOT_A_WORD },
  'says a MiB of spaces': { links: saying(' '.repeat(MiB)), named: NOT_A_WORD },
  'says more than a MiB': { links: saying(' '.repeat(MiB + 1)), named: NOT_A_WORD },
  'says far more than a MiB': { links: saying(' '.repeat(50 * MiB)), named: NOT_A_WORD },
  'nests what it says deeply': { links: saying('['.repeat(500_000)), named: NOT_A_WORD },
  'has an id that is no hex': {
    links: (socket) => {
      socket.send(JSON.stringify({ link: 'no\r\nhex: 1' }));
    },
    named: NOT_A_WORD,
  },
  'has an id that is too long': {
    links: (socket) => {
      socket.send(JSON.stringify({ link: 'a'.repeat(65) }));
    },
    named: NOT_A_WORD,
  },
  'changes its id': {
    links: saying(JSON.stringify({ link: 'aa' }), JSON.stringify({ link: 'bb', offer: [0] })),
  },
  'offers before it has said its id': {
    links: (socket) => {
      socket.send(JSON.stringify({ offer: ALL }));
    },
  },
};

const WITH_LINKS: Misdeeds = {
  'opens a link and says nothing for ever': { links: () => undefined },
  'says its id and nothing else for ever': { links: greet },
  'opens a link and does not read it': {
    links: (socket) => {
      greet(socket);
      socket.pause();
    },
  },
  'closes the link again and again': {
    links: (socket) => {
      greet(socket);
      socket.close();
    },
    named: /closed-early: it closed the link/,
  },
  'breaks the link again and again': {
    links: (socket) => {
      socket.terminate();
    },
    named: /closed-early: it closed the link/,
  },
  'closes the link with each offer': {
    links: (socket) => {
      greet(socket);
      socket.once('message', () => {
        socket.send(JSON.stringify({ offer: ALL }));
        socket.close();
      });
    },
  },
  'holds a part, and offers it again and again': {
    holds: (piece) => piece < 3,
    offers: () => [0, 1, 2],
  },
  'answers with another subprotocol': {
    upgrades: framing(EMPTY, 'Sec-WebSocket-Protocol: chat\r\n'),
  },
  'answers with no subprotocol': { upgrades: framing(EMPTY, 'X-Other: 1\r\n') },
  'answers with compression that nobody asked for': {
    upgrades: framing(
      EMPTY,
      'Sec-WebSocket-Protocol: sp2p-link\r\nSec-WebSocket-Extensions: permessage-deflate\r\n',
    ),
  },
  'takes the request for a link and says nothing': { upgrades: () => undefined },
  'closes at the request for a link': {
    upgrades: (socket) => {
      socket.end();
    },
  },
  'resets at the request for a link': {
    upgrades: (socket) => {
      socket.destroy();
    },
  },
  'opens no WebSocket that is one': {
    upgrades: answering(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
    ),
  },
  'answers a link in no HTTP': { upgrades: answering('nonsense\r\n\r\n') },
  'redirects a link': {
    upgrades: answering('HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n'),
  },
  'refuses a link': {
    upgrades: answering('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'),
  },
  'answers a link with a body without end': {
    upgrades: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const more = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(64 * 1024)));
      };
      socket.on('drain', more);
      more();
    },
  },
  'sends a frame of an unknown kind': {
    upgrades: framing(Buffer.from([0x83, 0x00])),
    named: NOT_A_WORD,
  },
  'sends a frame with a reserved bit': {
    upgrades: framing(Buffer.from([0xc1, 0x00])),
    named: NOT_A_WORD,
  },
  'sends frames that are masked': {
    upgrades: framing(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d])),
    named: NOT_A_WORD,
  },
  'sends a frame of 2^63 bytes': {
    upgrades: framing(Buffer.from([0x81, 0x7f, 0xff, 0, 0, 0, 0, 0, 0, 0])),
    named: NOT_A_WORD,
  },
  'sends noise': { upgrades: framing(randomBytes(10_000)) },
};

test.for(Object.entries({ ...WITH_OFFERS, ...WITH_WORDS, ...WITH_LINKS }))(
  'beside a holder that %s a download ends right',
  { timeout: 120_000 },
  async ([, { named, after, ...options }]) => {
    const bad = await startLinkedSource(CONTENT, options);
    const share = await serve(await folderOf({ film: bytes }));
    let isThere = false;
    void (after === 'misbehaved' ? bad.misbehaved : bad.linked).then(() => {
      isThere = true;
    });
    const honest = { ipAddress: '127.0.0.1', port: share.port };
    const got = await getContent(CONTENT, {
      sources: () => (isThere ? [bad.endpoint, honest] : [bad.endpoint]),
      size: bytes.length,
      patience: PATIENCE,
      waitMs: 60_000,
    });
    expect(got.bytes.equals(bytes)).toBe(true);
    const failed = new Map(got.failed.map(({ endpoint, reason }) => [endpoint, reason]));
    expect([...failed.keys()]).not.toContain(`127.0.0.1:${share.port}`);
    // Where the honest one was quicker there was nothing to be named for.
    if (named && after === 'misbehaved') expect(failed.get(bad.key)).toMatch(named);
    else if (failed.has(bad.key)) expect(failed.get(bad.key)).toMatch(named ?? /^(?!bad-piece)/);
  },
);

test.for(Object.entries(WITH_WORDS).filter(([, { named }]) => named))(
  'a holder that %s is named, and asked no more',
  async ([, { named = /./, ...options }]) => {
    const bad = await startLinkedSource(CONTENT, options);
    const failure = await getContent(CONTENT, {
      sources: () => [bad.endpoint],
      size: bytes.length,
      patience: PATIENCE,
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'no-source',
      facts: { failed: [{ endpoint: bad.key, reason: expect.stringMatching(named) as string }] },
    });
    expect(bad.neighbours).toHaveLength(1);
  },
);

/** Says the same for as long as somebody is there. */
function withoutEnd(word: string): (socket: WebSocket) => void {
  return (socket) => {
    greet(socket);
    untilGone(socket, (done) => {
      socket.send(word, done);
    });
  };
}

/** A hundred at a time, the next when the system has taken them. */
function untilGone(socket: WebSocket, say: (done: () => void) => void): void {
  const more = () => {
    if (socket.readyState !== socket.OPEN) return;
    for (let time = 1; time < 100; time++) say(() => undefined);
    // Not at once: it is the same process that is to hear it.
    say(() => setImmediate(more));
  };
  more();
}
