// The head of an answer: any bytes give a head, a wish for more, or a fault.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_HEAD_BYTES, parseAnswerHead } from './answer-head.ts';

const head = 'HTTP/1.1 206 Partial Content\r\nETag: "x"\r\nContent-Length:  12 \r\n\r\n';

function parse(text: string) {
  return parseAnswerHead(Buffer.from(text, 'latin1'));
}

test('a head is read, and where the body begins', () => {
  const parsed = parse(`${head}body`);
  if (typeof parsed === 'string') throw new Error(parsed);
  expect(parsed.status).toBe(206);
  expect(parsed.length).toBe(head.length);
  expect(Object.fromEntries(parsed.headers)).toEqual({ etag: '"x"', 'content-length': '12' });
});

test('a head that has not come whole is incomplete wherever it is cut', () => {
  for (let end = 0; end < head.length; end++) expect(parse(head.slice(0, end))).toBe('incomplete');
});

test.each([
  'HTTP/2 200\r\n\r\n',
  'HTTP/1.1 99 x\r\n\r\n',
  'HTTP/1.1 2000 x\r\n\r\n',
  'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
  'HTTP/1.1 200 OK\r\nspace : x\r\n\r\n',
  'HTTP/1.1 200 OK\r\n: x\r\n\r\n',
])('%j is malformed', (text) => {
  expect(parse(text)).toBe('malformed');
});

test.each(['hello', 'h', 'http/1.1 200 OK\r\n\r\n', '\r\n\r\n'])('%j is not HTTP', (text) => {
  expect(parse(text)).toBe('not-http');
});

test('a head that never ends is no head', () => {
  const line = 'x: y\r\n';
  expect(parse(`HTTP/1.1 200 OK\r\n${line.repeat(MAX_HEAD_BYTES / line.length + 1)}`)).toBe(
    'malformed',
  );
});

test('any bytes give an answer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isPrefixed) => {
      const all = isPrefixed ? Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n'), bytes]) : bytes;
      const parsed = parseAnswerHead(all);
      if (typeof parsed === 'object') expect(parsed.length).toBeLessThanOrEqual(all.length);
      else expect(['incomplete', 'not-http', 'malformed']).toContain(parsed);
    }),
  );
});
