// As what files are shown that nobody has reason to trust.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { previewType } from './preview-types.ts';

const TEXT = 'text/plain; charset=utf-8';

test.each([
  ['a.png', 'image/png'],
  ['sub/B.JPEG', 'image/jpeg'],
  ['a.mp3', 'audio/mpeg'],
  ['a.mkv', 'video/x-matroska'],
  ['a.md', TEXT],
  ['README', TEXT],
  ['a.json', TEXT],
  ['a.ts', TEXT],
  ['a.svg', TEXT],
  ['a.html', TEXT],
  ['a.xhtml', TEXT],
  ['a.pdf', 'application/pdf'],
  ['a.docx', undefined],
  ['a.zip', undefined],
  ['a.m3u8', undefined],
  ['png', undefined],
  ['html', undefined],
  ['a', undefined],
])('%s is shown as %s', (name, type) => {
  expect(previewType(name)).toBe(type);
});

test('no name at all makes a browser run what is in the file', () => {
  const ending = fc.oneof(fc.constantFrom('html', 'svg', 'xml', 'js', 'swf', 'xht'), fc.string());
  fc.assert(
    fc.property(fc.string(), ending, (name, end) => {
      expect(previewType(`${name}.${end}`) ?? TEXT).toMatch(
        /^(text\/plain; charset=utf-8|application\/pdf|image\/(?!svg)[\w.-]+|(audio|video)\/[\w.-]+)$/,
      );
    }),
  );
});
