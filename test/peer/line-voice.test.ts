// The exercise's line protocol over raw sockets, to the byte.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { answerTo, connected, received, type Received } from './raw.ts';
import { serve } from './serving.ts';

const NOTHING = { bytes: Buffer.alloc(0), ending: 'FIN' };

function expectWhole(answer: Received, bytes: string | Buffer, hint = ''): void {
  expect(answer.ending, hint).toBe('FIN');
  expect(answer.bytes.length, hint).toBe(bytes.length);
  expect(answer.bytes.equals(Buffer.from(bytes)), hint).toBe(true);
}

test('the line ends in LF or CRLF, and its verb is in any case', async () => {
  const bytes = randomBytes(300_000);
  const peer = await serve(await folderOf({ 'a b.txt': bytes }));
  for (const line of [
    'GET a b.txt\n',
    'GET a b.txt\r\n',
    'get a b.txt\n',
    'gEt a b.txt\r\n',
    '\ufeffGET a b.txt\r\n',
  ])
    expectWhole(await answerTo(peer, line), bytes, JSON.stringify(line));
});

test('the name is the whole rest of the line', async () => {
  const names = [
    ' a space in front',
    'a space behind ',
    'a  b',
    'sub folder/deeper/c.txt',
    'GET me',
    'notes HTTP/1.1',
    '100% + #1 & so on?.txt',
    'Zażółć gęślą jaźń.txt',
    '日本語 🎉.txt',
    'quote\'s "here"',
    'x'.repeat(255),
  ];
  const peer = await serve(await folderOf(Object.fromEntries(names.map((name) => [name, name]))));
  for (const name of names)
    expectWhole(await answerTo(peer, `GET ${name}\r\n`), Buffer.from(name), name);
});

test('a name is found in either form of Unicode, whichever the file has', async () => {
  const composed = 'é composed.txt'.normalize('NFC');
  const decomposed = 'é decomposed.txt'.normalize('NFD');
  const peer = await serve(await folderOf({ [composed]: 'one', [decomposed]: 'two' }));
  for (const form of ['NFC', 'NFD']) {
    expectWhole(await answerTo(peer, `GET ${composed.normalize(form)}\n`), 'one');
    expectWhole(await answerTo(peer, `GET ${decomposed.normalize(form)}\n`), 'two');
  }
});

test('a line may come byte by byte', async () => {
  const peer = await serve(await folderOf({ 'ż b.txt': 'hello' }));
  expectWhole(await answerTo(peer, 'GET ż b.txt\r\n', { byteByByte: true }), 'hello');
});

test('a client that closes its side behind the line gets all of a big file', async () => {
  const bytes = randomBytes(24 * 1024 * 1024);
  const peer = await serve(await folderOf({ big: bytes }));
  expectWhole(await answerTo(peer, 'GET big\n', { halfClose: true }), bytes);
});

test('a line that ends with the connection is a line', async () => {
  const peer = await serve(await folderOf({ 'a.txt': 'hello' }));
  expectWhole(await answerTo(peer, 'GET a.txt', { halfClose: true }), 'hello');
  expectWhole(await answerTo(peer, 'GET a.txt\r', { halfClose: true }), 'hello');
});

test('an unknown or refused name gets no bytes, and the end of the connection', async () => {
  const peer = await serve(await folderOf({ 'a.txt': 'hello', 'b/c.txt': 'x' }));
  for (const line of [
    'GET unknown\r\n',
    'GET A.TXT\n',
    'GET a.txt \n',
    'GET b\n',
    'GET b/\n',
    'GET \n',
    'GET  \n',
    'GET ./a.txt\n',
    'GET a.txt\r\r\n',
    `GET ${'x'.repeat(5_000)}\n`,
  ])
    expect(await answerTo(peer, line), JSON.stringify(line)).toEqual(NOTHING);
});

test('what is neither a line nor HTTP gets no bytes, and the end of the connection', async () => {
  const peer = await serve(await folderOf({ 'a.txt': 'hello' }));
  for (const line of ['\n', '\r\n', 'a.txt\n', 'GET\n', 'GETa.txt\n', 'HELO there\r\n', '\0\0\0\n'])
    expect(await answerTo(peer, line), JSON.stringify(line)).toEqual(NOTHING);
  expect(await answerTo(peer, Buffer.from('GET a\xff.txt\n', 'latin1'))).toEqual(NOTHING);
  expect(await answerTo(peer, '', { halfClose: true })).toEqual(NOTHING);
});

test('an empty file is no bytes, and the end of the connection', async () => {
  const peer = await serve(await folderOf({ empty: '' }));
  expect(await answerTo(peer, 'GET empty\r\n')).toEqual(NOTHING);
});

test('what a client sends behind its line is ignored', async () => {
  const bytes = randomBytes(4 * 1024 * 1024);
  const peer = await serve(await folderOf({ big: bytes, other: 'other' }));
  const together = await answerTo(peer, 'GET big\nGET other\nHost: x\r\n\r\n');
  expectWhole(together, bytes);

  const socket = await connected(peer);
  socket.write('GET big\n');
  for (let sent = 0; sent < 64; sent++) {
    socket.write(Buffer.alloc(16 * 1024, 'GET other\n'));
    await setImmediate();
  }
  expectWhole(await received(socket), bytes);
});

test('many clients are served at the same time, each its own file', async () => {
  const folder = await temporaryFolder();
  const files = Array.from({ length: 40 }, (_, index) => ({
    name: `file ${index}`,
    bytes: randomBytes(1 + index * 40_000),
  }));
  for (const { name, bytes } of files) await writeFile(join(folder, name), bytes);
  const peer = await serve(folder);
  await Promise.all(
    files.map(async ({ name, bytes }) => {
      expectWhole(await answerTo(peer, `GET ${name}\n`), bytes, name);
    }),
  );
});
