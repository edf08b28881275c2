// All names that are offered, in code unit order. What changed is sorted alone and merged in when somebody
// asks: to sort 100,000 names for each file that comes would stop everything else.

export class SortedNames {
  readonly #isOffered: (name: string) => boolean;
  #names: readonly string[] = [];
  #changed = new Set<string>();

  /** @param isOffered asked of names that changed */
  constructor(isOffered: (name: string) => boolean) {
    this.#isOffered = isOffered;
  }

  /** Names that came, went or stay. */
  changed(names: Iterable<string>): void {
    for (const name of names) this.#changed.add(name);
  }

  /** Another array after each change; it is never changed itself. */
  get all(): readonly string[] {
    if (this.#changed.size === 0) return this.#names;
    const changed = this.#changed;
    this.#changed = new Set();
    const coming = [...changed].filter(this.#isOffered).sort();
    const merged: string[] = [];
    let at = 0;
    for (const name of this.#names) {
      if (changed.has(name)) continue;
      for (let next = coming[at]; next !== undefined && next < name; next = coming[++at])
        merged.push(next);
      merged.push(name);
    }
    for (; at < coming.length; at++) merged.push(coming[at] ?? '');
    return (this.#names = merged);
  }
}
