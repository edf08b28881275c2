// How a download's progress is put into words.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellsOf, durationText, progressText, sourcesText } from './progress.ts';

const MIB = 1024 ** 2;

describe('progress', () => {
  test('says bytes, rate and time left', () => {
    expect(progressText(12.3 * MIB, 40 * MIB, 5.1 * MIB)).toBe(
      '12.3 MiB of 40.0 MiB  5.10 MiB/s  6 s left',
    );
  });

  test('of unknown size says no time left', () => {
    expect(progressText(12.3 * MIB, undefined, 5.1 * MIB)).toBe('12.3 MiB  5.10 MiB/s');
  });

  test('that does not move promises no end', () => {
    expect(progressText(0, 10, 0)).toBe('0 B of 10 B  0 B/s');
    expect(progressText(5, 10, -3)).toBe('5 B of 10 B  0 B/s');
  });

  test('at the end has nothing left', () => {
    expect(progressText(10, 10, 10)).toBe('10 B of 10 B  10 B/s  0 s left');
    expect(progressText(0, 0, 1)).toBe('0 B of 0 B  1 B/s  0 s left');
  });

  test('shows what is there as cells', () => {
    expect(cellsOf([0, 0.1, 0.25, 0.5, 0.75, 0.99, 1])).toBe('··░▒▓▓█');
  });

  test('names the quickest sources', () => {
    const sources = [4, 3, 2, 1].map((rate) => ({
      endpoint: `192.0.2.${rate}:7771`,
      rate: rate * MIB,
    }));
    expect(sourcesText(sources.slice(0, 1))).toBe('from 1: 192.0.2.4:7771 4.00 MiB/s');
    expect(sourcesText(sources)).toMatch(/^from 4: 192[.]0[.]2[.]4:7771 4[.]00 MiB\/s, .*, …$/);
    expect(sourcesText([])).toBe('waiting for sources');
  });

  test('is a line of plain words, whatever the figures', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.option(fc.maxSafeNat(), { nil: undefined }),
        fc.double({ min: -1e12, max: 1e12, noNaN: true }),
        (have, more, rate) => {
          const size =
            more === undefined ? undefined : Math.min(have + more, Number.MAX_SAFE_INTEGER);
          expect(progressText(have, size, rate)).toMatch(
            /^[\d.]+ [KMGTP]?i?B( of [\d.]+ [KMGTP]?i?B)? {2}[\d.]+ [KMGT]?i?B\/s( {2}.* left)?$/,
          );
        },
      ),
    );
  });
});

describe('a duration', () => {
  test.each([
    [0, '0 s'],
    [0.2, '1 s'],
    [1, '1 s'],
    [59, '59 s'],
    [59.5, '1 min 0 s'],
    [60, '1 min 0 s'],
    [200, '3 min 20 s'],
    [3599, '59 min 59 s'],
    [3599.1, '1 h 0 min'],
    [7500, '2 h 5 min'],
    [86_399, '23 h 59 min'],
    [86_400, '1 day'],
    [360_000, '4 days'],
  ])('of %d seconds is %j', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });

  test('never has 60 of anything', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (seconds) => {
        expect(durationText(seconds)).toMatch(
          /^([1-5]?\d s|[1-5]?\d min [1-5]?\d s|[12]?\d h [1-5]?\d min|[\d,]+ days?)$/,
        );
      }),
    );
  });
});
