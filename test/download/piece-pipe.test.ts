// Pieces into a pipe: in order, however they come and however slowly they are taken, and never more of
// them in memory than there is room for.
import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PieceMemory } from '../../src/peer/download/piece-memory.ts';
import { contentOf, PIECE, startContentSource, type ContentSource } from './content-source.ts';
import { getIntoPipe, HASTY } from './getting-content.ts';

const PATIENT = { ...HASTY, stalledAfterMs: 60_000, trickleOverMs: 60_000 };

function piecesOf(source: ContentSource): number[] {
  return source.asked.filter((each) => each !== 'layer');
}

test('pieces that come out of order go in in order', async () => {
  const content = contentOf(randomBytes(20 * PIECE + 5));
  const sources: ContentSource[] = [];
  const many = Promise.withResolvers<undefined>();
  // The first piece comes when most others have.
  for (let turn = 0; turn < 2; turn++)
    sources.push(
      await startContentSource(content, {
        answers: async (honest, { piece }) => {
          if (new Set(sources.flatMap(piecesOf)).size > 15) many.resolve(undefined);
          if (piece === 0) await many.promise;
          return honest;
        },
      }),
    );
  const got = await getIntoPipe(content, { sources, patience: PATIENT }, () => setImmediate());
  expect(got.bytes.equals(content.bytes)).toBe(true);
  expect(got.failed).toEqual([]);
});

test('of a reader that takes its time no more is asked than there is memory for', async () => {
  const window = Math.floor(new PieceMemory(PIECE).slots / 2);
  const last = 2 * window;
  const content = contentOf(randomBytes(last * PIECE + 5));
  const source = await startContentSource(content);
  const open = Promise.withResolvers<undefined>();
  const asked = () => new Set(piecesOf(source).filter((piece) => piece !== last));
  const getting = getIntoPipe(
    content,
    { sources: [source], patience: PATIENT },
    () => open.promise,
  );
  await expect.poll(() => asked().size, { timeout: 20_000 }).toBe(window);
  expect(Math.max(...asked())).toBe(window - 1);
  open.resolve(undefined);
  const got = await getting;
  expect(got.bytes.equals(content.bytes)).toBe(true);
  expect(piecesOf(source)).toHaveLength(last + 1);
});

test('a source that fails when everything has come is no matter while the reader takes its time', async () => {
  const content = contentOf(randomBytes(3 * PIECE));
  const open = Promise.withResolvers<undefined>();
  const source = await startContentSource(content, {
    answers: (honest, { turn }) =>
      // Behind the last of what it is asked for comes more.
      turn < 3 ? honest : { ...honest, body: Buffer.concat([honest.body, Buffer.alloc(100, 'x')]) },
  });
  let looks = 0;
  const sources = () => {
    // By then it has been found wanting, and has been thought of several times.
    if (source.asked.length === 4 && ++looks > 5) open.resolve(undefined);
    return [source.endpoint];
  };
  const got = await getIntoPipe(content, { sources, patience: PATIENT }, () => open.promise);
  expect(got.bytes.equals(content.bytes)).toBe(true);
  expect(got.failed).toMatchObject([{ endpoint: source.key }]);
});

test('a pipe that breaks ends it', async () => {
  const content = contentOf(randomBytes(20 * PIECE));
  const sources = [await startContentSource(content)];
  let taken = 0;
  const getting = getIntoPipe(content, { sources }, () =>
    ++taken < 3 ? Promise.resolve() : Promise.reject(new Error('nobody reads')),
  );
  await expect(getting).rejects.toMatchObject({
    code: 'cannot-write',
    message: 'The pipe is broken: nobody reads.',
  });
});

test('what went into the pipe is not changed by what comes later', async () => {
  const { slots } = new PieceMemory(PIECE);
  const content = contentOf(randomBytes((slots + 20) * PIECE));
  const sources = [await startContentSource(content)];
  // Its reader holds on to everything, and the memory of the pieces is used again.
  const got = await getIntoPipe(content, { sources });
  expect(got.bytes.equals(content.bytes)).toBe(true);
});
