// How long to wait before a registry that failed is tried again.

import { retryAfterOf } from '../../client/json-call.ts';

const FIRST_MS = 1_000;
/** A peer finds back to a registry that was away within this. */
const LAST_MS = 6_000;
/** A registry that wants to be left alone is left alone for so long at most, in seconds. */
const MAX_RETRY_AFTER_S = 60;
/** Of a pause this much at least; the rest is left to chance, so that peers which failed together come apart. */
const LEAST = 0.2;

export class Retries {
  #nextMs = FIRST_MS;

  /** It worked: the next failure is the first one again. */
  succeeded(): void {
    this.#nextMs = FIRST_MS;
  }

  /**
   * Milliseconds; twice as long each time, and after the time that the registry asks for.
   *
   * @param error of the call that failed
   */
  nextPauseMs(error: unknown): number {
    const ms = this.#nextMs * (LEAST + Math.random() * (1 - LEAST));
    this.#nextMs = Math.min(this.#nextMs * 2, LAST_MS);
    return ms + Math.min(retryAfterOf(error) ?? 0, MAX_RETRY_AFTER_S) * 1000;
  }
}
