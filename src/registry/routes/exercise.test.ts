// Which paths may be the base of the exercise's contract.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CodedError } from '../../protocol/errors.ts';
import { parseBase } from './exercise.ts';

test.each([
  ['api/Registers', 'api/Registers'],
  ['/api/powernap/', 'api/powernap'],
  ['//Files/endpoints', 'Files/endpoints'],
  ['files', 'files'],
  ['a.b~c-d_e/f', 'a.b~c-d_e/f'],
  ['api/v2', 'api/v2'],
  ['api/v1x', 'api/v1x'],
  ['healthzone', 'healthzone'],
  ['apis', 'apis'],
])('%j stands for %s', (text, base) => {
  expect(parseBase(text)).toBe(base);
});

test.each([
  ...[
    '',
    '/',
    '///',
    'a//b',
    'a/../b',
    '..',
    '.',
    'a/.',
    './a',
    'a b',
    'a?b',
    'a#b',
    'a%2Fb',
    'a\\b',
  ],
  ...['a:b', 'a*', '*', ':name', 'a\n', 'a\0b', 'é', 'http://host/api', '{a}', '(a)', 'a/*'],
])('%j is no plain path', (text) => {
  expect(() => parseBase(text)).toThrow(expect.objectContaining({ code: 'bad-usage' }));
  expect(() => parseBase(text)).toThrow('a base is a plain path');
});

test.each(['api', 'API', '/api/', 'api/v1', 'Api/V1/', 'api/v1/names', 'healthz', 'HealthZ/x'])(
  '%j is taken, in any case',
  (text) => {
    expect(() => parseBase(text)).toThrow(expect.objectContaining({ code: 'bad-usage' }));
    expect(() => parseBase(text)).toThrow('another use');
  },
);

test('what passes is one path in every reading of it; all else is refused as bad-usage', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('/', 'a', '.', '..', 'api', 'v1', '~', '-', '_', '%', '\\', ' ', '?'))
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (each) => {
      let base: string;
      try {
        base = parseBase(each);
      } catch (error) {
        expect(error).toBeInstanceOf(CodedError);
        expect((error as CodedError).code).toBe('bad-usage');
        return;
      }
      expect(parseBase(base)).toBe(base);
      expect(new URL(`/${base}/x`, 'http://h').pathname).toBe(`/${base}/x`);
      expect(decodeURIComponent(base)).toBe(base);
    }),
    { numRuns: 2_000 },
  );
}, 30_000);
