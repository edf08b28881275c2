// One port and its voices: which one answers is told by the first line alone, however it comes.
import { randomBytes } from 'node:crypto';
import { Agent, get, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { folderOf } from '../harness/temporary.ts';
import { answerTo, connected, firstBytes, received } from './raw.ts';
import { serve, urlOf } from './serving.ts';

/** The status lines and bodies of answers that all have a Content-Length. */
function answersIn(bytes: Buffer): { status: string; body: Buffer }[] {
  const answers = [];
  for (let rest = bytes; rest.length > 0;) {
    const end = rest.indexOf('\r\n\r\n') + 4;
    const head = rest.toString('latin1', 0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    answers.push({
      status: head.slice(9, head.indexOf('\r\n')),
      body: rest.subarray(end, end + length),
    });
    rest = rest.subarray(end + length);
  }
  return answers;
}

function request(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: peer\r\n${headers}\r\n`;
}

test('an HTTP request may come byte by byte', async () => {
  const peer = await serve(await folderOf({ 'a b.txt': 'hello' }));
  const asked = request('/files/a%20b.txt', 'Range: bytes=1-2\r\nConnection: close\r\n');
  const { bytes, ending } = await answerTo(peer, asked, { byteByByte: true });
  expect(ending).toBe('FIN');
  expect(answersIn(bytes)).toEqual([{ status: '206 Partial Content', body: Buffer.from('el') }]);
});

test('HTTP/1.0 is answered, and the connection closed', async () => {
  const peer = await serve(await folderOf({ 'a.txt': 'hello' }));
  const { bytes, ending } = await answerTo(peer, 'GET /files/a.txt HTTP/1.0\r\n\r\n');
  expect(ending).toBe('FIN');
  expect(answersIn(bytes)).toEqual([{ status: '200 OK', body: Buffer.from('hello') }]);
});

test('a client that closes its side behind its HTTP requests gets all the answers', async () => {
  const big = randomBytes(8 * 1024 * 1024);
  const peer = await serve(await folderOf({ big, 'a.txt': 'hello' }));
  const asked = request('/files/big') + request('/files/a.txt');
  const { bytes, ending } = await answerTo(peer, asked, { halfClose: true });
  expect(ending).toBe('FIN');
  const [first, second] = answersIn(bytes);
  expect(first?.status).toBe('200 OK');
  expect(first?.body.equals(big)).toBe(true);
  expect(second?.body.toString()).toBe('hello');
});

test('requests that are sent ahead are answered in order', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`f${index}`, `${index}`.repeat(20_000)]),
  );
  const peer = await serve(await folderOf(files));
  const asked = Object.keys(files).map((name) => request(`/files/${name}`));
  const all = [...asked, request('/files/unknown'), request('/', 'Connection: close\r\n')];
  const { bytes } = await answerTo(peer, all.join(''));
  const answers = answersIn(bytes);
  expect(answers.slice(0, 30).map(({ body }) => body.toString())).toEqual(Object.values(files));
  expect(answers.slice(30).map(({ status }) => status)).toEqual(['404 Not Found', '200 OK']);
});

test('one connection serves request after request', async () => {
  const peer = await serve(await folderOf({ 'a.txt': 'hello', empty: '' }));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => {
    agent.destroy();
  });
  const paths = ['/', '/files/a.txt', '/files/unknown', '/files/empty', '/files/a.txt'];
  const sockets = new Set();
  for (const path of paths) {
    const asked = get(urlOf(peer, path), { agent });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    sockets.add(response.socket);
    expect((await buffer(response)).length).toBe(Number(response.headers['content-length']));
  }
  expect(sockets.size).toBe(1);
});

test('a request behind a line is no request, and a line behind a request no line', async () => {
  const peer = await serve(await folderOf({ 'a.txt': 'hello' }));
  const line = await answerTo(peer, `GET a.txt\n${request('/files/a.txt')}`);
  expect(line.bytes.toString()).toBe('hello');
  const socket = await connected(peer);
  socket.write(request('/files/a.txt'));
  expect(answersIn(await firstBytes(socket))[0]?.body.toString()).toBe('hello');
  socket.write('GET a.txt\n');
  expect(answersIn((await received(socket)).bytes)).toEqual([
    { status: '400 Bad Request', body: Buffer.alloc(0) },
  ]);
});

test('a malformed request is answered with 400, and the connection closed', async () => {
  const peer = await serve(await folderOf({ 'a.txt': 'hello' }));
  for (const asked of [
    'GET /files/a.txt HTTP/1.1\r\n\r\n',
    'GET /files/a.txt HTTP/1.1\r\nHost: peer\r\nno colon\r\n\r\n',
    'GET /files/a b.txt HTTP/1.1\r\nHost: peer\r\n\r\n',
    'G@T /files/a.txt HTTP/1.1\r\nHost: peer\r\n\r\n',
  ]) {
    const { bytes, ending } = await answerTo(peer, asked);
    expect(ending, asked).toBe('FIN');
    expect(answersIn(bytes)[0]?.status, asked).toBe('400 Bad Request');
  }
});

test('TLS, which is not spoken yet, is closed cleanly and at once', async () => {
  const peer = await serve(await folderOf({ 'a.txt': 'hello' }));
  const hello = Buffer.from('16030100050100000100', 'hex');
  expect(await answerTo(peer, hello)).toEqual({ bytes: Buffer.alloc(0), ending: 'FIN' });

  const socket = connectTls({ host: '127.0.0.1', port: peer.port, rejectUnauthorized: false });
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toMatch(/disconnected before secure TLS connection/);
  expect((await fetch(urlOf(peer))).status).toBe(200);
});
