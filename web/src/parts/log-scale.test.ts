// A slider over rates.
import { expect, test } from 'vitest';
import { LAST, limitAt, positionOf } from './log-scale.ts';

test('every position leads back to itself, and each is more than the one before', () => {
  const positions = Array.from({ length: LAST + 1 }, (_, position) => position);
  const limits = positions.map(limitAt);
  expect(limits.map(positionOf)).toEqual(positions);
  const values = limits.map((limit) => limit ?? Infinity);
  expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
});

test('the end is no limit, and what lies outside is at an end', () => {
  expect(limitAt(LAST)).toBe(null);
  expect(limitAt(0)).toBe(16 * 1024);
  expect([positionOf(1024), positionOf(2 ** 50)]).toEqual([0, LAST - 1]);
});
