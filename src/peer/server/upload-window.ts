// How many pieces are to be under way to followers at the same time: as few as keep the uplink busy, so that
// whole pieces come out early instead of all of them late. Pure: the time comes in as an argument, in
// milliseconds.

/** So much more than one piece's own time on the line is to be under way: offers, answers and queues take it. */
const AHEAD_MS = 650;
const LEAST = 2;
const MOST = 256;
/** Weight of the newest measurement. */
const WEIGHT = 0.2;
/** A piece that takes so many times as long as usual is held up by its receiver, not by the uplink. */
const SLOW = 3;
/** Before anything has arrived it is held up after so long: on a slow line that lets one more begin. */
const FIRST_WITHIN_MS = 2_000;
/** Where all are slow, the uplink is. */
const PATIENCE = 1.1;

export class UploadWindow {
  /** What one piece takes of the uplink's time, as far as is known. */
  #each: number | undefined;
  #measured = 0;
  /** Of those under way, the oldest first: how many were, itself included, when it was begun. */
  readonly #depths: number[] = [];
  #limit = LEAST;

  get underWay(): number {
    return this.#depths.length;
  }

  get limit(): number {
    return this.#limit;
  }

  get hasRoom(): boolean {
    return this.underWay < this.#limit;
  }

  begin(): void {
    this.#depths.push(this.#depths.length + 1);
  }

  /** It failed, was not wanted, or is held up: it counts no more. */
  drop(): void {
    this.#depths.shift();
  }

  /** @param tookMs from the offer to the arrival */
  end(tookMs: number): void {
    // What was begun first ends first, more or less. How many are under way now says nothing of what it had
    // to share the uplink with: a window that believed it would swing.
    const each = tookMs / (this.#depths.shift() ?? 1);
    const weight = Math.max(WEIGHT, 1 / ++this.#measured);
    if (this.#each === undefined) this.#each = each;
    else if (each > SLOW * this.#each) this.#each *= PATIENCE;
    else this.#each += weight * (each - this.#each);
    this.#limit = Math.min(
      MOST,
      Math.max(LEAST, Math.round(1 + AHEAD_MS / Math.max(0.1, this.#each))),
    );
  }

  /** Whether something that was begun so long ago is held up by its receiver. */
  isHeldUp(forMs: number): boolean {
    const depth = Math.max(this.#limit, this.underWay);
    return forMs > (this.#each === undefined ? FIRST_WITHIN_MS : SLOW * this.#each * depth);
  }
}
