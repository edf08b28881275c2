// How names and queries are compared: what people would call the same text is the same.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold, wantedBy } from './search-text.ts';

const wordsOf = (query: string) => wantedBy(query).words;

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        ...Array.from('aÀéßẞΣσςİıſKŁ日한ガがぁ１ﬁ½ \u0301\u0345\u3099\u00a0\u200d.-/😀ΐ'),
      ),
    )
    .map((letters) => letters.join('')),
);

describe('a folded text', () => {
  test.each([
    ['Café Déjà.MP3', 'cafe deja.mp3'],
    ['Ångström', 'ANGSTROM'],
    ['Straße', 'STRASSE'],
    ['GROẞ', 'groß'],
    ['ΜΟΥΣΙΚΗΣ.mp3', 'μουσικης.MP3'],
    ['ΜΟΥΣΙΚΗΣ.mp3', 'μουσικήσ.mp3'],
    ['İstanbul', 'istanbul'],
    ['Ｆｕｌｌ ｗｉｄｔｈ', 'full width'],
    ['ﬁle ①', 'FILE 1'],
    ['ガ', '\u30ab\u3099'],
    ['한글', '\u1112\u1161\u11ab\u1100\u1173\u11af'],
    ['файл', 'ФАЙЛ'],
    ['e\u0301', 'É'],
  ])('of %j is that of %j', (one, other) => {
    expect(fold(one)).toBe(fold(other));
  });

  test.each([
    ['a', 'b'],
    ['日', '曰'],
    ['а', 'a'],
    ['a.b', 'ab'],
  ])('of %j is not that of %j', (one, other) => {
    expect(fold(one)).not.toBe(fold(other));
  });

  test('is the same for every normal form and case, and folds to itself', () => {
    fc.assert(
      fc.property(text, (each) => {
        const folded = fold(each);
        expect(fold(folded)).toBe(folded);
        expect(fold(each.toLowerCase())).toBe(folded);
        expect(fold(each.normalize('NFD'))).toBe(folded);
        expect(fold(each.normalize('NFKC'))).toBe(folded);
        // The one mark that is a letter of its own in upper case.
        if (!each.normalize('NFD').includes('\u0345'))
          expect(fold(each.toUpperCase())).toBe(folded);
      }),
      { numRuns: 2_000 },
    );
  });

  test('holds the folded form of every part of it, in any case', () => {
    fc.assert(
      fc.property(text, text, text, (before, part, after) => {
        const whole = fold(before + part + after);
        expect(whole).toContain(fold(part));
        expect(whole).toContain(fold(part.toLowerCase()));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the words of a query', () => {
  test('are parted by any space', () => {
    expect(wordsOf('  Big\tbuck\u00a0BUNNY\u3000été\n')).toEqual(
      ['big', 'buck', 'bunny', 'ete'].map(fold),
    );
  });

  test.each(['', ' ', '\t\n\u00a0\u3000', '\u0301'])('%j has none', (query) => {
    expect(wordsOf(query)).toEqual([]);
  });

  test('are one text where there are too many', () => {
    expect(wordsOf('a b c d e f g h')).toHaveLength(8);
    expect(wordsOf('a b c d e f g h  i')).toEqual([fold('a b c d e f g h i')]);
  });

  test('are all in what they were taken from, are never empty, and never many', () => {
    fc.assert(
      fc.property(text, (query) => {
        const words = wordsOf(query);
        expect(words.length).toBeLessThanOrEqual(8);
        for (const word of words) {
          expect(word).not.toBe('');
          expect(fold(query).replace(/\s+/g, ' ')).toContain(word);
        }
      }),
    );
  });
});
