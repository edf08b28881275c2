// Names of strangers, in whatever script.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extensionOf, folderOf, inTwo, kindOf } from './names.ts';

test.each([
  ['a/b/film.MKV', 'mkv', 'video'],
  ['song.flac', 'flac', 'audio'],
  ['.profile', '', 'file'],
  ['a.d/plain', '', 'file'],
  ['x.tar.gz', 'gz', 'archive'],
  ['odd.<b>', '', 'file'],
  ['x.constructor', '', 'file'],
])('%s ends in %j and is of the kind %s', (name, extension, kind) => {
  expect(extensionOf(name)).toBe(extension);
  expect(kindOf(name)).toBe(kind);
});

test('the folder is all before the last slash', () => {
  expect(['a/b/c', 'c', 'a/c'].map(folderOf)).toEqual(['a/b', '', 'a']);
});

test('a long name keeps its end, and no character is cut in two', () => {
  expect(inTwo('short.txt')).toEqual(['short.txt', '']);
  expect(inTwo(`${'x'.repeat(300)} part 12.mkv`)[1]).toBe(' part 12.mkv');
  const flags = '🏳️‍🌈'.repeat(40);
  expect(inTwo(flags)[1]).toBe('🏳️‍🌈'.repeat(12));
});

test('the two are the whole', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      expect(inTwo(text).join('')).toBe(text);
    }),
  );
});
