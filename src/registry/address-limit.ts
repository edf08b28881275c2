// How often one address may ask, in windows of a minute: counted for every request, so in one step each.

export const WINDOW_MS = 60_000;
/** Addresses that are counted at once, some 150 bytes each; of more the one whose window began first is forgotten. */
const MAX_ADDRESSES = 50_000;

interface Window {
  count: number;
  endsAt: number;
}

export class AddressLimit {
  readonly #perMinute: number;
  readonly #now: () => number;
  /** In the order in which they began. */
  readonly #windows = new Map<string, Window>();

  /**
   * @param perMinute requests of one address, at least 1
   * @param now milliseconds of a clock that goes forwards
   */
  constructor(perMinute: number, now = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  get perMinute(): number {
    return this.#perMinute;
  }

  /** Counts a request. Answers in how many seconds, 1 to 60, the address may ask again; 0: now. */
  count(address: string): number {
    const now = this.#now();
    const window = this.#windows.get(address);
    if (window && now < window.endsAt) {
      window.count++;
      return window.count > this.#perMinute ? Math.ceil((window.endsAt - now) / 1000) : 0;
    }
    // Anew, and so as the last one.
    this.#windows.delete(address);
    const [first] = this.#windows.keys();
    if (first !== undefined && this.#windows.size >= MAX_ADDRESSES) this.#windows.delete(first);
    this.#windows.set(address, { count: 1, endsAt: now + WINDOW_MS });
    return 0;
  }
}
