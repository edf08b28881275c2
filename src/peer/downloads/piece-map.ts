// Which piece of a download came from whom, and what happens to it, for those who follow. Where nobody does,
// a piece costs one number.
import type { Pieces, PiecesChange } from '../../protocol/control.ts';

/** Those who follow are told ten times a second: as often as it can be seen. */
const TELL_EVERY_MS = 100;
/** Of the sources so many have a number of their own; all further ones share one. */
const MAX_SOURCES = 10_000;

const MISSING = -2;
/** There from an earlier run. */
const KEPT = -1;

interface Follower {
  arrived: [number, number][];
  tell: (change: PiecesChange) => void;
}

export class PieceMap {
  /** The source of each piece; undefined as long as it is not known how many there are. */
  #sourceOf: Int16Array | undefined;
  readonly #sources: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #followers = new Set<Follower>();
  readonly #underWay: () => Iterable<{ piece: number; source: string }>;
  #telling: NodeJS.Timeout | undefined;
  #toldUnderWay = '';

  /** @param underWay the pieces that somebody is sending now */
  constructor(underWay: () => Iterable<{ piece: number; source: string }>) {
    this.#underWay = underWay;
  }

  /** How many pieces there are, once that is proven, and which are there. */
  begin(count: number, have: Iterable<number>): void {
    const before = this.#sourceOf;
    this.#sourceOf = new Int16Array(count).fill(MISSING);
    for (const piece of have) {
      const known = before?.[piece] ?? MISSING;
      this.#set(piece, known === MISSING ? KEPT : known, known === MISSING);
    }
  }

  /** All of them are there, from an earlier run. */
  full(count: number): void {
    this.#sourceOf ??= new Int16Array(count).fill(KEPT);
  }

  /** A piece has come. @param source the endpoint of who sent it */
  arrive(piece: number, source: string): void {
    this.#set(piece, this.#numberOf(source), true);
  }

  has(piece: number): boolean {
    return (this.#sourceOf?.[piece] ?? MISSING) !== MISSING;
  }

  /** Undefined as long as it is not known how many there are. */
  get pieces(): Pieces | undefined {
    if (!this.#sourceOf) return undefined;
    const runs: Pieces['runs'] = [];
    let last: Pieces['runs'][number] | undefined;
    for (const [piece, source] of this.#sourceOf.entries()) {
      if (source === MISSING) continue;
      if (last && last[2] === source && last[0] + last[1] === piece) last[1]++;
      else runs.push((last = [piece, 1, source]));
    }
    return { count: this.#sourceOf.length, sources: [...this.#sources], runs };
  }

  /** Tells of all that happens from now on. Answers how to stop that. */
  follow(tell: (change: PiecesChange) => void): () => void {
    const follower: Follower = { arrived: [], tell };
    this.#followers.add(follower);
    this.#toldUnderWay = '';
    this.#telling ??= setInterval(() => {
      this.#tell();
    }, TELL_EVERY_MS).unref();
    return () => {
      this.#followers.delete(follower);
      if (this.#followers.size > 0) return;
      clearInterval(this.#telling);
      this.#telling = undefined;
    };
  }

  #set(piece: number, source: number, isNews: boolean): void {
    if (this.#sourceOf) this.#sourceOf[piece] = source;
    if (isNews) for (const { arrived } of this.#followers) arrived.push([piece, source]);
  }

  #numberOf(source: string): number {
    const known = this.#numbers.get(source);
    if (known !== undefined) return known;
    if (this.#sources.length >= MAX_SOURCES) return MAX_SOURCES - 1;
    this.#numbers.set(source, this.#sources.length);
    return this.#sources.push(source) - 1;
  }

  #tell(): void {
    const underWay = Array.from(this.#underWay(), ({ piece, source }): [number, number] => [
      piece,
      this.#numberOf(source),
    ]);
    const text = underWay.join(' ');
    const isNew = text !== this.#toldUnderWay;
    this.#toldUnderWay = text;
    for (const follower of this.#followers) {
      const { arrived, tell } = follower;
      if (arrived.length === 0 && !isNew) continue;
      follower.arrived = [];
      tell({ sources: [...this.#sources], arrived, underWay });
    }
  }
}
