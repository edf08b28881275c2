import { expect, test } from 'vitest';
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

test('a failure is told to all who asked together, and to nobody after them', async () => {
  let fails = true;
  const together = new AskedTogether((questions: number[]) =>
    fails ? Promise.reject(new Error('away')) : Promise.resolve(questions),
  );
  const asked = await Promise.allSettled([together.ask(1), together.ask(2)]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect(await together.ask(3)).toBe(3);
});
