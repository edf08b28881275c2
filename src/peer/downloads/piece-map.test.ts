// Where each piece is from, as it is told in runs; what an earlier run left is nobody's.
import { expect, test } from 'vitest';
import { PieceMap } from './piece-map.ts';

test('pieces are told in runs of one source, missing ones not at all', () => {
  const map = new PieceMap(() => []);
  expect(map.pieces).toBeUndefined();
  map.begin(8, [0, 1, 7]);
  for (const [piece, source] of [
    [3, 'a'],
    [4, 'a'],
    [5, 'b'],
  ] as const)
    map.arrive(piece, source);
  expect(map.pieces).toEqual({
    count: 8,
    sources: ['a', 'b'],
    runs: [
      [0, 2, -1],
      [3, 2, 0],
      [5, 1, 1],
      [7, 1, -1],
    ],
  });
  expect([map.has(2), map.has(3), map.has(99)]).toEqual([false, true, false]);
});

test('what goes on remembers who sent what is still there', () => {
  const map = new PieceMap(() => []);
  map.begin(4, []);
  map.arrive(0, 'a');
  map.arrive(1, 'a');
  map.begin(4, [1, 2]);
  expect(map.pieces?.runs).toEqual([
    [1, 1, 0],
    [2, 1, -1],
  ]);
});
