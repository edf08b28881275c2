// Files that change while they are sent: what arrives whole is one state of the file, and everything
// else ends in a way that no client can take for a whole.
import { randomBytes } from 'node:crypto';
import { appendFile, open, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOf } from '../harness/temporary.ts';
import { answerTo, connected, firstBytes, received, type Received } from './raw.ts';
import { serve, urlOf } from './serving.ts';

/** More than the system takes off the peer's hands while the client does not read: 4 MiB, and 6 MiB. */
const SIZE = 32 * 1024 * 1024;
const BYTES = randomBytes(SIZE);

const REQUESTS = {
  line: 'GET big\n',
  http: 'GET /files/big HTTP/1.1\r\nHost: peer\r\n\r\n',
  range: `GET /files/big HTTP/1.1\r\nHost: peer\r\nRange: bytes=1-${SIZE - 2}\r\n\r\n`,
} as const;

/** Asks for a big file, changes it once the first bytes are there, and reads the rest. */
async function fetchedWhile(
  request: keyof typeof REQUESTS,
  change: (path: string) => Promise<unknown>,
): Promise<Received & { peerLives: () => Promise<void> }> {
  const folder = await folderOf({ big: BYTES, other: 'other' });
  const peer = await serve(folder);
  const socket = await connected(peer);
  socket.write(REQUESTS[request]);
  const first = await firstBytes(socket);
  await change(join(folder, 'big'));
  const rest = await received(socket);
  return {
    bytes: Buffer.concat([first, rest.bytes]),
    ending: rest.ending,
    peerLives: async () => {
      expect((await answerTo(peer, 'GET other\n')).bytes.toString()).toBe('other');
      expect(await (await fetch(urlOf(peer, '/files/other'))).text()).toBe('other');
    },
  };
}

function bodyOf(request: keyof typeof REQUESTS, bytes: Buffer): Buffer {
  return request === 'line' ? bytes : bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
}

const CHANGES: Record<string, (path: string) => Promise<unknown>> = {
  shrinks: (path) => truncate(path, SIZE / 2),
  'is emptied': (path) => truncate(path, 0),
  grows: (path) => appendFile(path, 'more'),
  'is written anew': (path) => writeFile(path, BYTES.toReversed()),
  'changes at its end': async (path) => {
    await using file = await open(path, 'r+');
    await file.write('changed', SIZE - 10);
  },
  'changes where it was sent already': async (path) => {
    await using file = await open(path, 'r+');
    await file.write('changed', 0);
  },
};

for (const [what, change] of Object.entries(CHANGES)) {
  test(`a file that ${what} while a line fetches it ends in a reset`, async () => {
    const answer = await fetchedWhile('line', change);
    expect(answer.ending).toBe('ECONNRESET');
    expect(answer.bytes.length).toBeLessThan(SIZE);
    await answer.peerLives();
  });

  test(`a file that ${what} while HTTP fetches it ends before the promised length`, async () => {
    for (const request of ['http', 'range'] as const) {
      const answer = await fetchedWhile(request, change);
      expect(answer.bytes.toString('latin1', 0, 12)).toMatch(/^HTTP\/1.1 20[06]/);
      expect(bodyOf(request, answer.bytes).length).toBeLessThan(SIZE - 2);
      await answer.peerLives();
    }
  });
}

test('a file that is removed or replaced while it is sent arrives as what it was', async () => {
  const removals: ((path: string) => Promise<unknown>)[] = [
    (path) => rm(path),
    async (path) => {
      await writeFile(`${path} new`, 'another');
      await rename(`${path} new`, path);
    },
  ];
  for (const remove of removals) {
    const line = await fetchedWhile('line', remove);
    expect(line.ending).toBe('FIN');
    expect(line.bytes.equals(BYTES)).toBe(true);
    await line.peerLives();
  }
});

test('a file that changed since it was catalogued is sent as it is now', async () => {
  const folder = await folderOf({ 'a.txt': 'one' });
  const path = join(folder, 'a.txt');
  const peer = await serve(folder);
  for (const text of ['two', 'three', '', 'four and more']) {
    await writeFile(path, text);
    expect((await answerTo(peer, 'GET a.txt\n')).bytes.toString()).toBe(text);
    await writeFile(path, `${text}!`);
    expect(await (await fetch(urlOf(peer, '/files/a.txt'))).text()).toBe(`${text}!`);
  }
  await rm(path);
  expect((await answerTo(peer, 'GET a.txt\n')).bytes.toString()).toBe('');
  expect((await fetch(urlOf(peer, '/files/a.txt'))).status).toBe(404);
});
