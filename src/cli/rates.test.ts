// Rates as people write them, and what is no rate.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseBytes, parseRate, rateText } from './rates.ts';

test.each([
  ['800000', 800_000],
  ['500K', 512_000],
  ['500k', 512_000],
  ['2M', 2_097_152],
  ['1.5M', 1_572_864],
  ['1G', 1_073_741_824],
  ['2 MiB/s', 2_097_152],
  ['2MB', 2_000_000],
  ['100KB/s', 100_000],
  ['16Mbit', 2_000_000],
  ['1Gbit/s', 125_000_000],
  ['1', 1],
  ['0', Infinity],
  ['0.0M', Infinity],
  ['none', Infinity],
])('%s', (text, rate) => {
  expect(parseRate(text)).toBe(rate);
});

// Mb and mb may be bits or bytes: nobody can know.
test.each([
  ...['', ' ', 'fast', '-1', '1,5M', '1e6', '2Mb', '2mb', '2T', '0.1', 'M', '2M/h', 'Infinity'],
  ...['.5M', '2constructor', '1.M', ' 2M', '9'.repeat(16)],
])('%j is no rate', (text) => {
  expect(parseRate(text)).toBeUndefined();
});

test('any text is a rate of at least one byte a second, or none', () => {
  const likely = fc
    .array(fc.constantFrom(...Array.from('0019.. KMGikBbt'), 'Mbit', '/s'), { maxLength: 8 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), likely), (text) => {
      expect(parseRate(text) ?? 1).toBeGreaterThanOrEqual(1);
    }),
  );
});

test('a rate is shown as sizes are', () => {
  expect(rateText(2_097_152)).toBe('2.00 MiB/s');
  expect(rateText(Infinity)).toBe('none');
});

test.each([
  ['0', 0],
  ['1', 1],
  ['500K', 512_000],
  ['1.5 GiB', 1_610_612_736],
  ['2MB', 2_000_000],
])('%s is a size', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(['', 'none', '-1', '1e6', '2Mbit', '2M/s', '9'.repeat(15) + 'G'])(
  '%j is no size',
  (text) => {
    expect(parseBytes(text)).toBeUndefined();
  },
);
