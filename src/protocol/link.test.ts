import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodedError } from './errors.ts';
import { parseFollowerWord, parseHolderWord } from './link.ts';

const codeOf = (parse: () => unknown) => {
  try {
    return parse();
  } catch (error) {
    return error instanceof CodedError ? error.code : error;
  }
};

describe('a word over a link', () => {
  test.each(['{"at":-0}', '{"at":-1}', '{"at":1.5}', '{"at":1e300}', '{"have":7}', '[]x', 'null'])(
    'is not %s',
    (text) => {
      expect(codeOf(() => parseFollowerWord(text))).toBe('bad-request');
    },
  );

  test.each(['{"offer":[-0]}', '{"offer":[1,null]}', '{"offer":{}}', '{"link":"X"}', '7'])(
    'of a holder is not %s',
    (text) => {
      expect(codeOf(() => parseHolderWord(text))).toBe('bad-request');
    },
  );

  test('is the same when it is said again, whatever it was, or no word', () => {
    const member = fc.oneof(fc.jsonValue(), fc.nat(), fc.constant(true), fc.string());
    const words = fc.record(
      { have: member, pass: member, later: member, at: member, link: member, offer: member },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(words, (said) => {
        for (const parse of [parseFollowerWord, parseHolderWord]) {
          const word = codeOf(() => parse(JSON.stringify(said)));
          if (word !== 'bad-request') expect(parse(JSON.stringify(word))).toEqual(word);
        }
      }),
    );
  });
});
