// Whom a peer offers which piece of one content next. Pure: time and chance come in as arguments, so that
// the simulator runs the very same. It is the uploader who chooses: it knows what its followers have, and
// so what the swarm around it lacks most.
import { PieceSet } from '../../protocol/piece-set.ts';

/** Offers and pieces that one follower may have under way from here. */
export const UNDER_WAY_EACH = 3;
/** One who has got nothing from here yet has to show that it gets what it asks for. */
const UNDER_WAY_UNPROVEN = 1;
/** So large a part of the offers goes to those who have got something: a crowd who never do delays them little. */
const PART_OF_PROVEN = 0.5;
/** An offer names so many pieces: the best, and what to take in its place. */
const CHOICES = 8;
/** Pieces that a follower did not want are on their way to it from elsewhere: so long, in milliseconds. */
const DECLINED_MS = 300;

/** No content has so many pieces. */
const MORE_THAN_PIECES = 2 ** 32;

/** Somebody who wants pieces of the content from here. */
export class Follower {
  readonly has: PieceSet;
  /** Pieces that are here and not there. */
  lacks: number;
  /** The pieces of the offers that were not answered, the oldest first. */
  readonly offered: number[][] = [];
  /** Pieces that it did not want, and until when they are not offered again; the oldest first. */
  readonly declined = new Map<number, number>();
  /** Pieces that it has asked for, and has not got yet. */
  readonly underWay = new Set<number>();
  /** Whether it has got a piece from here: it does what it asks for. */
  isProven = false;
  /** Nothing is offered before. */
  restsUntil = -Infinity;
  /** It reads in order, from this piece on. */
  readsAt: number | undefined;
  /** Where it stands among the followers. */
  at: number;

  constructor(pieces: number, lacks: number, at: number) {
    this.has = new PieceSet(pieces);
    this.lacks = lacks;
    this.at = at;
  }

  get load(): number {
    return this.offered.length + this.underWay.size;
  }
}

export class UploadPlan {
  /** What is here. */
  readonly #has: PieceSet;
  readonly #random: () => number;
  readonly #followers: Follower[] = [];
  /**
   * Copies of each piece among the followers, those under way to them from here, and those offered as a
   * first choice: or else a seed would offer its rarest piece to several at once.
   */
  readonly #copies: Uint16Array;

  constructor(has: PieceSet, random: () => number) {
    this.#has = has;
    this.#random = random;
    this.#copies = new Uint16Array(has.length);
  }

  get followers(): readonly Follower[] {
    return this.#followers;
  }

