// The rates of several sources, one upon the other, over time: pure.
import type { Sample } from '../state/rate-history.ts';

export interface Stack {
  /** Sources from the bottom up, the busiest first. */
  sources: string[];
  /** The top of each source at each sample, bytes a second: `tops[source][sample]`. */
  tops: number[][];
  /** The greatest sum, bytes a second. */
  max: number;
}

export function stackOf(samples: readonly Sample[]): Stack {
  const totals = new Map<string, number>();
  for (const { rates } of samples)
    for (const [source, rate] of rates) totals.set(source, (totals.get(source) ?? 0) + rate);
  const sources = [...totals.keys()].sort((a, b) => (totals.get(b) ?? 0) - (totals.get(a) ?? 0));
  const sums = samples.map(() => 0);
  const tops = sources.map((source) =>
    samples.map(({ rates }, at) => {
      const sum = (sums[at] ?? 0) + (rates.get(source) ?? 0);
      sums[at] = sum;
      return sum;
    }),
  );
  return { sources, tops, max: Math.max(0, ...sums) };
}

/** The next round figure from a rate up: what a scale ends in. Powers of two, as rates are shown. */
export function roundUp(rate: number): number {
  return rate <= 1024 ? 1024 : 2 ** Math.ceil(Math.log2(rate));
}
