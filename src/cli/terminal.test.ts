// How figures are put for people.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesText, countText } from './terminal.ts';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

describe('bytes', () => {
  test.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [1023, '1.00 KiB'],
    [1024, '1.00 KiB'],
    [1536, '1.50 KiB'],
    [10_232, '9.99 KiB'],
    [10_239, '10.0 KiB'],
    [10 * 1024, '10.0 KiB'],
    [102_399, '100 KiB'],
    [100 * 1024, '100 KiB'],
    [999 * 1024, '999 KiB'],
    [1000 * 1024, '0.98 MiB'],
    [4 * 1024 ** 3, '4.00 GiB'],
    [1024 ** 4, '1.00 TiB'],
    [1024 ** 5, '1.00 PiB'],
  ])('%d are %j', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  test('are three digits that count, and no more than half of the last one off', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeNat(), fc.nat(), fc.nat(5_000)), (bytes) => {
        const text = bytesText(bytes);
        expect(text).toMatch(/^(\d{1,3} B|(\d\.\d\d|\d\d\.\d|\d{3}) [KMGTP]iB)$/);
        const [figure = '', unit = ''] = text.split(' ');
        const step = 1024 ** UNITS.indexOf(unit) / 10 ** (figure.split('.')[1]?.length ?? 0);
        const off = Math.abs(Number(figure) * 1024 ** UNITS.indexOf(unit) - bytes);
        expect(off).toBeLessThanOrEqual(step * 0.500001);
      }),
      { numRuns: 2_000 },
    );
  });

  test('beyond the last unit stay in it', () => {
    expect(bytesText(5000 * 1024 ** 5)).toBe('5000 PiB');
  });
});

test.each([
  [0, '0 files'],
  [1, '1 file'],
  [2, '2 files'],
  [100_000, '100,000 files'],
])('%d files are %j', (count, text) => {
  expect(countText(count, 'file')).toBe(text);
});
