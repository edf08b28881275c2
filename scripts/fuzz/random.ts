// Randomness that a seed decides: the same number of the same parser is the same input on every machine.

/** Numbers from a seed (mulberry32). */
export class Random {
  #state: number;

  constructor(...seed: (string | number)[]) {
    this.#state = hashOf(seed.join('\n'));
  }

  /** 0 ≤ it < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, 0 ≤ it < `below`. */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  isOneIn(many: number): boolean {
    return this.below(many) === 0;
  }

  of<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}
