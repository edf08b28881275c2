// Entries in an order in which they are put when somebody asks for it: most of them stand right then already, and
// those that came since are few.

export class InOrder<T extends { isGone: boolean }> {
  readonly #compare: (a: T, b: T) => number;
  #sorted: readonly T[] = [];
  #added: T[] = [];

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  add(entry: T): void {
    this.#added.push(entry);
  }

  /** Another array after something came; some of them may be gone. */
  get all(): readonly T[] {
    if (this.#added.length > 0) {
      const all = [...this.#sorted, ...this.#added].filter(({ isGone }) => !isGone);
      this.#sorted = all.sort(this.#compare);
      this.#added = [];
    }
    return this.#sorted;
  }

  /** Those that are there, from the first one that is after a place: so are all that follow it. */
  *after(isAfter: (entry: T) => boolean): Generator<T, void> {
    const { all } = this;
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isAfter(all[middle] as T)) high = middle;
      else low = middle + 1;
    }
    for (; low < all.length; low++) {
      const entry = all[low] as T;
      if (!entry.isGone) yield entry;
    }
  }
}