  join(): Follower {
    const follower = new Follower(this.#has.length, this.#has.count, this.#followers.length);
    this.#followers.push(follower);
    return follower;
  }

  leave(follower: Follower): void {
    const last = this.#followers.pop();
    if (last && last !== follower) {
      this.#followers[follower.at] = last;
      last.at = follower.at;
    }
    for (const piece of follower.underWay) this.#dropCopy(piece);
    for (const [first] of follower.offered) this.#dropCopy(first);
    for (const piece of follower.has) this.#dropCopy(piece);
  }

  /** A piece is here now: it was added to what is here. */
  gain(piece: number): void {
    for (const follower of this.#followers) if (!follower.has.has(piece)) follower.lacks++;
  }

  /** A follower has got a piece, from wherever. */
  learn(follower: Follower, piece: number): void {
    if (!follower.has.add(piece)) return;
    follower.declined.delete(piece);
    if (this.#has.has(piece)) follower.lacks--;
    // Where it was under way from here, the copy is counted already, and there may be room for another.
    if (!follower.underWay.delete(piece)) this.#addCopy(piece);
    else {
      follower.isProven = true;
      if (follower.restsUntil < Infinity) follower.restsUntil = -Infinity;
    }
  }

  /** A follower asks for a piece, as an answer to an offer or of its own accord. */
  claim(follower: Follower, piece: number): void {
    this.#answered(follower);
    if (follower.underWay.has(piece) || follower.has.has(piece)) return;
    follower.underWay.add(piece);
    this.#addCopy(piece);
  }

  /** A piece that was asked for is not on its way any more, and has not arrived. */
  fail(follower: Follower, piece: number): void {
    if (follower.underWay.delete(piece)) this.#dropCopy(piece);
  }

  /** A follower wants none of what was offered. */
  pass(follower: Follower, now: number): void {
    for (const piece of this.#answered(follower)) {
      // As the newest of the map.
      follower.declined.delete(piece);
      if (!follower.has.has(piece)) follower.declined.set(piece, now + DECLINED_MS);
    }
  }

  /** A follower takes nothing more before something has arrived from here, or does not answer. */
  rest(follower: Follower, until: number): void {
    this.#answered(follower);
    follower.restsUntil = until;
  }

  /** Whom to offer which pieces, the best one first; undefined: nobody wants anything now. */
  next(now: number): { follower: Follower; pieces: number[] } | undefined {
    const proven = this.#random() < PART_OF_PROVEN ? this.#neediest(now, true) : undefined;
    const follower = proven ?? this.#neediest(now, false);
    if (!follower) return undefined;
    const pieces = this.#choicesOf(follower);
    const [first] = pieces;
    if (first === undefined) return undefined;
    follower.offered.push(pieces);
    this.#addCopy(first);
    return { follower, pieces };
  }

  /**
   * Those with the least under way from here first, so that all get some; of those, whoever has the fewest
   * pieces, so that all end at about the same time.
   */
  #neediest(now: number, onlyProven: boolean): Follower | undefined {
    let best: Follower | undefined;
    let bestScore = Infinity;
    const count = this.#followers.length;
    const from = Math.floor(this.#random() * count);
    for (let step = 0; step < count; step++) {
      const follower = this.#followers[(from + step) % count];
      if (!follower) continue;
      const { lacks, restsUntil, isProven, declined } = follower;
      if (lacks === 0 || restsUntil > now || (onlyProven && !isProven)) continue;
      const { load } = follower;
      if (load >= (isProven ? UNDER_WAY_EACH : UNDER_WAY_UNPROVEN)) continue;
      for (const [piece, until] of declined) {
        if (until > now) break;
        declined.delete(piece);
      }
      if (lacks <= load + declined.size) continue;
      const score = load * MORE_THAN_PIECES + follower.has.count;
      if (score >= bestScore) continue;
      best = follower;
      bestScore = score;
    }
    return best;
  }

  /** What is here and not there: the next in order for those who read in order, the rarest for all others. */
  #choicesOf(follower: Follower): number[] {
    const { words } = this.#has;
    const pieces: number[] = [];
    const ranks: number[] = [];
    const inOrder = follower.readsAt !== undefined;
    const first = follower.readsAt ?? Math.floor(this.#random() * this.#has.length);
    const firstWord = first >>> 5;
    // The first word twice: from the first piece on, and at the end what is before it.
    for (let turn = 0; turn <= words.length; turn++) {
      const word = (firstWord + turn) % words.length;
      let bits = (words[word] ?? 0) & ~(follower.has.words[word] ?? 0);
      const before = (1 << (first & 31)) - 1;
      if (turn === 0) bits &= ~before;
      if (turn === words.length) bits &= before;
      for (; bits !== 0; bits &= bits - 1) {
        const piece = word * 32 + (31 - Math.clz32(bits & -bits));
        if (follower.underWay.has(piece) || follower.declined.has(piece)) continue;
        const rank = inOrder ? pieces.length : (this.#copies[piece] ?? 0);
        if (pieces.length === CHOICES && rank >= (ranks.at(-1) ?? 0)) continue;
        let place = ranks.length;
        while (place > 0 && (ranks[place - 1] ?? 0) > rank) place--;
        ranks.splice(place, 0, rank);
        pieces.splice(place, 0, piece);
        if (pieces.length > CHOICES) {
          ranks.pop();
          pieces.pop();
        }
      }
      if (inOrder && pieces.length === CHOICES) break;
    }
    return pieces;
  }

  /** Offers are answered in their order. */
  #answered(follower: Follower): number[] {
    const pieces = follower.offered.shift() ?? [];
    this.#dropCopy(pieces[0]);
    return pieces;
  }

  #addCopy(piece: number): void {
    this.#copies[piece] = (this.#copies[piece] ?? 0) + 1;
  }

  #dropCopy(piece: number | undefined): void {
    if (piece === undefined) return;
    this.#copies[piece] = Math.max(0, (this.#copies[piece] ?? 0) - 1);
  }
}
