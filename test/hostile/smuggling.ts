// Requests of which two readers could make different ones (RFC 9112 section 11.2): behind each stands another,
// which nobody may answer. {next} is where it is.

export const AMBIGUOUS: Readonly<Record<string, string>> = {
  'both lengths': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{next}',
  'both lengths, the other way round':
    'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{next}',
  'two lengths': 'Content-Length: 0\r\nContent-Length: 44\r\n\r\n{next}',
  'two lengths in one': 'Content-Length: 0, 44\r\n\r\n{next}',
  'a length with a sign': 'Content-Length: +0\r\n\r\n{next}',
  'a length in hexadecimal': 'Content-Length: 0x0\r\n\r\n{next}',
  'a name with a space behind it': 'Content-Length : 0\r\n\r\n{next}',
  'a folded line': 'X: y\r\n Content-Length: 44\r\n\r\n{next}',
  'chunked, and something behind it': 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{next}',
  'another encoding': 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{next}',
  'a chunk of an impossible size': 'Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n{next}',
  'a line feed alone': 'Content-Length: 0\n\n{next}',
  'a carriage return alone': 'X: y\rContent-Length: 44\r\n\r\n{next}',
  'a zero byte': 'X: y\0z\r\n\r\n{next}',
};

/** @param next the request that is not to be answered */
export function smuggled(first: string, fields: string, next: string): string {
  return `${first} HTTP/1.1\r\nHost: h\r\n${fields.replace('{next}', next)}`;
}
