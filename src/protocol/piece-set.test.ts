// The set is one of numbers, whatever is added and deleted; ranges are another way to write it, and junk is refused.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CodedError } from './errors.ts';
import { parseRanges, PieceSet, rangesText } from './piece-set.ts';

test('a set of pieces does what a set of numbers does, within its length', () => {
  const step = fc.record({ adds: fc.boolean(), piece: fc.integer({ min: -40, max: 110 }) });
  fc.assert(
    fc.property(fc.nat(100), fc.array(step, { maxLength: 300, size: 'max' }), (length, steps) => {
      const pieces = new PieceSet(length);
      const numbers = new Set<number>();
      for (const { adds, piece } of steps) {
        if (adds) {
          const isNew = piece >= 0 && piece < length && !numbers.has(piece);
          if (isNew) numbers.add(piece);
          expect(pieces.add(piece)).toBe(isNew);
        } else expect(pieces.delete(piece)).toBe(numbers.delete(piece));
        expect(pieces.has(piece)).toBe(numbers.has(piece));
      }
      expect(pieces.count).toBe(numbers.size);
      expect(pieces.isFull).toBe(numbers.size === length);
      expect([...pieces]).toEqual([...numbers].sort((a, b) => a - b));
    }),
  );
});

test.each([0, 1, 31, 32, 33, 64, 1000])(
  'a full set has all of %i pieces, and no more',
  (length) => {
    const set = PieceSet.full(length);
    expect(set).toMatchObject({ count: length, isFull: true });
    expect([...set]).toEqual([...Array(length).keys()]);
    expect(set.has(length)).toBe(false);
  },
);

test.each([
  [[], ''],
  [[7], '7'],
  [[0, 1, 2, 3, 4, 5, 7], '0-5,7'],
  [[1, 3, 4, 9], '1,3-4,9'],
])('%j is written as ranges', (pieces, text) => {
  expect(rangesText(pieces)).toBe(text);
});

test('what is written as ranges is read back', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200)), (pieces) => {
      const sorted = pieces.sort((a, b) => a - b);
      expect([...parseRanges(rangesText(sorted), 201)]).toEqual(sorted);
    }),
  );
});

test.each([
  ...[
    '-',
    ',',
    '1,',
    ',1',
    '1-',
    '-1',
    '1--2',
    '1-2-3',
    ' 1',
    '1 ',
    '1\n',
    '+1',
    '0x1',
    '1.5',
    '1e1',
  ],
  ...[
    '3-1',
    '1,1',
    '2,1',
    '1-3,3',
    '10',
    '0-10',
    '9,10',
    '99999999999999999999',
    `1${'0'.repeat(400)}`,
  ],
  '1-99999999999999999999',
])('%j is refused', (text) => {
  expect(() => [...parseRanges(text, 10)]).toThrow(CodedError);
});

test('any text gives pieces in order that there are, or is refused', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...Array.from('0123456789,-')) }),
  );
  fc.assert(
    fc.property(texts, fc.nat(50), (text, length) => {
      const pieces: number[] = [];
      try {
        for (const piece of parseRanges(text, length)) pieces.push(piece);
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-request' });
      }
      // No more than there are, whatever the text says: the work is bounded.
      expect(pieces.length).toBeLessThanOrEqual(length);
      expect(pieces).toEqual([...new Set(pieces)].sort((a, b) => a - b));
      expect(pieces.every((piece) => piece < length)).toBe(true);
    }),
  );
});
