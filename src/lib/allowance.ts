// The arithmetic of a rate limit: how many bytes may pass by now, and when the next may. A bucket that
// fills at the rate and holds a short while's worth. Who waits, and for whom, is the rate limit's.

/** So long a while without bytes may be made up for at once, in milliseconds: short, so that it is smooth. */
const BURST_MS = 50;
/** However low the rate is, so many bytes may pass at once: fewer would be mostly the cost of sending them. */
export const LEAST_BURST_BYTES = 2048;

export class Allowance {
  #bytesPerSecond: number;
  /** What may pass now; below 0 after more than a burst was admitted in one go. */
  #bytes: number;
  /** Up to when the bucket was filled. */
  #filledAt: number;

  /**
   * @param bytesPerSecond above 0; Infinity: no limit
   * @param now milliseconds of a clock that goes forwards, here and below
   */
  constructor(bytesPerSecond: number, now: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#bytes = this.burstBytes;
    this.#filledAt = now;
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** The most that may pass in one go: even, and at least {@link LEAST_BURST_BYTES}. */
  get burstBytes(): number {
    return Math.max(LEAST_BURST_BYTES, 2 * Math.floor((this.#bytesPerSecond * BURST_MS) / 2000));
  }

  /** Changes the rate from now on; what was saved up under the old one is no more than the new one allows. */
  setRate(bytesPerSecond: number, now: number): void {
    this.#fill(now);
    this.#bytesPerSecond = bytesPerSecond;
    this.#bytes = bytesPerSecond === Infinity ? Infinity : Math.min(this.#bytes, this.burstBytes);
  }

  /**
   * 0: the bytes pass, and are counted. Otherwise nothing is counted, and the milliseconds to wait until
   * they may. More than a burst passes when nothing has for a while, and is paid for afterwards.
   *
   * Over any span, what passes is no more than rate × span + the burst of its beginning, and what the last
   * of it had above the burst of its moment.
   */
  admit(bytes: number, now: number): number {
    this.#fill(now);
    const missing = Math.min(bytes, this.burstBytes) - this.#bytes;
    if (missing > 0) return Math.ceil((missing / this.#bytesPerSecond) * 1000);
    this.#bytes -= bytes;
    return 0;
  }

  #fill(now: number): void {
    const elapsedMs = now - this.#filledAt;
    if (elapsedMs <= 0) return;
    this.#filledAt = now;
    const gained = (this.#bytesPerSecond * elapsedMs) / 1000;
    this.#bytes = Math.min(this.burstBytes, this.#bytes + gained);
  }
}
