// The first bytes of a connection: one decision, however the network cuts them, and a line wherever
// they are not clearly something else.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineRequest, MAX_FIRST_LINE_BYTES, recogniseOpening, type Opening } from './opening.ts';

const bytesOf = (text: string) => Buffer.from(text);
const undecided: Opening = { voice: 'undecided' };
const line = (name: string): Opening => ({ voice: 'line', name });

/** What is decided when the bytes come one at a time; a decision must stand whatever comes after it. */
function decisionByteByByte(bytes: Uint8Array): Opening {
  let decided = undecided;
  for (let length = 0; length <= bytes.length; length++) {
    const opening = recogniseOpening(bytes.subarray(0, length));
    if (decided.voice === 'undecided') decided = opening;
    else expect(opening).toEqual(decided);
  }
  return decided;
}

const opening = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc
    .array(
      fc.constantFrom(
        ...['GET ', 'get ', 'HEAD ', '/', 'a.txt', ' ', ' HTTP/1.1', ' HTTP/1.0', 'HTTP/2', '\r\n'],
        ...['\n', '\r', '\ufeff', '\u2028', '\0', '日本', '\x16', '\t', 'G', '\u0085', '\u00a0'],
      ),
      { maxLength: 8 },
    )
    .map((parts) => bytesOf(parts.join(''))),
  fc
    .tuple(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 4 }), fc.string())
    .map(([name, bytes, rest]) => Buffer.concat([bytesOf(`GET ${name}`), bytes, bytesOf(rest)])),
);

