// What a browser is told a file is: what can carry script is never shown in place, and a name never
// breaks out of its header.
import fc from 'fast-check';
import { validateHeaderValue } from 'node:http';
import { describe, expect, test } from 'vitest';
import { isName, parseName } from '../../protocol/names.ts';
import { contentHeaders } from './content-types.ts';

const typeOf = (name: string) => contentHeaders(name)['content-type'];
const dispositionOf = (name: string) => contentHeaders(name)['content-disposition'] ?? '';

describe('the type', () => {
  test.each([
    ['a.txt', 'text/plain; charset=utf-8'],
    ['sub/folder/A.TXT', 'text/plain; charset=utf-8'],
    ['a.md', 'text/markdown; charset=utf-8'],
    ['photo.jpeg', 'image/jpeg'],
    ['film.mp4', 'video/mp4'],
    ['song.mp3', 'audio/mpeg'],
    ['a.pdf', 'application/pdf'],
    ['a.zip', 'application/zip'],
    ['a.tar.gz', 'application/gzip'],
    ['page.html', 'text/html; charset=utf-8'],
    ['data.json', 'application/json'],
    ['a.unheard-of', 'application/octet-stream'],
    ['Makefile', 'application/octet-stream'],
    ['a.', 'application/octet-stream'],
    ['photos.jpg/raw', 'application/octet-stream'],
  ])('of %s is %s', (name, type) => {
    expect(typeOf(name)).toBe(type);
  });

  test.each(['png', 'html', 'text', 'log', 'sub/svg'])(
    'of %s is not known: a name is no ending',
    (name) => {
      expect(typeOf(name)).toBe('application/octet-stream');
    },
  );

  test.each(['__proto__', 'a.__proto__', 'a.constructor', 'a.toString', 'x.hasOwnProperty'])(
    'of %s is not known',
    (name) => {
      expect(typeOf(name)).toBe('application/octet-stream');
    },
  );
});

describe('in place', () => {
  test.each(['a.png', 'a.jpg', 'a.webp', 'a.mp4', 'a.webm', 'a.mp3', 'a.txt', 'a.pdf'])(
    '%s is shown',
    (name) => {
      expect(dispositionOf(name)).toMatch(/^inline;/);
    },
  );

  test.each([
    ...[
      'a.html',
      'a.HTM',
      'a.xhtml',
      'a.xht',
      'a.shtml',
      'a.svg',
      'a.SVGZ',
      'a.xml',
      'a.xsl',
      'a.js',
    ],
    ...[
      'a.mjs',
      'a.css',
      'a.swf',
      'a.mht',
      'a.rss',
      'a.wasm',
      'a.hta',
      'a.exe',
      'a.zip',
      'a.bin',
      'a',
    ],
    ...['a.md', 'a.vtt', 'a.json', 'a.webmanifest', 'a.manifest'],
  ])('%s is not', (name) => {
    expect(dispositionOf(name)).toMatch(/^attachment;/);
  });

  test('nothing is guessed', () => {
    expect(contentHeaders('a.txt')['x-content-type-options']).toBe('nosniff');
  });
});

describe('the file name', () => {
  test.each([
    ['sub/a b.txt', 'inline; filename="a b.txt"'],
    ['a"b.zip', 'attachment; filename="a\\"b.zip"'],
    ['a;b=c.zip', 'attachment; filename="a;b=c.zip"'],
    [
      'naïve €.zip',
      `attachment; filename="na?ve ?.zip"; filename*=utf-8''na%C3%AFve%20%E2%82%AC.zip`,
    ],
  ])('of %s is that of its last segment', (name, disposition) => {
    expect(dispositionOf(name).replace('UTF-8', 'utf-8')).toBe(disposition);
  });

  test('of every name is a valid header, and comes back whole', () => {
    const name = fc
      .oneof(
        fc.string({ unit: 'binary' }),
        fc
          .array(
            fc.constantFrom(
              ...[
                '"',
                "'",
                ';',
                '=',
                '%',
                '%41',
                '*',
                ' ',
                ',',
                '(',
                '/',
                '.',
                'a',
                'html',
                'é',
                '日',
              ],
              ...['\u202e', '\u2028', '\u00a0', '😀', '\ufeff', "utf-8''", 'filename*='],
            ),
          )
          .map((parts) => parts.join('')),
      )
      .filter(isName)
      .map(parseName);
    fc.assert(
      fc.property(name, (each) => {
        for (const [header, value] of Object.entries(contentHeaders(each))) {
          validateHeaderValue(header, value);
          expect(value).toMatch(/^[\x20-\x7e]+$/);
        }
        const [, extended] = /; filename\*=utf-8''([^;]*)$/i.exec(dispositionOf(each)) ?? [];
        const [, quoted] = /; filename="((?:[^"\\]|\\.)*)"/.exec(dispositionOf(each)) ?? [];
        const [, token] = /; filename=([^";]+)$/.exec(dispositionOf(each)) ?? [];
        const told =
          extended === undefined
            ? (quoted?.replace(/\\(.)/g, '$1') ?? token)
            : decodeURIComponent(extended);
        expect(told).toBe(each.slice(each.lastIndexOf('/') + 1));
      }),
      { numRuns: 1_000 },
    );
  });
});
