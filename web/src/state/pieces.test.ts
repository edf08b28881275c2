// The picture of who sent what stays true through every change.
import { expect, test } from 'vitest';
import { EARLIER, MISSING, PiecePicture, SourceNumbers } from './pieces.ts';

const picture = (numbers = new SourceNumbers()) =>
  new PiecePicture(
    {
      count: 6,
      sources: ['a:1', 'b:1'],
      runs: [
        [0, 2, -1],
        [3, 1, 1],
      ],
    },
    numbers,
  );

test('runs say whose each piece is; what is in none is missing', () => {
  const numbers = new SourceNumbers();
  const { owners, verified } = picture(numbers);
  const b = numbers.of('b:1');
  expect([...owners]).toEqual([EARLIER, EARLIER, MISSING, b, MISSING, MISSING]);
  expect(verified).toBe(3);
});

test('a source keeps its number, in whatever order sources are listed', () => {
  const numbers = new SourceNumbers();
  const each = picture(numbers);
  const b = numbers.of('b:1');
  each.apply({
    sources: ['c:1', 'b:1'],
    arrived: [
      [4, 1],
      [5, 0],
    ],
    underWay: [],
  });
  expect(each.owners[4]).toBe(b);
  expect(each.owners[5]).toBe(numbers.of('c:1'));
  expect(each.verified).toBe(5);
  expect([each.sentBy(b), each.sentBy(EARLIER), each.sentBy(9)]).toEqual([2, 2, 0]);
});

test('only what looks different is drawn anew', () => {
  const each = picture();
  const change = { sources: ['a:1', 'b:1'], arrived: [] as [number, number][] };
  expect([
    ...each.apply({
      ...change,
      underWay: [
        [2, 0],
        [4, 1],
      ],
    }),
  ]).toEqual([2, 4]);
  expect([
    ...each.apply({
      ...change,
      underWay: [
        [2, 0],
        [4, 0],
      ],
    }),
  ]).toEqual([4]);
  expect([...each.apply({ ...change, arrived: [[2, 0]], underWay: [[4, 0]] })]).toEqual([2]);
  expect([...each.apply({ ...change, underWay: [] })]).toEqual([4]);
});

test('pieces that cannot be are passed over', () => {
  const each = new PiecePicture(
    {
      count: 2,
      sources: [],
      runs: [
        [-1, 9, 0],
        [7, 1, 0],
      ],
    },
    new SourceNumbers(),
  );
  expect(each.verified).toBe(2);
  expect([
    ...each.apply({
      sources: [],
      arrived: [
        [2, 0],
        [-1, 0],
        [0.5, 0],
      ],
      underWay: [[9, 0]],
    }),
  ]).toEqual([]);
  expect(each.verified).toBe(2);
});
