// A set of pieces of one content, a bit each; as text it is ranges: `0-5,7`.
import { CodedError } from './errors.ts';

const RANGES = /^(?:\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)?$/;

export class PieceSet {
  /** Pieces there are in all: 0 … length - 1. */
  readonly length: number;
  /** Piece p is bit p % 32 of word p / 32. */
  readonly words: Uint32Array;
  #count = 0;

  constructor(length: number) {
    this.length = length;
    this.words = new Uint32Array(Math.ceil(length / 32));
  }

  static full(length: number): PieceSet {
    const set = new PieceSet(length);
    for (let piece = 0; piece < length; piece++) set.add(piece);
    return set;
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.length;
  }

  has(piece: number): boolean {
    return ((this.words[piece >>> 5] ?? 0) & (1 << (piece & 31))) !== 0;
  }

  /** False: it was there already, or there is no such piece. */
  add(piece: number): boolean {
    if (piece < 0 || piece >= this.length || this.has(piece)) return false;
    this.words[piece >>> 5] = (this.words[piece >>> 5] ?? 0) | (1 << (piece & 31));
    this.#count++;
    return true;
  }

  delete(piece: number): boolean {
    if (!this.has(piece)) return false;
    this.words[piece >>> 5] = (this.words[piece >>> 5] ?? 0) & ~(1 << (piece & 31));
    this.#count--;
    return true;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let piece = 0; piece < this.length; piece++) if (this.has(piece)) yield piece;
  }
}

/** Pieces in ascending order as ranges: `0-5,7`; empty for none. */
export function rangesText(pieces: Iterable<number>): string {
  const ranges: [number, number][] = [];
  for (const piece of pieces) {
    const last = ranges.at(-1);
    if (last?.[1] === piece - 1) last[1] = piece;
    else ranges.push([piece, piece]);
  }
  return ranges.map(([a, b]) => (a === b ? String(a) : `${a}-${b}`)).join(',');
}

/**
 * The pieces that a text names.
 *
 * @param length how many pieces there are; none of them may be past it
 * @throws CodedError `bad-request`
 */
export function* parseRanges(text: string, length: number): Generator<number> {
  if (!RANGES.test(text)) throw new CodedError('bad-request', 'These are no ranges of pieces.');
  if (text === '') return;
  let next = 0;
  for (const range of text.split(',')) {
    const [first = NaN, last = first] = range.split('-').map(Number);
    // In ascending order, so that no text names a piece twice.
    if (first < next || last < first || last >= length)
      throw new CodedError('bad-request', 'These ranges are not in order, or name no piece.');
    for (let piece = first; piece <= last; piece++) yield piece;
    next = last + 1;
  }
}
