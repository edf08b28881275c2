// Attacks on a peer that runs. Those that are tried elsewhere are in the table of docs/SECURITY.md.
import { once } from 'node:events';
import { link, symlink, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { answerTo, memoryOf, sharedShare } from './programs.ts';
import { AMBIGUOUS, smuggled } from './smuggling.ts';

const ROOM = 24;
const BIG = Buffer.alloc(64 * 1024 * 1024, 'big');
const share = sharedShare({ 'a.txt': 'hello', big: BIG }, ['--max-connections', String(ROOM)]);

/** A connection that is made and then left, or goes on as it is told; it is read only where it says so. */
async function opened(from: string, bytes = ''): Promise<Socket> {
  const socket = connect({ port: share.port, host: '127.0.0.1', localAddress: from });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined).pause();
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

test.each(Object.entries(AMBIGUOUS))(
  'request smuggling on the shared port: what hides behind %s is not answered',
  async (_what, fields) => {
    const next = 'GET /files/a.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
    for (const first of ['GET /files/none', 'POST /files/a.txt']) {
      const answer = await answerTo(share, smuggled(first, fields, next));
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).not.toContain('hello');
    }
  },
);

test.each([
  ['a line behind a request', 'GET /files/none HTTP/1.1\r\nHost: h\r\n\r\nGET a.txt\r\n'],
  ['TLS behind a request', 'GET /files/none HTTP/1.1\r\nHost: h\r\n\r\n\x16\x03\x01GET a.txt\r\n'],
  ['TLS in front of a request', '\x16\x03\x01\x02\0GET /files/a.txt HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['a request behind a byte order mark', '\ufeffGET /files/a.txt HTTP/1.1\r\nHost: h\r\n\r\n'],
])('voices mixed: %s has nothing', async (_what, bytes) => {
  expect(await answerTo(share, Buffer.from(bytes))).not.toContain('hello');
});

test('a compressed body bomb is not unpacked, and not even read', async () => {
  const before = await memoryOf(share);
  const head = 'GET /files/a.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n';
  const body = `Content-Encoding: gzip\r\nContent-Length: ${2 ** 40}\r\n\r\n`;
  expect(await answerTo(share, head + body)).toContain('hello');
  expect((await memoryOf(share)) - before).toBeLessThan(50);
});

test.each([
  ['say nothing', ''],
  ['stop within a line', 'GET a.t'],
  ['stop within a head', 'GET /files/a.txt HTTP/1.1\r\nHost: h\r\n'],
  ['have been answered, and stay', 'GET /files/none HTTP/1.1\r\nHost: h\r\n\r\n'],
])('a flood of connections that %s keeps nobody out', async (_what, bytes) => {
  // A download that is under way when they come.
  const download = await opened('127.0.0.200', 'GET big\n');
  let came = 0;
  download.on('data', (chunk: Buffer) => {
    came += chunk.length;
  });
  await once(download.resume(), 'data');
  download.pause();
  for (let stranger = 0; stranger < 4 * ROOM; stranger++)
    await opened(`127.0.1.${1 + (stranger % 100)}`, bytes);
  // Who comes then is answered, on either voice.
  expect(await answerTo(share, 'GET a.txt\n', '127.0.0.201')).toBe('hello');
  const request = 'GET /files/a.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
  expect(await answerTo(share, request, '127.0.0.202')).toContain('hello');
  await once(download.resume(), 'end');
  expect(came).toBe(BIG.length);
});

test('slow readers of a few addresses give way to who comes from another', async () => {
  for (let stranger = 0; stranger < 2 * ROOM; stranger++)
    await opened(`127.0.2.${1 + (stranger % 4)}`, 'GET big\n');
  expect(await answerTo(share, 'GET a.txt\n', '127.0.0.201')).toBe('hello');
});

test('symlink and hard-link tricks: only what is a file of the share itself is offered', async () => {
  const { folder } = share;
  await writeFile(join(folder, '..', 'secret.txt'), 'secret');
  await symlink(join(folder, '..', 'secret.txt'), join(folder, 'out.txt'));
  await symlink(join(folder, '..'), join(folder, 'up'));
  // A hard link is the file: who can make one in a share may read it already, and offers it.
  await link(join(folder, 'a.txt'), join(folder, 'twin.txt'));
  await expect.poll(() => answerTo(share, 'GET twin.txt\n'), { timeout: 20_000 }).toBe('hello');
  for (const name of ['out.txt', 'up/secret.txt', 'up/folder/a.txt'])
    expect(await answerTo(share, `GET ${name}\n`), name).toBe('');
});
