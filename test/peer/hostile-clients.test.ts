// Clients that mean ill, or are broken: each costs the peer a bounded share of memory, connections and
// time, and the others are served meanwhile.
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { getActiveResourcesInfo } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { folderOf } from '../harness/temporary.ts';
import { answerTo, connected, firstBytes, received } from './raw.ts';
import { serve, urlOf } from './serving.ts';

const BIG = randomBytes(32 * 1024 * 1024);

async function serveBig(options: Parameters<typeof serve>[1] = {}) {
  return serve(await folderOf({ big: BIG, 'a.txt': 'hello' }), options);
}

/** Sends something again and again, until the peer has ended the connection. */
async function sendUntilCut(socket: Socket, bytes: Uint8Array, atMost: number): Promise<number> {
  let sent = 0;
  socket.on('error', () => undefined);
  socket.on('end', () => socket.destroy());
  socket.resume();
  while (!socket.destroyed && sent < atMost) {
    if (!socket.write(bytes)) await Promise.race([drained(socket), closed(socket)]);
    sent += bytes.length;
  }
  return sent;
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve);
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    socket.once('close', () => {
      resolve();
    });
  });
}

test.for(['GET ', 'x', 'GET /files/'])(
  'a first line that begins with "%s" and never ends is cut, and not kept',
  async (start) => {
    const peer = await serveBig();
    const socket = await connected(peer);
    socket.write(start);
    const atMost = 256 * 1024 * 1024;
    expect(await sendUntilCut(socket, Buffer.alloc(64 * 1024, 'a'), atMost)).toBeLessThan(atMost);
    expect((await answerTo(peer, 'GET a.txt\n')).bytes.toString()).toBe('hello');
  },
);

test('an HTTP head that never ends is cut', async () => {
  const peer = await serveBig();
  const socket = await connected(peer);
  socket.write('GET /files/a.txt HTTP/1.1\r\nHost: peer\r\n');
  const atMost = 256 * 1024 * 1024;
  const header = Buffer.from(`x-more: ${'a'.repeat(8_000)}\r\n`);
  expect(await sendUntilCut(socket, header, atMost)).toBeLessThan(atMost);
  expect(await (await fetch(urlOf(peer, '/files/a.txt'))).text()).toBe('hello');
});

test.for([
  ['says nothing', ''],
  ['stops within its line', 'GET a.t'],
  ['stops within its head', 'GET /files/a.txt HTTP/1.1\r\nHost: pe'],
  [
    'never sends the body that it promised',
    'GET / HTTP/1.1\r\nHost: p\r\nContent-Length: 9\r\n\r\n',
  ],
] as const)('a client that %s is cut', async ([, sent]) => {
  const peer = await serveBig({ openingTimeoutMs: 300 });
  await answerTo(peer, sent);
  expect((await answerTo(peer, 'GET a.txt\n')).bytes.toString()).toBe('hello');
});

test.for([
  ['line', 'GET aaaa'],
  ['head', 'GET /files/a.txt HTTP/1.1\r\nHost: p'],
] as const)(
  'a client that sends its %s a byte now and then is cut in spite of the bytes',
  async ([, start]) => {
    const peer = await serveBig({ openingTimeoutMs: 300 });
    const socket = await connected(peer);
    const answer = received(socket);
    socket.write(start);
    const sending = setInterval(() => socket.writable && socket.write('a'), 20);
    await answer;
    clearInterval(sending);
    expect((await answerTo(peer, 'GET a.txt\n')).bytes.toString()).toBe('hello');
  },
);

test('a client that goes on sending after its answer is cut', async () => {
  const peer = await serveBig({ openingTimeoutMs: 300 });
  const socket = await connected(peer);
  socket.write('GET a.txt\n');
  expect((await firstBytes(socket)).toString()).toBe('hello');
  const sending = setInterval(() => socket.write('a'), 20);
  socket.on('error', () => undefined).resume();
  await closed(socket);
  clearInterval(sending);
});

