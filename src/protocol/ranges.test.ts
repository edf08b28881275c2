// Ranges and entity tags, against the examples of RFC 9110 sections 8.8, 13.1 and 14.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isStrongTag, listHoldsTag, parseContentRange, parseRange } from './ranges.ts';

const digits = fc.oneof(
  fc.constant(''),
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String),
  fc.constantFrom('0', '00', '9'.repeat(15), '9'.repeat(16), '9'.repeat(400), '9007199254740993'),
);
const size = fc.oneof(fc.nat(100), fc.nat(), fc.maxSafeNat());
const header = fc.oneof(
  fc.string(),
  fc.tuple(digits, digits).map(([first, last]) => `bytes=${first}-${last}`),
  fc
    .array(fc.constantFrom('bytes', '=', '-', ',', ' ', '0', '5', '99', '*', '/', '\t'))
    .map((parts) => parts.join('')),
);

describe('a Range header', () => {
  test.each([
    ['bytes=0-499', 0, 499],
    ['bytes=500-999', 500, 999],
    ['bytes=-500', 9500, 9999],
    ['bytes=9500-', 9500, 9999],
    ['bytes=0-0', 0, 0],
    ['bytes=-1', 9999, 9999],
    ['bytes=0-', 0, 9999],
    ['bytes=9999-', 9999, 9999],
    ['bytes=0-10000', 0, 9999],
    ['bytes=-10000', 0, 9999],
    ['bytes=-10001', 0, 9999],
    ['bytes=5-18446744073709551615', 5, 9999],
    ['bytes=-18446744073709551615', 0, 9999],
    [`bytes=5-${'9'.repeat(400)}`, 5, 9999],
    ['bytes=0005-0009', 5, 9],
    ['BYTES= 5-9\t', 5, 9],
  ])('%.40j of 10,000 bytes asks for %d to %d', (text, start, end) => {
    expect(parseRange(text, 10_000)).toEqual({ start, end });
  });

  test.each([
    'bytes=10000-',
    'bytes=10000-10001',
    'bytes=-0',
    'bytes=-000',
    'bytes=99999999999999999999-',
  ])('%j of 10,000 bytes cannot be satisfied', (text) => {
    expect(parseRange(text, 10_000)).toBe('unsatisfiable');
  });

  test.each([
    ...[
      undefined,
      '',
      'bytes',
      'bytes=',
      'bytes=-',
      'bytes=5',
      'bytes=5-4',
      'bytes=a-b',
      'bytes=--5',
    ],
    ...[
      'bytes=0-0,-1',
      'bytes=500-600,601-999',
      'bytes=0-4,',
      'bytes 0-4',
      'lines=0-4',
      'bytes=0-4x',
    ],
    ...['bytes=+0-4', 'bytes=0.5-4', 'bytes=1e1-20', 'bytes=0x1-0x2', 'bytes=0 - 4', 'bytes=٠-٤'],
    ...['bytes=20000-10000', ' bytes=0-4', 'bytes=0-4\n'],
  ])('%j is ignored', (text) => {
    expect(parseRange(text, 10_000)).toBe('whole');
  });

  test('of an empty content can be satisfied only by a suffix, which is the whole', () => {
    expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(parseRange('bytes=0-0', 0)).toBe('unsatisfiable');
    expect(parseRange('bytes=-0', 0)).toBe('unsatisfiable');
    expect(parseRange('bytes=-5', 0)).toBe('whole');
  });

  test('never asks for what is outside of the content, whatever it says', () => {
    fc.assert(
      fc.property(header, size, (text, bytes) => {
        const range = parseRange(text, bytes);
        if (typeof range === 'string') {
          expect(['whole', 'unsatisfiable']).toContain(range);
          return;
        }
        expect(Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end)).toBe(true);
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.start).toBeLessThanOrEqual(range.end);
        expect(range.end).toBeLessThan(bytes);
      }),
      { numRuns: 3_000 },
    );
  });

  test('asks for exactly the bytes that it names', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.nat(200), (first, last, bytes) => {
        const all = Array.from({ length: bytes }, (_, index) => index);
        const bytesOf = (range: ReturnType<typeof parseRange>) =>
          range === 'whole'
            ? all
            : range === 'unsatisfiable'
              ? []
              : all.slice(range.start, range.end + 1);
        expect(bytesOf(parseRange(`bytes=${first}-`, bytes))).toEqual(all.slice(first));
        expect(bytesOf(parseRange(`bytes=-${last}`, bytes))).toEqual(
          last === 0 ? [] : all.slice(-last),
        );
        if (first <= last)
          expect(bytesOf(parseRange(`bytes=${first}-${last}`, bytes))).toEqual(
            all.slice(first, last + 1),
          );
      }),
    );
  });
});

