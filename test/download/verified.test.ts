// A content from many sources at once: what each of them gives, whatever its size, its pace, and who
// else is asked.
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { PieceFile } from '../../src/peer/download/piece-file.ts';
import type { Endpoint } from '../../src/protocol/endpoints.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { contentOf, PIECE, startContentSource } from './content-source.ts';
import { getContent, getIntoPipe, HASTY, type Got } from './getting-content.ts';

/** Nobody is given up for being slow. */
const PATIENT = { ...HASTY, stalledAfterMs: 60_000, trickleOverMs: 60_000 };

function sumOf({ sources }: Got): number {
  return sources.reduce((sum, { bytes }) => sum + bytes, 0);
}

test.for([0, 1, 16 * 1024, PIECE - 1, PIECE, PIECE + 1, 20 * PIECE + 7])(
  'a content of %i bytes comes whole, into a file and into a pipe',
  async (size) => {
    const content = contentOf(randomBytes(size));
    const sources = [await startContentSource(content), await startContentSource(content)];
    const target = join(await temporaryFolder(), 'got');
    for (const got of [
      await getContent(content, { sources }, target),
      await getIntoPipe(content, { sources }),
    ]) {
      expect(got.bytes.equals(content.bytes)).toBe(true);
      expect(got).toMatchObject({ size, kept: 0, failed: [] });
      expect(sumOf(got)).toBe(size);
    }
    expect(await readdir(dirname(target))).toEqual([basename(target)]);
  },
);

test('every source gives something, and no byte is counted twice', async () => {
  const content = contentOf(randomBytes(24 * PIECE));
  const sources = await Promise.all([1, 2, 3].map(() => startContentSource(content)));
  const got = await getContent(content, { sources });
  expect(got.bytes.equals(content.bytes)).toBe(true);
  expect(got.sources.map(({ endpoint }) => endpoint).sort()).toEqual(
    sources.map(({ key }) => key).sort(),
  );
  expect(sumOf(got)).toBe(content.bytes.length);
});

test('what a source does not get done is asked of a quicker one, however soon that has finished', async () => {
  const content = contentOf(randomBytes(8 * PIECE));
  const quick = await startContentSource(content);
  const slow = await startContentSource(content, { answers: () => undefined });
  const got = await getContent(content, { sources: [quick, slow], patience: PATIENT });
  expect(got.bytes.equals(content.bytes)).toBe(true);
  expect(slow.asked).toHaveLength(2);
  expect(quick.asked).toEqual(expect.arrayContaining(slow.asked));
  expect(got.sources).toEqual([{ endpoint: quick.key, bytes: content.bytes.length }]);
});

test('a piece that came twice counts for who was first', async () => {
  const content = contentOf(randomBytes(6 * PIECE));
  // Of the two pieces that are asked of it, it sends the first when the other one has done so, too.
  const slow = await startContentSource(content, {
    answers: async (honest, { turn }) => {
      if (turn > 0) return undefined;
      await quick.hasSent(5 * PIECE);
      return honest;
    },
  });
  const quick = await startContentSource(content, {
    answers: async (honest, { piece }) => {
      if (piece === slow.asked[1]) await slow.hasSent(PIECE);
      return honest;
    },
  });
  const got = await getContent(content, { sources: [quick, slow], patience: PATIENT });
  expect(got.bytes.equals(content.bytes)).toBe(true);
  expect(got.sources).toEqual([{ endpoint: quick.key, bytes: content.bytes.length }]);
});

test('a source of 1 MB/s beside a quick one gives what it can, and the quick one does the rest', async () => {
  const content = contentOf(randomBytes(40 * PIECE));
  const quick = await startContentSource(content);
  const slow = await startContentSource(content, { rate: 1_000_000 });
  const got = await getContent(content, { sources: [quick, slow], patience: PATIENT });
  expect(got.bytes.equals(content.bytes)).toBe(true);
  expect(sumOf(got)).toBe(content.bytes.length);
  const ofSlow = got.sources.find(({ endpoint }) => endpoint === slow.key)?.bytes ?? 0;
  expect(ofSlow).toBeLessThan(content.bytes.length / 4);
});

