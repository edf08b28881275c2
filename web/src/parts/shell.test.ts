// What is copied into a shell is one word, whatever a stranger called a file.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { getByNameCommand, getCommand, shellWord } from './shell.ts';

test.each([
  ['a/b-1.txt', 'a/b-1.txt'],
  ['', "''"],
  ['a b', "'a b'"],
  ["it's", "'it'\\''s'"],
  ['$(rm -rf ~)`x`;"', "'$(rm -rf ~)`x`;\"'"],
  ['~/x', "'~/x'"],
])('%j is %s', (text, word) => {
  expect(shellWord(text)).toBe(word);
});

test('within quotes there is no quote, and outside of them nothing that a shell obeys', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const read = shellWord(text).replace(
        /'([^']*)'|\\'|[\w@%+=:,./-]+/gs,
        (part, quoted?: string) => (part === "\\'" ? "'" : (quoted ?? part)),
      );
      expect(read).toBe(text);
    }),
  );
}, 30_000);

test('commands name the registry, and options come before the name', () => {
  expect(getCommand('ab', 'http://r:7770')).toBe('sp2p get --root ab --registry http://r:7770');
  expect(getByNameCommand('-o x', 'http://r:7770')).toBe(
    "sp2p get --registry http://r:7770 -- '-o x'",
  );
});
