// A limit of bytes a second that any number of transfers share. Those who must wait stand in one line,
// each with a small portion, so that all get the same and none starves. It may be changed at any time.
import { Allowance } from './allowance.ts';

/** A timer cannot be set for longer than 24 days; looking again this often costs nothing. */
const LOOK_AT_LEAST_EVERY_MS = 60_000;
/** The line is empty between two portions, too: so long ago somebody stood in it while the limit holds up. */
const RECENT_MS = 1_000;

interface Waiting {
  bytes: number;
  onPassed: () => void;
}

export class RateLimit {
  readonly #now: () => number;
  readonly #allowance: Allowance;
  readonly #line = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined;
  #waitedAt = -Infinity;

  /**
   * @param bytesPerSecond above 0; Infinity: no limit
   * @param now milliseconds of the clock that timers go by
   */
  constructor(bytesPerSecond = Infinity, now = () => performance.now()) {
    this.#now = now;
    this.#allowance = new Allowance(bytesPerSecond, now());
  }

  get bytesPerSecond(): number {
    return this.#allowance.bytesPerSecond;
  }

  /** In effect at once, for those who wait already, too. */
  set bytesPerSecond(bytesPerSecond: number) {
    this.#allowance.setRate(bytesPerSecond, this.#now());
    this.#letPass();
  }

  get isOn(): boolean {
    return this.bytesPerSecond !== Infinity;
  }

  /**
   * How many bytes one transfer should ask for at a time; Infinity without a limit. Half a burst: while a
   * timer that is late lets one wait, the other half is saved up, and the rate is kept.
   */
  get portionBytes(): number {
    return this.isOn ? this.#allowance.burstBytes / 2 : Infinity;
  }

  /** Whether transfers would be quicker but for the limit. */
  get isHoldingUp(): boolean {
    return this.#line.size > 0 || this.#now() - this.#waitedAt < RECENT_MS;
  }

  /**
   * Undefined: the bytes pass at once. Otherwise `onPassed` is called when it is their turn, unless the
   * function that is answered takes them out of the line before.
   */
  hold(bytes: number, onPassed: () => void): (() => void) | undefined {
    if (!this.isOn) return undefined;
    if (this.#line.size === 0) {
      const waitMs = this.#allowance.admit(bytes, this.#now());
      if (waitMs === 0) return undefined;
      this.#lookAgainIn(waitMs);
    }
    const waiting = { bytes, onPassed };
    this.#line.add(waiting);
    return () => {
      this.#line.delete(waiting);
      this.#letPass();
    };
  }

  /** Like {@link hold}: undefined, or a promise that resolves at their turn or at the signal. */
  passed(bytes: number, signal: AbortSignal): Promise<void> | undefined {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const onPassed = () => {
      signal.removeEventListener('abort', onAbort);
      resolve(undefined);
    };
    const leave = this.hold(bytes, onPassed);
    if (!leave) return undefined;
    const onAbort = () => {
      leave();
      resolve(undefined);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    return promise;
  }

  /** Lets those pass who may now, the longest waiting first, and sets the timer for the next. */
  #letPass(): void {
    clearTimeout(this.#timer);
    for (const waiting of this.#line) {
      const now = this.#now();
      this.#waitedAt = now;
      const waitMs = this.#allowance.admit(waiting.bytes, now);
      if (waitMs > 0) {
        this.#lookAgainIn(waitMs);
        return;
      }
      this.#line.delete(waiting);
      waiting.onPassed();
    }
  }

  #lookAgainIn(waitMs: number): void {
    clearTimeout(this.#timer);
    const look = () => {
      this.#letPass();
    };
    this.#timer = setTimeout(look, Math.min(waitMs, LOOK_AT_LEAST_EVERY_MS));
  }
}
