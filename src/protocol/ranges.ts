// Byte ranges and entity tags of HTTP (RFC 9110), as values: parsing and comparing, no I/O.

/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * What a `Range` header asks of a content of `size` bytes (RFC 9110 section 14.2).
 * `whole` stands for everything that a server may ignore: no header, another unit, bad syntax, or
 * more than one range. A range that starts behind the end is `unsatisfiable`.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | 'whole' | 'unsatisfiable' {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? '');
  if (!match) return 'whole';
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return 'whole';
    if (Number(last) === 0) return 'unsatisfiable';
    // The last bytes of nothing are all of it, and no range can say so.
    return size === 0 ? 'whole' : { start: Math.max(0, size - Number(last)), end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return 'whole';
  return start >= size ? 'unsatisfiable' : { start, end };
}

/**
 * The range that a `Content-Range` header names, and the size of the whole (RFC 9110 section 14.4).
 * Undefined for anything that is not one range of a content of known size.
 */
export function parseContentRange(
  header: string | undefined,
): (ByteRange & { size: number }) | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/i.exec(header ?? '');
  if (!match) return undefined;
  const [start, end, size] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return start <= end && end < size ? { start, end, size } : undefined;
}

/** Whether an entity tag is strong: equal tags mean equal bytes (RFC 9110 section 8.8.1). */
export function isStrongTag(tag: string | undefined): tag is string {
  return tag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(tag);
}

/** Whether an `If-None-Match` or `If-Match` list holds a strong tag (weak forms of it count too). */
export function listHoldsTag(header: string, tag: string): boolean {
  if (header.trim() === '*') return true;
  return header.split(',').some((item) => item.trim().replace(/^W\//, '') === tag);
}
