// Which piece is asked of whom. Pure: the rates come in as arguments, and so does chance. It knows
// what is there, what is under way and with whom; connections and bytes are the swarm download's.

/** A source as the picker knows it: any value that tells it from the others. */
export type SourceKey = string;

interface UnderWay {
  source: SourceKey;
  piece: number;
}

export class Picker {
  /** Pieces from this one on are wanted before all others. */
  wantedFrom = 0;
  /** 1: there and verified. */
  readonly #have: Uint8Array;
  #missing: number;
  /** Pieces that nobody was asked for, in the order in which they are given out from the end. */
  readonly #open: number[];
  #underWay: UnderWay[] = [];

  /**
   * @param have a byte for each piece, 1 where it is there
   * @param order pieces in the order in which they are wanted; default: as they lie
   */
  constructor(have: Uint8Array, order: readonly number[] = [...have.keys()]) {
    this.#have = Uint8Array.from(have);
    this.#open = order.filter((piece) => this.#have[piece] === 0).reverse();
    this.#missing = this.#open.length;
  }

  get isDone(): boolean {
    return this.#missing === 0;
  }

  /** Whether anything is under way. */
  get isWaiting(): boolean {
    return this.#underWay.length > 0;
  }

  /** Pieces that are there, in ascending order. */
  get present(): number[] {
    return [...this.#have.keys()].filter((piece) => this.has(piece));
  }

  /** The first missing piece of those that are wanted before all others, else of all; undefined: all are there. */
  get firstMissing(): number | undefined {
    for (const from of [this.wantedFrom, 0]) {
      const first = this.#have.indexOf(0, from);
      if (first !== -1) return first;
    }
    return undefined;
  }

  /** How much is there of each of so many stretches of equal length: 0 … 1. */
  filled(stretches: number): number[] {
    const { length } = this.#have;
    return Array.from({ length: stretches }, (_, at) => {
      const first = Math.floor((at * length) / stretches);
      const end = Math.max(first + 1, Math.floor(((at + 1) * length) / stretches));
      const there = this.#have.subarray(first, end).reduce((sum, one) => sum + one, 0);
      return there / (end - first);
    });
  }

  has(piece: number): boolean {
    return this.#have[piece] === 1;
  }

  /**
   * The next piece to ask a source for, or undefined where there is nothing for it to do now. When
   * every piece has been asked for, the last ones are asked for a second time, of sources that are
   * quicker than those that have them under way (`mayRepeat`): the end game.
   *
   * @param horizon pieces from this one on are not wanted yet
   */
  next(
    source: SourceKey,
    mayRepeat: (slower: SourceKey) => boolean,
    horizon = Infinity,
  ): number | undefined {
    const piece = this.#take(horizon) ?? this.#toRepeat(source, mayRepeat);
    if (piece !== undefined) this.#underWay.push({ source, piece });
    return piece;
  }

  /**
   * Which of the pieces that a source offers, the best one first, it is to be asked for. As for
   * {@link next}, pieces are asked for twice only when every piece has been asked for once.
   */
  choose(
    source: SourceKey,
    offered: readonly number[],
    mayRepeat: (slower: SourceKey) => boolean,
    horizon = Infinity,
  ): number | undefined {
    const isWanted = (piece: number) => piece < horizon && this.#have[piece] === 0;
    const piece =
      offered.find((each) => isWanted(each) && !this.#isUnderWay(each)) ??
      (this.#open.length === 0
        ? offered.find((each) => isWanted(each) && this.#isToRepeat(source, each, mayRepeat))
        : undefined);
    if (piece !== undefined) this.take(source, piece);
    return piece;
  }

  /** What is under way, and with whom. */
  get allUnderWay(): Iterable<Readonly<UnderWay>> {
    return this.#underWay;
  }

  /** How many pieces are under way; those that are under way twice count twice. */
  get underWay(): number {
    return this.#underWay.length;
  }

  /** A source has a certain piece under way, out of turn. */
  take(source: SourceKey, piece: number): void {
    this.#close(piece);
    this.#underWay.push({ source, piece });
  }

  /** A piece is there and verified. */
  arrive(piece: number): void {
    if (this.#have[piece] === 0) this.#missing--;
    this.#have[piece] = 1;
    this.#underWay = this.#underWay.filter((each) => each.piece !== piece);
    // Somebody who failed may have given it back meanwhile.
    this.#close(piece);
  }

  /** A source does not deliver a piece after all: it is open again, unless somebody else is at it. */
  fail(source: SourceKey, piece: number): void {
    const at = this.#underWay.findIndex((each) => each.source === source && each.piece === piece);
    if (at === -1) return;
    this.#underWay.splice(at, 1);
    if (!this.has(piece) && !this.#isUnderWay(piece)) this.#open.push(piece);
  }

  /** The first of the open pieces; what was given back waits at the end, whatever piece it is. */
  #take(horizon: number): number | undefined {
    const isNear = (piece: number) => piece >= this.wantedFrom && piece < horizon;
    let at = this.#open.findLastIndex(isNear);
    if (at === -1) at = this.#open.findLastIndex((piece) => piece < horizon);
    return at === -1 ? undefined : this.#open.splice(at, 1)[0];
  }

  #toRepeat(source: SourceKey, mayRepeat: (slower: SourceKey) => boolean): number | undefined {
    return this.#underWay.find(({ piece }) => this.#isToRepeat(source, piece, mayRepeat))?.piece;
  }

  #isUnderWay(piece: number): boolean {
    return this.#underWay.some((each) => each.piece === piece);
  }

  /** Whether a piece is under way once, with another source, and that is slower. */
  #isToRepeat(
    source: SourceKey,
    piece: number,
    mayRepeat: (slower: SourceKey) => boolean,
  ): boolean {
    const [one, ...others] = this.#underWay.filter((each) => each.piece === piece);
    return (
      one !== undefined && others.length === 0 && one.source !== source && mayRepeat(one.source)
    );
  }

  #close(piece: number): void {
    const at = this.#open.indexOf(piece);
    if (at !== -1) this.#open.splice(at, 1);
  }
}
