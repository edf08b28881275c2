// Which paths of a share are kept out of it, and which names the others have.
import { join, sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isName } from '../../protocol/names.ts';
import { isHidden, nameOfPath } from './scan.ts';

describe('a path is hidden', () => {
  test.each([
    ...['.git', '.env', join('.git', 'config'), join('a', '.cache', 'b.txt'), join('a', '.b')],
    ...['film.mp4.sp2p-part', '.film.mp4.sp2p-part', '.film.mp4.sp2p-state', '.film.mp4.sp2p-lock'],
    ...[join('a', 'b.sp2p-part'), join('a.sp2p-part', 'b'), '...', '.', '..', join('..', 'a')],
  ])('%s', (path) => {
    expect(isHidden(path)).toBe(true);
  });

  test.each([
    'a',
    'a.b',
    'a.',
    'a..b',
    join('a', 'b.txt'),
    'sp2p-part',
    'a.sp2p-part.txt',
    'a~',
    ' .a',
  ])('but not %s', (path) => {
    expect(isHidden(path)).toBe(false);
  });

  test('where any segment of it is, at any depth', () => {
    const segment = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((text) => !text.includes(sep));
    fc.assert(
      fc.property(
        fc.array(segment, { maxLength: 4 }),
        fc.array(segment, { maxLength: 4 }),
        segment,
        (before, after, hidden) => {
          expect(isHidden([...before, `.${hidden}`, ...after].join(sep))).toBe(true);
          expect(isHidden([...before, `${hidden}.sp2p-part`, ...after].join(sep))).toBe(true);
        },
      ),
    );
  });
});

describe('the name of a path', () => {
  test('has slashes between its segments, and is in NFC', () => {
    expect(nameOfPath(join('sub', 'Cafe\u0301 1.txt'))).toBe('sub/Café 1.txt');
  });

  test.each([
    '',
    'a\nb',
    'a\0',
    '\u001b[2J',
    'a'.repeat(1025),
    '/a',
    'a//b',
    join('..', 'a'),
    '\ud800',
  ])('%.20j: there is none', (path) => {
    expect(nameOfPath(path)).toBeUndefined();
  });

  test('has no backslash: it is a separator, or what no name has', () => {
    expect(nameOfPath('a\\b')).toBe(sep === '\\' ? 'a/b' : undefined);
  });

  test('is a name or none, whatever the path', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), (path) => {
        const name = nameOfPath(path);
        expect(name !== undefined).toBe(isName(path.replaceAll(sep, '/')));
        if (name !== undefined) expect(nameOfPath(name.replaceAll('/', sep))).toBe(name);
      }),
      { numRuns: 1_000 },
    );
  });
});
