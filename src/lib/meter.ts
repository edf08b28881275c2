// How many bytes a second: what was counted over the last few seconds. Pure: the time comes in as an argument,
// in milliseconds of a clock that goes forwards.

/** What is counted within so long counts as one. */
const SLOT_MS = 500;
/** The rate is that of so many of them, and of the one that has begun. */
const SLOTS = 6;

export class Meter {
  readonly #slots = new Float64Array(SLOTS + 1);
  /** The slot that was written last, counted from the clock's beginning. */
  #last = -Infinity;
  /** When the first bytes came after a time without any. */
  #since = Infinity;
  /** All that was counted. */
  total = 0;

  add(bytes: number, now: number): void {
    this.#forget(now);
    if (bytes > 0 && this.#since === Infinity) this.#since = now;
    const at = this.#last % this.#slots.length;
    this.#slots[at] = (this.#slots[at] ?? 0) + bytes;
    this.total += bytes;
  }

  /** Bytes a second. */
  rate(now: number): number {
    this.#forget(now);
    const bytes = this.#slots.reduce((sum, each) => sum + each, 0);
    if (bytes === 0) return 0;
    const windowMs = SLOTS * SLOT_MS + (now % SLOT_MS);
    // What has just begun is not as slow as if it had gone on all the time; nor infinitely quick.
    const ms = Math.max(SLOT_MS, Math.min(windowMs, now - this.#since));
    return (bytes * 1000) / ms;
  }

  /** Empties the slots that are over, up to now. */
  #forget(now: number): void {
    const current = Math.floor(now / SLOT_MS);
    const { length } = this.#slots;
    const over = Math.min(length, current - this.#last);
    for (let back = 0; back < over; back++) this.#slots[(current - back) % length] = 0;
    this.#last = Math.max(this.#last, current);
    if (this.#slots.every((bytes) => bytes === 0)) this.#since = Infinity;
  }
}
