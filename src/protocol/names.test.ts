// What a name is: whatever a stranger sends, a name never leaves the share, the output folder or its
// place on the terminal.
import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodedError } from './errors.ts';
import {
  faultAsFileName,
  isName,
  lastSegment,
  MAX_NAME_BYTES,
  namePath,
  parseName,
  parseNamePath,
  printable,
} from './names.ts';

/** Any sequence of code units, lone surrogates among them. */
const codeUnits = fc
  .array(fc.integer({ min: 0, max: 0xffff }))
  .map((units) => String.fromCharCode(...units));
/** What attacks are made of, in any order. */
const hostile = fc
  .array(
    fc.constantFrom(
      ...['..', '.', '/', '\\', '%2e', '%2F', '%5c', '%00', '%', 'C:', 'K:', '\u212a:', '\0', '\n'],
      ...['\u007f', '\u0085', '\u001b[2J', '\u202e', '\ud800', '\udc00', '😀', 'e\u0301', 'é'],
      ...['\u0958', '\u1100\u1161', 'a', 'b c', '~', 'con', '\uff0e', '\u2024', '\u2215', '*?<>"|'],
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), codeUnits, hostile);

/** The name that a text spells; undefined where it is refused the way it should be. */
function nameOrRefusal(parse: (text: string) => string, text: string): string | undefined {
  try {
    return parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(CodedError);
    const { code, message } = error as CodedError;
    expect(code).toBe('bad-name');
    // What is shown of a refused name neither floods nor steers a terminal or a log.
    expect(message.length).toBeLessThan(900);
    expect(message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
    return undefined;
  }
}

function expectHarmless(name: string): void {
  expect(name).not.toBe('');
  expect(name.isWellFormed()).toBe(true);
  expect(name).toBe(name.normalize('NFC'));
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(MAX_NAME_BYTES);
  expect(name).not.toMatch(/[\p{Cc}\\]/u);
  expect(name.split('/').filter((segment) => /^\.{0,2}$/.test(segment))).toEqual([]);
  expect(posix.resolve('/share', name)).toBe(`/share/${name}`);
  // Behind a dot, what looks like a drive is a file name.
  expect(win32.resolve('D:\\share', `./${name}`)).toMatch(/^D:\\share\\/);
  expect(name).not.toMatch(/^[a-z]:\//i);
}

describe('a name', () => {
  test('is harmless and spelt one way, whatever the text; everything else is refused as bad-name', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const name = nameOrRefusal(parseName, text);
        expect(isName(text)).toBe(name !== undefined);
        if (name === undefined) return;
        expectHarmless(name);
        expect(parseName(name)).toBe(name);
        expect(parseName(text.normalize('NFD'))).toBe(name);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is the same for every spelling of its letters', () => {
    expect(parseName('Cafe\u0301/\u1112\u1161\u11ab')).toBe('Café/한');
    expect(parseName('\u212b')).toBe('Å');
  });

  test.each([
    ...['a', 'a b.txt', 'sub/folder/файл.txt', '日本語/ノート.md', '...', '..a/b..', 'a/.hidden'],
    ...['100%.txt', '%2e%2e', 'a+b#c?d&e=f', 'C:', 'notes: x.txt', '~/x', 'con'],
    ...['😀'.repeat(256), ' HTTP/1.1'],
  ])('%j is one', (text) => {
    expect(parseName(text)).toBe(text);
  });

  test.each([
    ['', 'at least one character'],
    ['..', '".." segments'],
    ['../etc/passwd', '".." segments'],
    ['a/../../b', '".." segments'],
    ['a/..', '".." segments'],
    ['./a', '"." or'],
    ['/etc/passwd', 'empty segments'],
    ['//host/share', 'empty segments'],
    ['a//b', 'empty segments'],
    ['a/', 'empty segments'],
    ['..\\a', 'backslashes'],
    ['\\\\host\\share', 'backslashes'],
    ['C:\\Windows', 'backslashes'],
    ['C:/Windows', 'drive letter'],
    ['\u212a:/kelvin', 'drive letter'],
    ['a\0.txt', 'control characters'],
    ['a\nb', 'control characters'],
    ['\u001b]0;x\u0007', 'control characters'],
    ['a\u009bb', 'control characters'],
    ['a\ud800b', 'well-formed'],
    ['\udc00', 'well-formed'],
    ['a'.repeat(MAX_NAME_BYTES + 1), 'at most 1024 bytes'],
    ['é'.repeat(513), 'at most 1024 bytes'],
    // 600 bytes as it comes, 1,200 in NFC.
    ['\u0958'.repeat(200), 'at most 1024 bytes'],
    ['a'.repeat(10_000_000), 'at most 1024 bytes'],
  ])('%.40j is none', (text, why) => {
    expect(() => parseName(text)).toThrow(why);
  });

  test('has a last segment without slashes', () => {
    expect(lastSegment('a/b/c d.txt')).toBe('c d.txt');
    expect(lastSegment('c')).toBe('c');
  });
});

describe('a name in a URL', () => {
  const names = anyText.filter(isName).map(parseName);

  test('comes back as it went, with its slashes encoded or not, through the URL parser too', () => {
    fc.assert(
      fc.property(names, (name) => {
        const path = namePath(name);
        expect(parseNamePath(path)).toBe(name);
        expect(parseNamePath(path.replaceAll('/', '%2F'))).toBe(name);
        expect(new URL(`http://h/files/${path}`).pathname).toBe(`/files/${path}`);
        expect(path).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });

  test('is harmless, whatever the path', () => {
    fc.assert(
      fc.property(anyText, (path) => {
        const name = nameOrRefusal(parseNamePath, path);
        if (name !== undefined) expectHarmless(name);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ...['..', '%2e%2e', '%2E./x', 'a/%2e%2E/b', '..%2fx', 'a%2F..%2F..%2Fx'],
    ...['%2fetc%2fpasswd', '..%5cx', '%5c%5chost%5cshare', 'C:%5cx', 'C%3a%2fx'],
    ...['a%00.txt', 'a%0d%0ab', '%1b[2J', '%c0%ae%c0%ae/x', '%c0%af', '%ed%a0%80', '%ff'],
    ...['%', '%zz', 'a%2', '', '%61'.repeat(1025)],
  ])('%.40j is refused', (path) => {
    expect(nameOrRefusal(parseNamePath, path)).toBeUndefined();
  });

  test('is decoded once, and a plus is a plus', () => {
    expect(parseNamePath('%252e%252e')).toBe('%2e%2e');
    expect(parseNamePath('a+b%20c%2Bd')).toBe('a+b c+d');
    expect(parseNamePath('e%CC%81')).toBe('é');
  });
});

describe('a segment as a file name', () => {
  test.each(['con', 'CON', 'NUL.txt', 'nul.tar.gz', 'COM1', 'com9.log', 'COM¹', 'lpt³.x', 'LPT0'])(
    '%j names a device on Windows and nowhere else',
    (segment) => {
      expect(faultAsFileName(segment, 'win32')).toBe('it names a device');
      expect(faultAsFileName(segment, 'linux')).toBeUndefined();
    },
  );

  test.each(['aux ', 'aux .txt', 'PRN   ', 'con.', 'CONIN$', 'conout$.txt', 'NUL..', 'nul .'])(
    '%j names a device on Windows in disguise',
    (segment) => {
      expect(faultAsFileName(segment, 'win32')).toBe('it names a device');
    },
  );

  test.each(['console', 'nula.txt', 'COM', 'com10', 'auxiliary.md', 'a con', 'x.con', 'CONIN'])(
    '%j names no device',
    (segment) => {
      expect(faultAsFileName(segment, 'win32')).toBeUndefined();
    },
  );

  test.each(['a:b', 'x.txt:stream', 'a<b', 'a>b', 'a"b', 'a|b', 'a?', 'a*', 'dot.', 'space '])(
    '%j is no file name on Windows',
    (segment) => {
      expect(faultAsFileName(segment, 'win32')).toBeDefined();
      expect(faultAsFileName(segment, 'linux')).toBeUndefined();
    },
  );

  test.each(['', '.', '..', 'a/b', '/', 'a\\b', 'a\0', 'a\u001b[2J', 'a\u0085', 'é'.repeat(128)])(
    '%.40j is a file name nowhere',
    (segment) => {
      expect(faultAsFileName(segment, 'linux')).toBeDefined();
      expect(faultAsFileName(segment, 'darwin')).toBeDefined();
      expect(faultAsFileName(segment, 'win32')).toBeDefined();
    },
  );

  test('that passes stays in its folder', () => {
    fc.assert(
      fc.property(anyText, (segment) => {
        if (faultAsFileName(segment, 'linux') === undefined)
          expect(posix.resolve('/out', segment)).toBe(`/out/${segment}`);
        if (faultAsFileName(segment, 'win32') === undefined)
          expect(win32.resolve('C:\\out', segment)).toBe(`C:\\out\\${segment}`);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('printable', () => {
  test('leaves nothing that steers or deceives a terminal, and the rest alone', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = printable(text);
        expect(shown).not.toMatch(
          /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\ufeff\u200b\u{e0001}]/u,
        );
        expect(printable(shown)).toBe(shown);
      }),
      { numRuns: 2_000 },
    );
    expect(printable('Ünï 日本 👩‍👩‍👧 नमस्ते')).toBe('Ünï 日本 👩‍👩‍👧 नमस्ते');
  });

  test('says what was there', () => {
    expect(printable('\u001b[31m\u202efdp.exe\n\u2028\u2029\u{e0041}\ud800')).toBe(
      '\\u{1b}[31m\\u{202e}fdp.exe\\u{a}\\u{2028}\\u{2029}\\u{e0041}\\u{d800}',
    );
  });
});
