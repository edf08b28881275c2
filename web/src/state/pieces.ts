// Which piece came of whom, and which are under way: pure. It tells what has to be drawn anew.
import type { Pieces, PiecesChange } from '../../../src/protocol/control.ts';

/** Nobody has sent it yet. */
export const MISSING = -2;
/** It was there before, from an earlier run. */
export const EARLIER = -1;

/** More than a content of 16 TiB has: what says otherwise is not drawn. */
const MAX_PIECES = 1_048_576;

/** Numbers for sources, in the order in which they were first heard of: a source keeps its own. */
export class SourceNumbers {
  readonly #numbers = new Map<string, number>();

  /** All of them, each at the place of its number. */
  get endpoints(): string[] {
    return [...this.#numbers.keys()];
  }

  of(endpoint: string): number {
    const number = this.#numbers.get(endpoint) ?? this.#numbers.size;
    this.#numbers.set(endpoint, number);
    return number;
  }
}

export class PiecePicture {
  readonly count: number;
  /** MISSING, EARLIER, or the number of a source. */
  readonly owners: Int32Array;
  /** Who sends a piece now. */
  readonly underWay = new Map<number, number>();
  readonly #numbers: SourceNumbers;
  #verified = 0;
  readonly #sent = new Map<number, number>();

  constructor(pieces: Pieces, numbers: SourceNumbers) {
    this.#numbers = numbers;
    this.count = Math.min(Math.max(0, pieces.count), MAX_PIECES);
    this.owners = new Int32Array(this.count).fill(MISSING);
    for (const [first, length, source] of pieces.runs) {
      const owner = this.#ownerOf(source, pieces.sources);
      const end = Math.min(first + length, this.count);
      for (let piece = Math.max(0, first); piece < end; piece++) this.#own(piece, owner);
    }
  }

  /** How many pieces are here and verified. */
  get verified(): number {
    return this.#verified;
  }

  /** How many pieces came of a source. */
  sentBy(owner: number): number {
    return this.#sent.get(owner) ?? 0;
  }

  /** Takes in what happened; answers the pieces that look different now. */
  apply(change: PiecesChange): Set<number> {
    const dirty = new Set<number>();
    for (const [piece, source] of change.arrived) {
      if (!this.#has(piece)) continue;
      this.#own(piece, this.#ownerOf(source, change.sources));
      dirty.add(piece);
    }
    const before = new Map(this.underWay);
    this.underWay.clear();
    for (const [piece, source] of change.underWay) {
      if (!this.#has(piece) || this.owners[piece] !== MISSING) continue;
      this.underWay.set(piece, this.#ownerOf(source, change.sources));
    }
    for (const [piece, owner] of before) if (this.underWay.get(piece) !== owner) dirty.add(piece);
    for (const [piece, owner] of this.underWay) if (before.get(piece) !== owner) dirty.add(piece);
    return dirty;
  }

  #has(piece: number): boolean {
    return Number.isInteger(piece) && piece >= 0 && piece < this.count;
  }

  #own(piece: number, owner: number): void {
    const before = this.owners[piece] ?? MISSING;
    if (before === MISSING) this.#verified++;
    else this.#sent.set(before, this.sentBy(before) - 1);
    this.#sent.set(owner, this.sentBy(owner) + 1);
    this.owners[piece] = owner;
  }

  #ownerOf(source: number, sources: readonly string[]): number {
    const endpoint = sources[source];
    return endpoint === undefined ? EARLIER : this.#numbers.of(endpoint);
  }
}