describe('the decision', () => {
  test('is the same however the bytes are cut, and stands once it is made', () => {
    fc.assert(
      fc.property(opening, (bytes) => {
        expect(decisionByteByByte(bytes)).toEqual(recogniseOpening(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  test('is not changed by what follows the first line', () => {
    fc.assert(
      fc.property(opening, fc.uint8Array(), (bytes, more) => {
        const first = recogniseOpening(bytes);
        fc.pre(first.voice !== 'undecided');
        expect(recogniseOpening(Buffer.concat([bytes, more]))).toEqual(first);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is always made when no more bytes will come', () => {
    fc.assert(
      fc.property(opening, (bytes) => {
        const atEnd = recogniseOpening(bytes, true);
        expect(atEnd.voice).not.toBe('undecided');
        const before = recogniseOpening(bytes);
        if (before.voice !== 'undecided') expect(atEnd).toEqual(before);
      }),
      { numRuns: 2_000 },
    );
  });

  test('waits for the whole line', () => {
    for (const text of ['', 'G', 'GET', 'GET ', 'GET a.txt', 'GET / HTTP/1.1', 'GET a\r', '\ufeff'])
      expect(recogniseOpening(bytesOf(text))).toEqual(undecided);
  });
});

describe('a line', () => {
  test('names the whole rest of itself, for every name, up to LF or CRLF', () => {
    const name = fc
      .string({ unit: 'binary' })
      .filter((text) => !/[\n\r]/.test(text) && !/^\/.* HTTP\/1\.[01]$/s.test(text));
    fc.assert(
      fc.property(name, (text) => {
        expect(recogniseOpening(bytesOf(lineRequest(text)))).toEqual(line(text));
        expect(recogniseOpening(bytesOf(`GET ${text}\n`))).toEqual(line(text));
        expect(recogniseOpening(bytesOf(`GET ${text}`), true)).toEqual(line(text));
      }),
    );
  });

  test.each(['GET', 'get', 'Get', 'gEt'])('has its verb in any case: %s', (verb) => {
    expect(recogniseOpening(bytesOf(`${verb} a b.txt\r\n`))).toEqual(line('a b.txt'));
  });

  test.each([
    'report HTTP/1.1',
    'a HTTP/1.0',
    ' HTTP/1.1',
    'HTTP/1.1',
    'a/b /c HTTP/1.1',
    '/a HTTP/2',
    '/a HTTP/1.2',
    '/a HTTP/1.1 ',
    '/a http/1.1',
    '/etc/passwd',
    ' /a HTTP/1.1',
    'http://host/a HTTP/1.1',
    '',
    '  a  ',
    'GET a',
  ])('may say %j', (name) => {
    expect(recogniseOpening(bytesOf(`GET ${name}\r\n`))).toEqual(line(name));
  });

  test('keeps the space at its ends, and a CR that is not before the LF', () => {
    expect(recogniseOpening(bytesOf('GET  a \t\r\n'))).toEqual(line(' a \t'));
    expect(recogniseOpening(bytesOf('GET a\rb\r\r\n'))).toEqual(line('a\rb\r'));
  });

  test('may have a byte order mark in front, which .NET writes, and no more than one', () => {
    expect(recogniseOpening(bytesOf('\ufeffGET a\r\n'))).toEqual(line('a'));
    expect(recogniseOpening(bytesOf('\ufeff\ufeffGET a\r\n')).voice).toBe('none');
    expect(recogniseOpening(bytesOf('GET \ufeffa\r\n'))).toEqual(line('\ufeffa'));
  });

  test('is followed by what nobody reads', () => {
    expect(recogniseOpening(bytesOf('GET a\nGET / HTTP/1.1\r\n\r\n'))).toEqual(line('a'));
  });
});

test.each([
  'GET / HTTP/1.1',
  'GET / HTTP/1.0',
  'HEAD /files/a HTTP/1.1',
  'POST /x HTTP/1.1',
  'get /files/a HTTP/1.1',
  'GET /a b HTTP/1.1',
  'GET /a HTTP/1.1 HTTP/1.1',
  'GET /files/日本 HTTP/1.1',
  'GET /a\u2028b HTTP/1.1',
  'BREW /pot HTTP/1.1',
])('%j is HTTP', (text) => {
  expect(recogniseOpening(bytesOf(`${text}\r\nHost: h\r\n\r\n`))).toEqual({ voice: 'http' });
  expect(recogniseOpening(bytesOf(`${text}\n`))).toEqual({ voice: 'http' });
});

test.each([
  '',
  ' ',
  'GET',
  'GETa',
  'GET\ta',
  ' GET a',
  'PUT a',
  'HEAD a',
  'OPTIONS * HTTP/1.1',
  'PRI * HTTP/2.0',
  'SSH-2.0-OpenSSH_9.6',
  '\0\0\0\0',
  'ＧＥＴ a',
])('%j is no voice', (text) => {
  expect(recogniseOpening(bytesOf(`${text}\r\n`))).toMatchObject({ voice: 'none' });
  expect(recogniseOpening(bytesOf(text), true)).toMatchObject({ voice: 'none' });
});

test.each([
  ['a lone byte', [0xff]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['a cut character', [0xe6, 0x97]],
  ['Latin-1', [0x63, 0x61, 0x66, 0xe9]],
])('a line that is not UTF-8 is no voice: %s', (_what, bytes) => {
  const request = Buffer.concat([bytesOf('GET '), Buffer.from(bytes), bytesOf('\r\n')]);
  expect(recogniseOpening(request)).toMatchObject({
    voice: 'none',
    why: expect.stringMatching('UTF-8') as string,
  });
});

test('a TLS handshake is known by its first byte, whatever follows', () => {
  expect(recogniseOpening(Buffer.from([0x16]))).toEqual({ voice: 'tls' });
  expect(recogniseOpening(Buffer.from([0x16, 3, 1, 2, 0, 1, 0x0a]), true)).toEqual({
    voice: 'tls',
  });
  expect(recogniseOpening(Buffer.from([0x15, 0x16, 0x0a])).voice).toBe('none');
});

describe('a first line that never ends', () => {
  const longest = `GET ${'a'.repeat(MAX_FIRST_LINE_BYTES - 4)}`;

  test('is waited for up to its limit, and then given up whatever follows', () => {
    expect(recogniseOpening(bytesOf(longest))).toEqual(undecided);
    expect(recogniseOpening(bytesOf(`${longest}\n`))).toEqual(line(longest.slice(4)));
    for (const rest of ['a', 'a\n', 'a HTTP/1.1\r\n\r\n', '\r\n', 'a'.repeat(100_000)])
      expect(recogniseOpening(bytesOf(`${longest}${rest}`))).toMatchObject({
        voice: 'none',
        why: expect.stringMatching('16384 bytes') as string,
      });
  });

  test('is given up at the same byte however it is cut', () => {
    const bytes = bytesOf(`${longest}aaa\naaa`);
    for (let length = MAX_FIRST_LINE_BYTES - 5; length <= bytes.length; length++)
      expect(recogniseOpening(bytes.subarray(0, length)).voice).toBe(
        length <= MAX_FIRST_LINE_BYTES ? 'undecided' : 'none',
      );
  });
});
