// Clients that do not keep to HTTP, or not to its pace: their connections are cut, the others are
// served, and the registry stops when it is told to.
import fc from 'fast-check';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { startSp2p } from '../harness/command.ts';
import { startRegistry } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { call, sendRaw } from './calling.ts';

const BASE = '/api/Registers';
const HEAD = 'Host: registry.test\r\n';
const SHORT_MS = 200;

/** A client that never closes its side by itself. */
async function stubborn(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/**
 * Resolves once the other side has let go of the connection for good: bytes are answered by a reset.
 * They are empty lines, which HTTP passes over, and signs of life: `interval` milliseconds apart.
 */
async function isGone(socket: Socket, interval = 20): Promise<void> {
  const answer = () => {
    if (!socket.destroyed) socket.write('\r\n');
    return socket.destroyed;
  };
  await expect.poll(answer, { interval, timeout: 20_000 }).toBe(true);
}

test('what is no HTTP is answered with a problem, and the connection closes', async () => {
  const { port } = await startRegistry();
  for (const [bytes, status, code] of [
    ['GET a.txt\r\n\r\n', 400, 'bad-request'],
    [`GET / HTTP/9.9\r\n${HEAD}\r\n`, 400, 'bad-request'],
    [Buffer.from('160301020001000001fc0303', 'hex'), 400, 'bad-request'],
    [`GET ${BASE}/é HTTP/1.1\r\n${HEAD}\r\n`, 400, 'bad-request'],
    [`GET ${BASE}/a\u0001 HTTP/1.1\r\n${HEAD}\r\n`, 400, 'bad-request'],
    [
      `GET / HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'bad-request',
    ],
    [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HEAD}\r\n`, 431, 'head-too-large'],
    [`GET / HTTP/1.1\r\n${HEAD}A: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'head-too-large'],
  ] as const) {
    const answer = await sendRaw(port, bytes);
    const asked = bytes.toString().slice(0, 80);
    expect(answer, asked).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer, asked).toContain('Content-Type: application/problem+json\r\n');
    const body = answer.slice(answer.indexOf('\r\n\r\n'));
    expect(JSON.parse(body), asked).toMatchObject({ status, code });
  }
});

test('a client that sent no HTTP cannot keep its connection', async () => {
  const { port } = await startRegistry();
  const socket = await stubborn(port);
  socket.write('this is no HTTP\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /);
  await isGone(socket);
});

test('what does not arrive in time is not waited for', async () => {
  const { port } = await startRegistry({ requestTimeoutMs: SHORT_MS });
  const late = [
    '',
    `GET ${BASE} HTTP/1.1\r\n${HEAD}`,
    `POST ${BASE}/a HTTP/1.1\r\n${HEAD}Content-Length: 99\r\n\r\n{`,
    `POST ${BASE}/a HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`,
  ].map(async (bytes) => {
    const socket = await stubborn(port);
    socket.write(bytes);
    const answer = await text(socket);
    expect(answer, bytes).toMatch(/^HTTP\/1.1 408 /);
    expect(answer, bytes).toContain('"code":"request-timeout"');
    await isGone(socket);
  });
  await Promise.all(late);
});

test('a client that sends a byte at a time is cut all the same', async () => {
  const { port } = await startRegistry({ requestTimeoutMs: SHORT_MS });
  const socket = await stubborn(port);
  socket.write(`GET ${BASE} HTTP/1.1\r\nX: `);
  const dripping = setInterval(() => socket.writable && socket.write('x'), SHORT_MS / 10);
  onTestFinished(() => {
    clearInterval(dripping);
  });
  expect(await text(socket).catch(() => 'reset')).toMatch(/^HTTP\/1.1 408 |^reset/);
  await isGone(socket);
});

test('a client that stops reading is cut', async () => {
  const store = new SqliteStore(':memory:');
  const { port } = await startRegistry({ store, silenceMs: SHORT_MS, probeEveryMs: 3_600_000 });
  for (let index = 0; index < 1_000; index++)
    await store.register(`${index}${'x'.repeat(1000)}`, { ipAddress: '127.0.0.1', port: 1 }, 0);
  const socket = await stubborn(port);
  // 16 MB of answers: more than the buffers between here and there.
  socket.pause().write(`GET ${BASE}?limit=1000 HTTP/1.1\r\n${HEAD}\r\n`.repeat(16));
  await isGone(socket, 2 * SHORT_MS);
});

test('a client that asks for everything at once gets the first answers and is cut', async () => {
  const { port } = await startRegistry();
  const asked = `GET /api/v1 HTTP/1.1\r\n${HEAD}\r\n`.repeat(1_000);
  const socket = await stubborn(port);
  socket.write(asked);
  const answers = (await text(socket)).match(/HTTP\/1.1 \d+/g);
  expect(answers).toEqual([...Array<string>(16).fill('HTTP/1.1 200'), 'HTTP/1.1 503']);
  // One after the other they are all answered.
  const patient = await stubborn(port);
  let received = '';
  patient.on('data', (chunk: Buffer) => (received += chunk.toString()));
  for (let count = 1; count <= 40; count++) {
    patient.write(`GET /healthz HTTP/1.1\r\n${HEAD}\r\n`);
    await expect
      .poll(() => received.match(/\r\n\r\nok/g)?.length, { interval: 1, timeout: 20_000 })
      .toBe(count);
  }
});

test('a registry stops whatever its clients have begun', async () => {
  const { registry, port } = await startRegistry();
  const sockets: Socket[] = [];
  for (const bytes of [
    '',
    'GET / HT',
    `POST ${BASE}/a HTTP/1.1\r\n${HEAD}Content-Length: 99\r\n\r\n{`,
    `GET /healthz HTTP/1.1\r\n${HEAD}\r\n`,
    'no HTTP\r\n\r\n',
  ]) {
    const socket = await stubborn(port);
    socket.write(bytes);
    sockets.push(socket);
  }
  // What was sent before this has arrived when this is answered.
  await call(port, 'GET', '/healthz');
  await registry.stop();
  for (const socket of sockets) await isGone(socket);
});

test('whatever bytes come, the process lives and answers', async () => {
  const data = await temporaryFolder();
  const args = ['registry', '--host', '127.0.0.1', '--port', '0', '--data', data, '--json'];
  const { event, process: child, ended } = await startSp2p(args);
  const port = Number((await event(({ port }) => port !== undefined))['port']);
  const part = fc.oneof(
    fc.constantFrom(
      'GET ',
      'POST ',
      `${BASE}/`,
      '/api/v1',
      ' HTTP/1.1\r\n',
      HEAD,
      '\r\n',
      '%',
      '{',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part), async (parts) => {
      // A reset is an answer too.
      const answer = await sendRaw(port, `${parts.join('')}\r\n\r\n`).catch(() => '');
      expect(answer).not.toMatch(/^HTTP\/1.1 5/m);
    }),
    { numRuns: 100 },
  );
  expect((await call(port, 'GET', '/healthz')).text).toBe('ok');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
});
