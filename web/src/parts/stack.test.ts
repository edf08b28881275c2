// Rates of sources, one upon the other.
import { expect, test } from 'vitest';
import { roundUp, stackOf } from './stack.ts';

test('the busiest source is at the bottom, the top is the sum', () => {
  const samples = [
    { at: 0, rates: new Map([['a', 1]]) },
    {
      at: 1,
      rates: new Map([
        ['a', 2],
        ['b', 7],
      ]),
    },
  ];
  expect(stackOf(samples)).toEqual({
    sources: ['b', 'a'],
    tops: [
      [0, 7],
      [1, 9],
    ],
    max: 9,
  });
  expect(stackOf([])).toEqual({ sources: [], tops: [], max: 0 });
});

test('a scale ends in a round figure', () => {
  expect([0, 1500, 2 ** 20, 2 ** 20 + 1].map(roundUp)).toEqual([1024, 2048, 2 ** 20, 2 ** 21]);
});
