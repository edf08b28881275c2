// What a peer of a private network says on its port: nothing but TLS, and no longer than a ticket lasts.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect as connectPlain, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { Identity } from '../../src/lib/identity.ts';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import { credentialsOf, tlsConnect, type Credentials } from '../../src/lib/tls.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { ask } from './private-asking.ts';
import { memberOf, startHolder, startPrivateNetwork, type Holder } from './private-network.ts';
import { answerTo, connected, received } from './raw.ts';

const BYTES = randomBytes(4 * 1024 * 1024);
/** A ticket that is good for two more seconds, the minute of tolerance included. */
const NEARLY_OVER = { ago: 240 + 60 - 2 };
const identity = Identity.fresh();
const { peerId } = identity;

test('HTTP that is not encrypted is told how to come, and nothing else', async () => {
  const holder = await startHolder(await startPrivateNetwork(), BYTES);
  for (const path of ['/', '/files/a%20b.bin', `/contents/${holder.root}`, '/peer', '/none']) {
    const { bytes, ending } = await answerTo(holder, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(bytes.toString()).toMatch(/^HTTP\/1\.1 426 [^]*"code":"tls-wanted"/);
    expect(bytes.toString()).not.toMatch(/a b\.bin/);
    expect(ending).toBe('FIN');
  }
});

test('the line protocol gets not one byte', async () => {
  const holder = await startHolder(await startPrivateNetwork(), BYTES);
  for (const name of ['a b.bin', 'none'])
    expect((await answerTo(holder, `GET ${name}\r\n`)).bytes).toHaveLength(0);
});

test('the line protocol is open where the owner opens it, and HTTP is not', async () => {
  const inside = await startPrivateNetwork();
  const holder = await startHolder(inside, BYTES, {}, memberOf(inside, true));
  expect((await answerTo(holder, 'GET a b.bin\r\n')).bytes.equals(BYTES)).toBe(true);
  const { bytes } = await answerTo(holder, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(bytes.toString()).toMatch(/^HTTP\/1\.1 426 /);
});

test.each([
  ['HTTP behind the first byte of TLS', Buffer.from('\x16GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  ['a record of TLS that is none', Buffer.from([0x16, 3, 1, 0xff, 0xff, ...randomBytes(64)])],
  ['noise behind the first byte of TLS', Buffer.concat([Buffer.of(0x16), randomBytes(4_096)])],
  ['TLS behind HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\x01\x00\x05hello')],
])('%s gets nothing of what is held', async (_what, sent) => {
  const holder = await startHolder(await startPrivateNetwork(), BYTES, { openingTimeoutMs: 500 });
  const { bytes } = await answerTo(holder, sent);
  expect(bytes.length).toBeLessThan(1_024);
  expect(bytes.includes('a b.bin')).toBe(false);
});

test('who begins a handshake and does not go on is cut', async () => {
  const holder = await startHolder(await startPrivateNetwork(), BYTES, { openingTimeoutMs: 300 });
  const { bytes } = await answerTo(holder, Buffer.of(0x16));
  expect(bytes).toHaveLength(0);
});

test('HTTP inside TLS that goes on without TLS ends, and others are served', async () => {
  const inside = await startPrivateNetwork();
  const holder = await startHolder(inside, BYTES);
  const below = await connected(holder);
  const credentials = await credentialsOf(identity);
  const socket = connect({ ...credentials, socket: below, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const ended = received(socket);
  below.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect((await ended).bytes).toHaveLength(0);
  const ticket = await inside.ticket(holder.root, peerId);
  expect((await ask(holder, '/files/a%20b.bin', { identity, ticket })).status).toBe(200);
});

/** A way to a peer on which what is sent gathers for a while, so that it arrives at once; answers its port. */
async function gatheringWayTo({ port }: Holder): Promise<number> {
  const server = createServer((near) => {
    const far = connectPlain(port, '127.0.0.1').on('error', () => near.destroy());
    near.on('error', () => far.destroy());
    far.pipe(near);
    const gathered: Buffer[] = [];
    near.on('data', (chunk: Buffer) => gathered.push(chunk));
    const passing = setInterval(() => {
      if (gathered.length > 0) far.write(Buffer.concat(gathered.splice(0)));
    }, 100);
    far.once('close', () => {
      clearInterval(passing);
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('what is asked ahead is answered, one after the other, however long the answers are', async () => {
  const inside = await startPrivateNetwork();
  const holder = await startHolder(inside, BYTES);
  const { endpoint, member, root } = holder;
  const credentials = await credentialsOf(identity);
  const there = { ...endpoint, port: await gatheringWayTo(holder) };
  const { peerId: holderId } = member.identity;
  const socket = tlsConnect({ endpoint: there, peerId: holderId, credentials });
  await once(socket, 'secureConnect');
  const ended = received(socket);
  const ticket = await inside.ticket(root, peerId);
  const head = `GET /contents/${root} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${ticket}\r\n`;
  const asked = 20;
  // Each in a record of its own, several of which arrive together while an answer is under way.
  for (let more = 1; more <= asked; more++) {
    socket.write(`${head}${more === asked ? 'Connection: close\r\n' : ''}\r\n`);
    await delay(10);
  }
  const { bytes } = await ended;
  expect(bytes.toString('latin1').split('HTTP/1.1 200 OK\r\n')).toHaveLength(asked + 1);
  expect(bytes.subarray(-BYTES.length).equals(BYTES)).toBe(true);
});

test('a long answer ends with its ticket', async () => {
  const inside = await startPrivateNetwork();
  // As slow as it takes to be sent when the ticket has ended.
  const holder = await startHolder(inside, BYTES, { uploadLimit: new RateLimit(256 * 1024) });
  const ticket = await inside.ticket(holder.root, peerId, NEARLY_OVER);
  await expect(ask(holder, `/contents/${holder.root}`, { identity, ticket })).rejects.toThrow(
    /aborted|hang up|closed/i,
  );
});

async function linked(holder: Holder, ticket: string, credentials: Credentials) {
  const { endpoint, member, root } = holder;
  const to = { endpoint, peerId: member.identity.peerId, credentials };
  const socket = new WebSocket(`ws://127.0.0.1/contents/${root}/link`, ['sp2p-link'], {
    createConnection: () => tlsConnect(to),
    headers: { authorization: `Bearer ${ticket}` },
  });
  onTestFinished(() => {
    socket.on('error', () => undefined).terminate();
  });
  const closed = new Promise<number>((resolve) => {
    socket.once('close', () => {
      resolve(performance.now());
    });
  });
  const [data] = (await once(socket, 'message')) as [Buffer];
  const { link } = JSON.parse(data.toString()) as { link: string };
  return { link, closed };
}

test('a link ends with its ticket', async () => {
  const inside = await startPrivateNetwork();
  const holder = await startHolder(inside, BYTES);
  const credentials = await credentialsOf(identity);
  const begun = performance.now();
  const ticket = await inside.ticket(holder.root, peerId, NEARLY_OVER);
  const { closed } = await linked(holder, ticket, credentials);
  expect((await closed) - begun).toBeLessThan(10_000);
});

test('a piece that is asked for with a newer ticket prolongs the link', async () => {
  const inside = await startPrivateNetwork();
  const holder = await startHolder(inside, BYTES);
  const credentials = await credentialsOf(identity);
  const short = await inside.ticket(holder.root, peerId, NEARLY_OVER);
  const [left, kept] = [
    await linked(holder, short, credentials),
    await linked(holder, short, credentials),
  ];
  const newer = await inside.ticket(holder.root, peerId);
  const { peerId: holderId } = holder.member.identity;
  request({
    createConnection: () =>
      tlsConnect({ endpoint: holder.endpoint, peerId: holderId, credentials }),
    path: `/contents/${holder.root}`,
    headers: {
      authorization: `Bearer ${newer}`,
      'sp2p-link': kept.link,
      range: 'bytes=0-262143',
    },
  })
    .on('response', (response) => response.resume())
    .end();
  const isOver = await Promise.race([
    kept.closed.then(() => 'the one that was prolonged'),
    left.closed.then(() => 'the other'),
  ]);
  expect(isOver).toBe('the other');
});

test('a link without a ticket, or with one of something else, is refused', async () => {
  const inside = await startPrivateNetwork();
  const holder = await startHolder(inside, BYTES);
  const credentials = await credentialsOf(identity);
  const wrong = await inside.ticket('ab'.repeat(32), peerId);
  const another = await inside.ticket(holder.root, Identity.fresh().peerId);
  for (const ticket of ['', wrong, another])
    await expect(linked(holder, ticket, credentials)).rejects.toThrow('401');
});

test('curl is a client with a certificate, its key and a ticket', async () => {
  const inside = await startPrivateNetwork();
  const holder = await startHolder(inside, BYTES);
  const folder = await temporaryFolder();
  const [cert, key, out] = ['cert.pem', 'key.pem', 'out'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const credentials = await credentialsOf(identity);
  await writeFile(cert, credentials.cert);
  await writeFile(key, credentials.key);
  const ticket = await inside.ticket(holder.root, peerId);
  const url = `https://127.0.0.1:${holder.port}/files/a%20b.bin`;
  const letIn = ['-H', `Authorization: Bearer ${ticket}`];
  const args = ['-sS', '-f', '-k', '--cert', cert, '--key', key, ...letIn, '-o', out, url];
  await promisify(execFile)('curl', args);
  expect((await readFile(out)).equals(BYTES)).toBe(true);
});
