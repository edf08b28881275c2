// Every row that is in sight is drawn, and few others.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowsInSight } from './row-window.ts';

test('of ten thousand rows those in sight are drawn', () => {
  expect(rowsInSight(-64_000, 640, 64, 10_000)).toEqual({ first: 992, end: 1018 });
  expect(rowsInSight(100, 640, 64, 10_000)).toEqual({ first: 0, end: 17 });
  expect(rowsInSight(-1e9, 640, 64, 10)).toEqual({ first: 10, end: 10 });
});

test('whatever is scrolled, a row in sight is among them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -700_000, max: 2_000 }),
      fc.integer({ min: 1, max: 3_000 }),
      fc.nat(10_000),
      fc.nat(10_000),
      (top, height, count, row) => {
        const { first, end } = rowsInSight(top, height, 64, count);
        const isInSight = row < count && top + row * 64 < height && top + (row + 1) * 64 > 0;
        if (isInSight) expect(first <= row && row < end).toBe(true);
        expect(end - first).toBeLessThan(height / 64 + 20);
      },
    ),
  );
});
