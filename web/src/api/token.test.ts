// The token is taken out of the fragment of the printed link, and nothing else is.
import { expect, test } from 'vitest';
import { tokenIn } from './token.ts';

test('a token is what the fragment says it is', () => {
  expect(tokenIn('#token=Ab-_0123456789')).toBe('Ab-_0123456789');
  expect(tokenIn('#x=1&token=Ab-_0123456789')).toBe('Ab-_0123456789');
});

test.each(['', '#', '#token=', '#token=short', '#token=a%20b%0Ac%22defgh', '#Ab-_0123456789'])(
  '%j holds none',
  (fragment) => {
    expect(tokenIn(fragment)).toBe(undefined);
  },
);
