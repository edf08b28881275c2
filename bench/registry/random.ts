// Chance that is the same in every run: all that a benchmark makes up comes from one seed.

export interface Random {
  /** From 0 to below 1. */
  next: () => number;
  /** A whole number from 0 to below `limit`. */
  below: (limit: number) => number;
}

/** mulberry32: small, quick, good enough to make names up. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, below: (limit) => Math.floor(next() * limit) };
}

/** Draws an index from 0 to below `weights.length`, as often as its weight says. */
export function drawnBy(weights: readonly number[], { next }: Random): () => number {
  let total = 0;
  const sums = weights.map((weight) => (total += weight));
  return () => {
    const wanted = next() * total;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? Infinity) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** So many hex digits, a multiple of 8. */
export function hexDigits(digits: number, random: Random): string {
  let text = '';
  while (text.length < digits)
    text += random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return text;
}
