import { setImmediate } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { AskedTogether } from './asked-together.ts';

function doubling() {
  const batches: number[][] = [];
  const together = new AskedTogether((questions: number[]) => {
    batches.push(questions);
    return Promise.resolve(questions.map((question) => question * 2));
  });
  return { batches, together };
}

test('questions of one turn are answered together, each with its own answer', async () => {
  const { batches, together } = doubling();
  const later = Promise.resolve().then(() => together.ask(3));
  expect(await Promise.all([together.ask(1), together.ask(2), later])).toEqual([2, 4, 6]);
  expect(await together.ask(4)).toBe(8);
  expect(batches).toEqual([[1, 2, 3], [4]]);
});

test('of very many questions no more than 64 are answered together', async () => {
  const { batches, together } = doubling();
  const questions = Array.from({ length: 150 }, (_, index) => index);
  const answers = await Promise.all(questions.map((question) => together.ask(question)));
  expect(answers).toEqual(questions.map((question) => question * 2));
  expect(batches.map(({ length }) => length)).toEqual([64, 64, 22]);
});

test('no more than two are under way at once: what comes meanwhile waits, and is answered together', async () => {
  const underWay: { questions: number[]; answer: () => void }[] = [];
  const together = new AskedTogether((questions: number[]) => {
    const { promise, resolve } = Promise.withResolvers<number[]>();
    underWay.push({
      questions,
      answer: () => {
        resolve(questions);
      },
    });
    return promise;
  });
  const asked: Promise<number>[] = [];
  for (const question of [1, 2, 3, 4]) {
    asked.push(together.ask(question));
    await setImmediate();
  }
  expect(underWay.map(({ questions }) => questions)).toEqual([[1], [2]]);
  underWay[1]?.answer();
  expect(await asked[1]).toBe(2);
  await vi.waitFor(() => {
    expect(underWay[2]?.questions).toEqual([3, 4]);
  });
  underWay[0]?.answer();
  underWay[2]?.answer();
  expect(await Promise.all(asked)).toEqual([1, 2, 3, 4]);
});

test('a failure is told to all who asked together or waited, and to nobody after them', async () => {
  let fail: (() => void) | undefined;
  const together = new AskedTogether((questions: number[]) => {
    if (fail) return Promise.resolve(questions);
    const { promise, reject } = Promise.withResolvers<number[]>();
    fail = () => {
      reject(new Error('away'));
    };
    return promise;
  });
  const questions = Array.from({ length: 3 }, (_, index) => index);
  const asked = Promise.allSettled(questions.map((question) => together.ask(question)));
  await setImmediate();
  fail?.();
  expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await together.ask(3)).toBe(3);
});

test('of those that wait for a database that hangs no more than a thousand are kept', async () => {
  const fails: (() => void)[] = [];
  const together = new AskedTogether((): Promise<number[]> => {
    const { promise, reject } = Promise.withResolvers<number[]>();
    fails.push(() => {
      reject(new Error('away'));
    });
    return promise;
  });
  const asked = Array.from({ length: 128 }, (_, index) => together.ask(index));
  await setImmediate();
  asked.push(...Array.from({ length: 1_000 }, (_, index) => together.ask(index)));
  const all = Promise.allSettled(asked);
  await expect(together.ask(1)).rejects.toMatchObject({ code: 'engine-unavailable' });
  expect(fails).toHaveLength(2);
  for (const fail of fails) fail();
  for (const each of await all) expect(each).toMatchObject({ reason: new Error('away') });
});
