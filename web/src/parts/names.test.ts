// Names of strangers, in whatever script.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extensionOf, folderOf, inTwo, kindOf, shortened, widthOf } from './names.ts';

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
  expect(inTwo(`${'x'.repeat(300)} part 12.mkv`)[1]).toBe('rt 12.mkv');
  expect(inTwo('مقطع فيديو طويل جدا من الشبكة.mp4')[1]).toBe('.mp4');
  const flags = '🏳️‍🌈'.repeat(40);
  expect(inTwo(flags)[1]).toBe('🏳️‍🌈'.repeat(9));
});

test('a label has so many characters and no more', () => {
  expect([shortened('short', 5), shortened('longer', 5)]).toEqual(['short', 'long…']);
  expect(shortened('🏳️‍🌈🏳️‍🌈🏳️‍🌈', 2)).toBe('🏳️‍🌈…');
});

test('wide characters are given more room', () => {
  expect([widthOf(''), widthOf('.txt'), widthOf('W.mp3'), widthOf('電影')]).toEqual([0, 4, 6, 5]);
});

test('the two are the whole', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      expect(inTwo(text).join('')).toBe(text);
    }),
  );
}, 30_000);
