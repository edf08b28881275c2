// Bounded parallel work: never more at a time than allowed, and never done before it is done.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forEachOf } from './concurrency.ts';

/** Work that ends when it is told to, and counts how much of it is under way. */
function heldWork() {
  const held: { item: number; end: PromiseWithResolvers<undefined> }[] = [];
  const seen = { begun: [] as number[], underWay: 0, most: 0 };
  const work = async (item: number) => {
    seen.begun.push(item);
    seen.underWay++;
    seen.most = Math.max(seen.most, seen.underWay);
    const end = Promise.withResolvers<undefined>();
    held.push({ item, end });
    try {
      await end.promise;
    } finally {
      seen.underWay--;
    }
  };
  return { work, held, seen };
}

/** Lets everything happen that is ready to. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('every item is worked on once, in order of beginning, whatever order they end in', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(20),
      fc.integer({ min: 1, max: 6 }),
      fc.infiniteStream(fc.nat()),
      async (count, limit, picks) => {
        const items = Array.from({ length: count }, (_, index) => index);
        const { work, held, seen } = heldWork();
        const all = forEachOf(items, limit, work);
        for (const pick of picks.take(count)) {
          await settled();
          expect(held.length).toBe(Math.min(limit, seen.underWay));
          held.splice(pick % held.length, 1)[0]?.end.resolve(undefined);
        }
        await all;
        expect(seen).toEqual({ begun: items, underWay: 0, most: Math.min(limit, count) });
      },
    ),
  );
});

test('the limit is used: the next item begins when one ends', async () => {
  const { work, held, seen } = heldWork();
  const all = forEachOf([1, 2, 3], 2, work);
  await settled();
  expect(seen.begun).toEqual([1, 2]);
  held[1]?.end.resolve(undefined);
  await settled();
  expect(seen.begun).toEqual([1, 2, 3]);
  for (const { end } of held) end.resolve(undefined);
  await all;
});

test('the first failure is the one told, after all that had begun has ended; nothing begins after it', async () => {
  const { work, held, seen } = heldWork();
  let ended = false;
  const all = forEachOf([1, 2, 3, 4, 5], 3, work).finally(() => {
    ended = true;
  });
  const outcome = expect(all).rejects.toThrow('the first');
  await settled();
  held[1]?.end.reject(new Error('the first'));
  await settled();
  held[0]?.end.reject(new Error('the second'));
  await settled();
  expect(ended).toBe(false);
  held[2]?.end.resolve(undefined);
  await outcome;
  expect(seen.begun).toEqual([1, 2, 3]);
});

test('a sequence that fails does so after all that had begun has ended', async () => {
  const { work, held, seen } = heldWork();
  const all = forEachOf(
    (function* () {
      yield 1;
      throw new Error('no more');
    })(),
    2,
    work,
  );
  let ended = false;
  const outcome = expect(
    all.finally(() => {
      ended = true;
    }),
  ).rejects.toThrow('no more');
  await settled();
  expect(ended).toBe(false);
  held[0]?.end.resolve(undefined);
  await outcome;
  expect(seen).toMatchObject({ begun: [1], underWay: 0 });
});

test('work that throws before it waits fails like any other', async () => {
  await expect(
    forEachOf([1], 1, () => {
      throw new Error('at once');
    }),
  ).rejects.toThrow('at once');
});

test('nothing to do is done', async () => {
  await expect(
    forEachOf([], 4, () => Promise.reject(new Error('never called'))),
  ).resolves.toBeUndefined();
});
