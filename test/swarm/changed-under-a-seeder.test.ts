// What a downloader goes on serving is the content, or nothing.
import { randomBytes } from 'node:crypto';
import { open, rename, truncate, writeFile } from 'node:fs/promises';
import { join, dirname } from 'node:path';
import { expect, test } from 'vitest';
import { CodedError } from '../../src/protocol/errors.ts';
import { contentOf, PIECE } from '../download/content-source.ts';
import { getContent, HASTY } from '../download/getting-content.ts';
import { announceFile, startPatientRegistry } from './announcing.ts';
import { downloadInSwarm } from './downloaders.ts';
import { asked } from './following.ts';
import { startLinkedSource } from './linked-source.ts';

const PIECES = 6;
const CONTENT = contentOf(randomBytes(PIECES * PIECE));
const { root, bytes } = CONTENT;

/** A downloader that has it all, and serves it on. */
async function startSeeder() {
  const { url } = await startPatientRegistry();
  const source = await startLinkedSource(CONTENT);
  await announceFile(url, source.endpoint, CONTENT, 'film');
  const seeder = await downloadInSwarm(CONTENT, { url });
  expect((await seeder.done).bytes.equals(bytes)).toBe(true);
  const [port = 0] = source.neighbours.filter((each) => each !== undefined);
  await source.vanish();
  return { path: seeder.path, port };
}

/** What is got of pieces; undefined for each that does not come whole. */
async function piecesFrom(port: number): Promise<(Buffer | undefined)[]> {
  return Promise.all(
    Array.from({ length: PIECES }, (_, piece) =>
      asked({ port }, `/contents/${root}`, {
        range: `bytes=${piece * PIECE}-${(piece + 1) * PIECE - 1}`,
      }).then(
        ({ status, bytes: body }) => (status === 206 ? body : undefined),
        () => undefined,
      ),
    ),
  );
}

async function getFrom(port: number): Promise<Buffer> {
  const { bytes: got } = await getContent(CONTENT, {
    sources: () => [{ ipAddress: '127.0.0.1', port }],
    size: bytes.length,
    patience: { ...HASTY, stalledAfterMs: 5_000, trickleOverMs: 10_000 },
  });
  return got;
}

test('a seeder serves the file as long as nobody touches it', async () => {
  const { port } = await startSeeder();
  expect(Buffer.concat((await piecesFrom(port)) as Buffer[]).equals(bytes)).toBe(true);
  expect((await getFrom(port)).equals(bytes)).toBe(true);
});

test.for<[string, (path: string) => Promise<void>]>([
  [
    'has a byte changed in place',
    async (path) => {
      const handle = await open(path, 'r+');
      await handle.write(Buffer.of(~(bytes[5] ?? 0)), 0, 1, 5);
      await handle.close();
    },
  ],
  ['is written anew', (path) => writeFile(path, randomBytes(bytes.length))],
  ['is cut short', (path) => truncate(path, PIECE)],
  ['is emptied', (path) => truncate(path, 0)],
  ['grows', (path) => writeFile(path, 'more', { flag: 'a' })],
])('of a file that %s a seeder serves no piece any more', async ([, change]) => {
  const { path, port } = await startSeeder();
  await change(path);
  expect(await piecesFrom(port)).toEqual(Array(PIECES).fill(undefined));
  const failure = await getFrom(port).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(CodedError);
  expect((failure as CodedError).code).toBe('no-source');
});

test('a file that was moved away, and another one in its place, change nothing of what is served', async () => {
  const { path, port } = await startSeeder();
  await rename(path, join(dirname(path), 'elsewhere'));
  await writeFile(path, randomBytes(bytes.length));
  expect((await getFrom(port)).equals(bytes)).toBe(true);
});
