// How long to wait before a registry that failed is tried again.

const FIRST_MS = 500;
/** A peer finds back to a registry that was away within this. */
const LAST_MS = 6_000;

export class Retries {
  #nextMs = FIRST_MS;

  /** It worked: the next failure is the first one again. */
  succeeded(): void {
    this.#nextMs = FIRST_MS;
  }

  /** Milliseconds; twice as long each time. Half of it by chance: a thousand peers shall not come back at the same moment. */
  nextPauseMs(): number {
    const ms = this.#nextMs * (0.5 + Math.random() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, LAST_MS);
    return ms;
  }
}