/** The ends of connections that are open in this process, of the test and of the peer. */
function openEnds(): number {
  return getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

test.for([
  ['a line', 'GET big\n'],
  ['a file over HTTP', 'GET /files/big HTTP/1.1\r\nHost: p\r\n\r\n'],
  ['part of a file', 'GET /files/big HTTP/1.1\r\nHost: p\r\nRange: bytes=9-\r\n\r\n'],
] as const)('a client that asks for %s and stops reading is cut', async ([, request]) => {
  const peer = await serveBig({ stalledAfterMs: 300 });
  const socket = await connected(peer);
  socket.write(request);
  await firstBytes(socket);
  await vi.waitFor(() => {
    expect(openEnds()).toBe(1);
  }, 10_000);
  const { bytes, ending } = await received(socket);
  expect(bytes.length).toBeLessThan(BIG.length - 100);
  if (request.startsWith('GET big')) expect(ending).toBe('ECONNRESET');
});

test('a client that asks for lists ahead and stops reading is cut', async () => {
  const long = 'n'.repeat(200);
  const names = Array.from({ length: 600 }, (_, index) => [`${index} ${long}`, ''] as const);
  const peer = await serve(await folderOf(Object.fromEntries(names)), { stalledAfterMs: 300 });
  const socket = await connected(peer);
  socket.write('GET / HTTP/1.1\r\nHost: p\r\nAccept: text/html\r\n\r\n'.repeat(90));
  await firstBytes(socket);
  await vi.waitFor(() => {
    expect(openEnds()).toBe(1);
  }, 10_000);
});

test('a client that reads slowly, but reads, gets all', async () => {
  const peer = await serveBig({ stalledAfterMs: 1_500 });
  const socket = await connected(peer);
  socket.write('GET big\n');
  let length = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Each time no longer than it takes to be cut, and much longer all in all.
    if (length % (4 * 1024 * 1024) < chunk.length) await pause(225);
  }
  expect(length).toBe(BIG.length);
});

test('requests that are sent ahead hold no files open while they wait', async () => {
  const peer = await serveBig();
  /** Each new one is the lowest that is free, so that it tells how many there are. */
  const nextDescriptor = async () => {
    await using file = await open(fileURLToPath(import.meta.url));
    return file.fd;
  };
  const before = await nextDescriptor();
  const socket = await connected(peer);
  socket.write('GET /files/big HTTP/1.1\r\nHost: p\r\n\r\n'.repeat(90));
  await firstBytes(socket);
  for (let round = 0; round < 20; round++) await answerTo(peer, 'GET a.txt\n');
  expect(await nextDescriptor()).toBeLessThan(before + 20);
});

test('thousands of requests that are sent ahead cut the connection', async () => {
  const peer = await serveBig();
  const socket = await connected(peer);
  const answer = received(socket);
  socket.write('GET /files/big HTTP/1.1\r\nHost: p\r\n\r\n'.repeat(5_000));
  expect((await answer).bytes.length).toBeLessThan(2 * BIG.length);
  expect((await answerTo(peer, 'GET a.txt\n')).bytes.toString()).toBe('hello');
});

test('clients that reset their connections amid a transfer leave the peer as it was', async () => {
  const peer = await serveBig();
  const requests = ['GET big\n', 'GET /files/big HTTP/1.1\r\nHost: p\r\n\r\n'];
  for (let round = 0; round < 20; round++) {
    const socket = await connected(peer);
    socket.write(requests[round % 2] ?? '');
    await firstBytes(socket);
    socket.resetAndDestroy();
  }
  await vi.waitFor(() => {
    expect(openEnds()).toBe(0);
  });
  const { bytes } = await answerTo(peer, 'GET big\n');
  expect(bytes.equals(BIG)).toBe(true);
});

test('connections beyond the limit are refused, and the limit is free again once they end', async () => {
  const peer = await serveBig();
  const sockets: Socket[] = [];
  let refused = 0;
  for (let count = 0; count < 600; count++) {
    // One address may have half of them.
    const socket = await connected(peer, `127.0.0.${1 + (count % 2)}`);
    socket.on('error', () => undefined);
    socket.on('close', () => refused++);
    socket.on('end', () => socket.destroy());
    socket.resume();
    sockets.push(socket);
  }
  await vi.waitFor(() => {
    expect(refused).toBe(600 - 512);
  });
  for (const socket of sockets) socket.destroy();
  await vi.waitFor(async () => {
    expect((await answerTo(peer, 'GET a.txt\n')).bytes.toString()).toBe('hello');
  });
});