test('how far it is never goes back, whoever lies', async () => {
  const content = contentOf(randomBytes(12 * PIECE + 9));
  const bad = await startContentSource(content, {
    answers: (honest, { turn }) =>
      turn < 4 ? honest : { ...honest, body: Buffer.alloc(honest.body.length) },
  });
  const steps: { have: number; size: number }[] = [];
  const got = await getContent(content, {
    sources: [bad, await startContentSource(content)],
    onProgress: (step) => steps.push(step),
  });
  expect(got.bytes.equals(content.bytes)).toBe(true);
  const all = steps.map(({ have }) => have);
  expect(all).toEqual([...all].sort((a, b) => a - b));
  expect(all.at(-1)).toBe(content.bytes.length);
  expect(steps.every(({ size }) => size === content.bytes.length)).toBe(true);
});

test.for([0, 1, 64, 12 * PIECE, Number.MAX_SAFE_INTEGER, null])(
  'that the registry says %s for a size changes nothing',
  async (size) => {
    const content = contentOf(randomBytes(3 * PIECE));
    const sources = [await startContentSource(content)];
    const got = await getContent(content, { sources, size });
    expect(got.bytes.equals(content.bytes)).toBe(true);
  },
);

test('of 64 bytes, which no root proves, the registry has to say so', async () => {
  const content = contentOf(randomBytes(64));
  const sources = [await startContentSource(content)];
  for (const size of [64, undefined])
    expect((await getContent(content, { sources, size })).bytes.equals(content.bytes)).toBe(true);
  for (const size of [null, 65])
    await expect(getContent(content, { sources, size })).rejects.toMatchObject({
      code: 'no-source',
      message: expect.stringContaining('the registry does not say') as string,
    });
});

test('a source that is named a thousand times is one', async () => {
  const content = contentOf(randomBytes(3 * PIECE));
  const source = await startContentSource(content);
  const sources = () => Array.from({ length: 1000 }, () => ({ ...source.endpoint }));
  const got = await getContent(content, { sources });
  expect(got.bytes.equals(content.bytes)).toBe(true);
  expect(source.asked.filter((each) => each === 'layer')).toHaveLength(1);
  expect(source.asked).toHaveLength(4);
});

test('one honest source is found among ten thousand that are not there', async () => {
  const content = contentOf(randomBytes(3 * PIECE));
  const honest = await startContentSource(content);
  const endpoints: Endpoint[] = Array.from({ length: 10_000 }, (_, i) => ({
    ipAddress: `127.77.${Math.floor(i / 250)}.${(i % 250) + 1}`,
    port: 1,
  }));
  endpoints[1_000] = honest.endpoint;
  const got = await getContent(content, { sources: () => endpoints });
  expect(got.bytes.equals(content.bytes)).toBe(true);
});

test('of thousands that are not there, the message names a few, and the facts all', async () => {
  const endpoints = Array.from({ length: 1_000 }, (_, i) => ({
    ipAddress: '127.0.0.1',
    port: i + 1,
  }));
  const getting = getContent({ root: 'ab'.repeat(32) }, { sources: () => endpoints });
  const error: unknown = await getting.catch((each: unknown) => each);
  expect(error).toMatchObject({ code: 'no-source' });
  const { message, facts } = error as Error & { facts: { failed: unknown[] } };
  expect(message).toMatch(/127\.0\.0\.1:\d+ \(\w.*\).* and 995 more\.$/);
  expect(message.length).toBeLessThan(1_000);
  expect(facts.failed).toHaveLength(1_000);
});

test('a second one to the same place is told so, and harms nothing', async () => {
  const content = contentOf(randomBytes(6 * PIECE));
  const open = Promise.withResolvers<undefined>();
  const source = await startContentSource(content, {
    answers: async (honest, { turn }) => {
      if (turn > 3) await open.promise;
      return honest;
    },
  });
  const target = join(await temporaryFolder(), 'got');
  const first = getContent(content, { sources: [source], patience: PATIENT }, target);
  await source.askedForPieces(4);
  for (const { root } of [content, contentOf(randomBytes(5))])
    await expect(PieceFile.open(target, root, false)).rejects.toMatchObject({
      code: 'download-in-progress',
    });
  open.resolve(undefined);
  expect((await first).bytes.equals(content.bytes)).toBe(true);
  expect(await readdir(dirname(target))).toEqual(['got']);
});