describe('a Content-Range header', () => {
  test.each([
    ['bytes 0-499/1234', { start: 0, end: 499, size: 1234 }],
    ['bytes 500-999/1234', { start: 500, end: 999, size: 1234 }],
    ['bytes 500-1233/1234', { start: 500, end: 1233, size: 1234 }],
    ['bytes 734-1233/1234', { start: 734, end: 1233, size: 1234 }],
    ['bytes 42-1233/1234', { start: 42, end: 1233, size: 1234 }],
    ['Bytes 0-0/1', { start: 0, end: 0, size: 1 }],
  ])('%j names a range', (text, range) => {
    expect(parseContentRange(text)).toEqual(range);
  });

  test.each([
    ...[
      undefined,
      '',
      'bytes */1234',
      'bytes 42-1233/*',
      'bytes 5-4/10',
      'bytes 0-10/10',
      'bytes 0-0/0',
    ],
    ...['bytes=0-4/10', 'bytes 0-4', 'bytes 0-/10', 'bytes -4/10', 'lines 0-4/10', 'bytes 0-4/10 '],
    ...[
      'bytes 0-4/10,',
      'bytes 0-9007199254740993/9007199254740994',
      `bytes 0-4/${'9'.repeat(400)}`,
    ],
  ])('%.40j names none', (text) => {
    expect(parseContentRange(text)).toBeUndefined();
  });

  test('never names a range outside of its content, and every range comes back as it went', () => {
    const text = fc.oneof(
      header,
      fc.tuple(digits, digits, digits).map(([a, b, c]) => `bytes ${a}-${b}/${c}`),
    );
    fc.assert(
      fc.property(text, (each) => {
        const range = parseContentRange(each);
        if (range === undefined) return;
        expect(Object.values(range).every(Number.isSafeInteger)).toBe(true);
        expect(range.start).toBeLessThanOrEqual(range.end);
        expect(range.end).toBeLessThan(range.size);
        const { start, end } = range;
        expect(parseContentRange(`bytes ${start}-${end}/${range.size}`)).toEqual(range);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('an entity tag', () => {
  test.each(['""', '"xyzzy"', '"a-b,c"', '"!#~"', '"\u00e9"', '"W/"'])('%j is strong', (tag) => {
    expect(isStrongTag(tag)).toBe(true);
  });

  test.each([
    ...[undefined, '', '"', 'xyzzy', 'W/"xyzzy"', 'w/"xyzzy"', '"a"b"', '"a b"', '"a\n"', '"a"\n'],
    ...['"\u0000"', '"\u007f"', '"日"', ' "a"', "'a'", '"a", "b"'],
  ])('%j is not', (tag) => {
    expect(isStrongTag(tag)).toBe(false);
  });

  test.each(['"a"', 'W/"a"', '"x", "a"', '"x","a","y"', '"x" ,\tW/"a"', '*', ' * ', ',, "a",'])(
    '"a" is in the list %j',
    (list) => {
      expect(listHoldsTag(list, '"a"')).toBe(true);
    },
  );

  test.each(['', '"b"', 'a', '"A"', '"a" "b"', '"ab", "ba"', 'w/"a"', '"*"', '*, "b"', 'W/W/"a"'])(
    '"a" is not in the list %j',
    (list) => {
      expect(listHoldsTag(list, '"a"')).toBe(false);
    },
  );
});
