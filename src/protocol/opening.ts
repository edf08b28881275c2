// The first bytes of a connection to a peer, and which of its voices they ask for. The line protocol
// is the exercise's: `GET filename`, LF or CRLF, answered by the bytes of the file and the end of the
// connection. What a voice answers is the server's.

/** A first line is at most this many bytes: what `node:http` allows a whole request head. */
export const MAX_FIRST_LINE_BYTES = 16_384;

const TLS_HANDSHAKE = 0x16;
const LF = 0x0a;
const CR = 0x0d;
// A StreamWriter of .NET with Encoding.UTF8 puts this in front of the first line that it sends.
const BYTE_ORDER_MARK = '\ufeff';
const HTTP_REQUEST = /^\S+ \/.* HTTP\/1\.[01]$/s;
const LINE_REQUEST = /^get (.*)$/is;

export type Opening =
  | { voice: 'undecided' }
  | { voice: 'tls' }
  | { voice: 'http' }
  /** `name` is what the line says, not yet known to be a name. */
  | { voice: 'line'; name: string }
  | { voice: 'none'; why: string };

/**
 * Which voice the first bytes of a connection ask for. Total: any bytes give an answer, and once it
 * is not `undecided` further bytes do not change it.
 *
 * @param ended no more bytes will come: what there is counts as the line
 */
export function recogniseOpening(bytes: Uint8Array, ended = false): Opening {
  if (bytes[0] === TLS_HANDSHAKE) return { voice: 'tls' };
  const end = bytes.indexOf(LF);
  if (end > MAX_FIRST_LINE_BYTES || (end === -1 && bytes.length > MAX_FIRST_LINE_BYTES))
    return { voice: 'none', why: `the first line has more than ${MAX_FIRST_LINE_BYTES} bytes` };
  if (end === -1 && !ended) return { voice: 'undecided' };
  let line = bytes.subarray(0, end === -1 ? bytes.length : end);
  if (line.at(-1) === CR) line = line.subarray(0, -1);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
  } catch {
    return { voice: 'none', why: 'the first line is not UTF-8' };
  }
  if (HTTP_REQUEST.test(text)) return { voice: 'http' };
  const name = LINE_REQUEST.exec(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text)?.[1];
  return name === undefined
    ? { voice: 'none', why: 'the first line is neither "GET filename" nor HTTP' }
    : { voice: 'line', name };
}

/** The line that asks a peer for a name. */
export function lineRequest(name: string): string {
  return `GET ${name}\r\n`;
}
