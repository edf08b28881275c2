// What a file of limits says, and what is said of one that is wrong.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseLimits } from './limits.ts';

test('each limit is a rate as in the flags, or left to them', () => {
  expect(parseLimits('{ "maxUpload": "2M", "maxDownload": 1000 }')).toEqual({
    maxUpload: 2_097_152,
    maxDownload: 1_000,
  });
  expect(parseLimits('{ "maxUpload": "none" }')).toEqual({ maxUpload: Infinity });
  expect(parseLimits('{}')).toEqual({});
});

test.each([
  ['', 'it is not JSON.'],
  ['{ maxUpload: 1 }', 'it is not JSON.'],
  ['"2M"', 'it is not like {'],
  ['null', 'it is not like {'],
  ['["2M"]', 'it is not like {'],
  ['{ "max-upload": "2M" }', '"max-upload" is neither maxUpload nor maxDownload.'],
  ['{ "__proto__": "2M" }', '"__proto__" is neither'],
  ['{ "maxUpload": "fast" }', 'maxUpload: It is a rate in bytes a second'],
  ['{ "maxUpload": null }', 'maxUpload: It is a rate'],
  ['{ "maxDownload": -1 }', 'maxDownload: It is a rate'],
  ['{ "maxDownload": ["1"] }', 'maxDownload: It is a rate'],
])('%s', (text, fault) => {
  expect(() => parseLimits(text)).toThrow(fault);
});

test('any text gives limits or says what is wrong', () => {
  const values = fc.oneof(fc.string(), fc.integer(), fc.jsonValue());
  const objects = fc.dictionary(fc.constantFrom('maxUpload', 'maxDownload', 'more'), values);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        objects.map((each) => JSON.stringify(each)),
      ),
      (text) => {
        try {
          for (const rate of Object.values(parseLimits(text))) expect(rate).toBeGreaterThan(0);
        } catch (error) {
          expect((error as Error).message).toMatch(/\.$/);
        }
      },
    ),
  );
});
