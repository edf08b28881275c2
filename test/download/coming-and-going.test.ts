// Sources that come and go while a content is fetched, a registry that does, and a user who has enough.
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { CodedError } from '../../src/protocol/errors.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { contentOf, PIECE, startContentSource, type ContentSource } from './content-source.ts';
import { getContent, getIntoPipe, HASTY, type Got } from './getting-content.ts';
import { closedEndpoint } from './scripted.ts';

const PIECES = 12;
const CONTENT = contentOf(randomBytes(PIECES * PIECE));
const PATIENT = { ...HASTY, stalledAfterMs: 60_000, trickleOverMs: 60_000 };

/** A source that has nothing more to say after so many pieces. */
function tiring(pieces: number): Promise<ContentSource> {
  return startContentSource(CONTENT, {
    answers: (honest, { turn }) => (turn <= pieces ? honest : undefined),
  });
}

/** How many pieces were asked for, of all. */
function askedOf(...sources: ContentSource[]): number {
  return sources.flatMap(({ asked }) => asked).filter((each) => each !== 'layer').length;
}

/** Asks that resolve an event each: when somebody has looked for sources for the nth time. */
function looks() {
  let count = 0;
  const waiting = new Map<number, () => void>();
  return {
    count: () => waiting.get(++count)?.(),
    further: (more: number) => new Promise<void>((resolve) => waiting.set(count + more, resolve)),
  };
}

test('a source that appears on the way joins', async () => {
  const first = await tiring(4);
  const second = await startContentSource(CONTENT);
  const known = [first.endpoint];
  const getting = getContent(CONTENT, { sources: () => known, patience: PATIENT });
  await first.askedForPieces(5);
  known.push(second.endpoint);
  const got = await getting;
  expect(got.bytes.equals(CONTENT.bytes)).toBe(true);
  expect(got.sources).toEqual([
    { endpoint: first.key, bytes: 4 * PIECE },
    { endpoint: second.key, bytes: (PIECES - 4) * PIECE },
  ]);
});

test('a source that vanishes costs what it had not finished', async () => {
  const vanishing = await tiring(5);
  const steady = await startContentSource(CONTENT, {
    answers: async (honest) => {
      await vanishing.askedForPieces(6);
      return honest;
    },
  });
  const sources = [vanishing, steady];
  const getting = getContent(CONTENT, { sources, patience: PATIENT });
  await vanishing.askedForPieces(6);
  await vanishing.vanish();
  const got = await getting;
  expect(got.bytes.equals(CONTENT.bytes)).toBe(true);
  expect(askedOf(...sources)).toBeLessThanOrEqual(PIECES + 2);
});

test('where every source is gone it ends, keeps what it has, and goes on there', async () => {
  const target = join(await temporaryFolder(), 'got');
  const source = await tiring(5);
  const getting = getContent(CONTENT, { sources: [source], patience: PATIENT }, target);
  const ending = expect(getting).rejects.toMatchObject({
    code: 'no-source',
    message: expect.stringContaining(source.key) as string,
  });
  await source.askedForPieces(6);
  await source.vanish();
  await ending;
  const part = `.got.${CONTENT.root.slice(0, 16)}`;
  expect((await readdir(dirname(target))).sort()).toEqual([
    `${part}.sp2p-part`,
    `${part}.sp2p-state`,
  ]);

  const other = await startContentSource(CONTENT);
  const got = await getContent(CONTENT, { sources: [other] }, target);
  expect(got.bytes.equals(CONTENT.bytes)).toBe(true);
  expect(got.kept).toBe(5 * PIECE);
  // The last piece proves the size, and is asked for each time.
  expect(askedOf(other)).toBe(PIECES - 5 + 1);
  expect(await readdir(dirname(target))).toEqual(['got']);
});

test('where every source is gone it waits, if it is to, and goes on when one is back', async () => {
  const source = await tiring(5);
  const back = await startContentSource(CONTENT);
  await back.vanish();
  const looking = looks();
  const getting = getContent(CONTENT, {
    sources: () => {
      looking.count();
      return [source.endpoint, back.endpoint];
    },
    patience: { ...PATIENT, awayMs: 50 },
    waitMs: 60_000,
  });
  await source.askedForPieces(6);
  await source.vanish();
  await looking.further(5);
  await back.comeBack();
  const got = await getting;
  expect(got.bytes.equals(CONTENT.bytes)).toBe(true);
  expect(askedOf(back)).toBe(PIECES - 5);
});

