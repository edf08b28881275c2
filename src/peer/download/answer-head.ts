// The head of an HTTP/1.1 answer (RFC 9112 section 4), as far as a range of a content needs it.
// Pure and total: any bytes give a head, a wish for more, or a fault.

/** A longer head is no head. */
export const MAX_HEAD_BYTES = 16 * 1024;

export interface AnswerHead {
  status: number;
  /** By name in lower case; of a repeated one the last. */
  headers: ReadonlyMap<string, string>;
  /** Bytes of the head, the empty line included. */
  length: number;
}

/**
 * `not-http`: it does not even begin like HTTP. `malformed`: it does, and goes on otherwise, or for
 * longer than a head may be.
 */
export function parseAnswerHead(
  bytes: Uint8Array,
): AnswerHead | 'incomplete' | 'not-http' | 'malformed' {
  if (!beginsLikeHttp(bytes)) return 'not-http';
  const end = endOfHead(bytes);
  if (end === -1) {
    return bytes.length > MAX_HEAD_BYTES ? 'malformed' : 'incomplete';
  }
  if (end > MAX_HEAD_BYTES) return 'malformed';
  const [statusLine = '', ...lines] = latin1(bytes.subarray(0, end)).split('\r\n');
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) return 'malformed';
  const headers = new Map<string, string>();
  for (const line of lines) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon < 1 || /\s/.test(line.slice(0, colon))) return 'malformed';
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers, length: end };
}

/** Behind the empty line that ends a head, or -1. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0x0d); at !== -1; at = bytes.indexOf(0x0d, at + 1))
    if (bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a) return at + 4;
  return -1;
}

function beginsLikeHttp(bytes: Uint8Array): boolean {
  return 'HTTP/'.startsWith(latin1(bytes.subarray(0, 5)));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