test('it waits for a source that is there from the beginning no longer', async () => {
  const source = await startContentSource(CONTENT);
  const looking = looks();
  const known: ContentSource[] = [];
  const getting = getContent(CONTENT, {
    sources: () => {
      looking.count();
      return known.map(({ endpoint }) => endpoint);
    },
    waitMs: 60_000,
  });
  await looking.further(4);
  known.push(source);
  expect((await getting).bytes.equals(CONTENT.bytes)).toBe(true);
});

test('waiting ends, even where the registry goes on naming one that is not there', async () => {
  const dead = await closedEndpoint();
  const { endpoint } = await startContentSource(CONTENT, { opens: (socket) => socket.resume() });
  const getting = getContent(CONTENT, {
    sources: () => [dead, endpoint],
    patience: { ...HASTY, awayMs: 50 },
    waitMs: 2_000,
  });
  await expect(getting).rejects.toMatchObject({ code: 'no-source' });
});

test('where nobody holds it any more, it says so', async () => {
  await expect(getContent(CONTENT, { sources: [] })).rejects.toMatchObject({
    code: 'no-source',
    message: 'No source could deliver it intact: nobody holds it now.',
  });
});

test('a registry that dies on the way is not missed', async () => {
  const source = await tiring(PIECES - 1);
  const second = await startContentSource(CONTENT, {
    answers: async (honest) => {
      await further;
      return honest;
    },
  });
  const looking = looks();
  let isFirst = true;
  const getting = getContent(CONTENT, {
    findSources: () => {
      looking.count();
      if (!isFirst)
        return Promise.reject(new CodedError('registry-unreachable', 'No registry answers.'));
      isFirst = false;
      return Promise.resolve([source.endpoint, second.endpoint]);
    },
    sources: [],
    patience: PATIENT,
  });
  const further = looking.further(3);
  expect((await getting).bytes.equals(CONTENT.bytes)).toBe(true);
});

test('a registry that is dead from the beginning is what it ends with', async () => {
  const findSources = () => Promise.reject(new CodedError('registry-unreachable', 'None there.'));
  await expect(getContent(CONTENT, { findSources, sources: [] })).rejects.toMatchObject({
    code: 'registry-unreachable',
  });
});

test('interrupted, it keeps what it has, and goes on there', async () => {
  const target = join(await temporaryFolder(), 'got');
  const source = await tiring(5);
  const stopping = new AbortController();
  const { signal } = stopping;
  const some = Promise.withResolvers<undefined>();
  const onProgress = ({ have }: { have: number }) => {
    if (have >= 3 * PIECE) some.resolve(undefined);
  };
  const options = { sources: [source], patience: PATIENT, onProgress };
  const getting = getContent(CONTENT, { ...options, signal }, target);
  const ending = expect(getting).rejects.toMatchObject({ code: 'interrupted' });
  await some.promise;
  stopping.abort();
  await ending;
  expect(await readdir(dirname(target))).not.toContain('got');
  const other = await startContentSource(CONTENT);
  const got = await getContent(CONTENT, { sources: [other] }, target);
  expect(got.bytes.equals(CONTENT.bytes)).toBe(true);
  expect(got.kept).toBeGreaterThanOrEqual(3 * PIECE);
  expect(got.kept + askedOf(other) * PIECE).toBeLessThanOrEqual(CONTENT.bytes.length + PIECE);
});

test.for<[string, (signal: AbortSignal) => Promise<Got>]>([
  [
    'while the registry is asked',
    (signal) =>
      getContent(CONTENT, { sources: [], signal, findSources: () => new Promise(() => undefined) }),
  ],
  [
    'while a source is asked for the layer',
    async (signal) =>
      getContent(CONTENT, { sources: [await tiring(-1)], patience: PATIENT, signal }),
  ],
  [
    'while a source is asked for the last piece',
    async (signal) =>
      getContent(CONTENT, { sources: [await tiring(0)], patience: PATIENT, signal }),
  ],
  [
    'while it waits for sources',
    (signal) => getContent(CONTENT, { sources: [], waitMs: 60_000, signal }),
  ],
  [
    'while the pipe takes nothing',
    async (signal) =>
      getIntoPipe(
        CONTENT,
        { sources: [await tiring(20)], signal },
        () => new Promise(() => undefined),
      ),
  ],
])('it can be interrupted %s', async ([, getting]) => {
  const stopping = new AbortController();
  const ending = expect(getting(stopping.signal)).rejects.toMatchObject({ code: 'interrupted' });
  // As soon as the download waits for something from outside.
  setImmediate(() => {
    stopping.abort();
  });
  await ending;
  const before = getting(AbortSignal.abort());
  await expect(before).rejects.toMatchObject({ code: 'interrupted' });
});
