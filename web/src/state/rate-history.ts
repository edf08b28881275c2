// The rates of the last few minutes, by download and source: what the chart of a download shows.
import { signal } from '@preact/signals';
import type { Download } from '../../../src/protocol/control.ts';

export interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  /** Bytes a second by source. */
  rates: ReadonlyMap<string, number>;
}

/** At most two a second for three minutes. */
export const HISTORY_MS = 180_000;
const STEP_MS = 500;

const histories = new Map<string, Sample[]>();
/** Counts up whenever there is something new to draw. */
export const historyTick = signal(0);

export function historyOf(id: string): readonly Sample[] {
  return histories.get(id) ?? [];
}

/** Notes what runs; forgets what is not listed any more. */
export function noteRates(downloads: readonly Download[], now: number): void {
  const listed = new Set(downloads.map(({ id }) => id));
  for (const id of histories.keys()) if (!listed.has(id)) histories.delete(id);
  for (const { id, state, sources } of downloads) {
    const history = histories.get(id) ?? [];
    const last = history.at(-1);
    if (last && now - last.at < STEP_MS) continue;
    if (state !== 'running' && (!last || last.rates.size === 0)) continue;
    const rates =
      state === 'running' ? sources.filter(({ rate }) => rate > 0) : ([] as typeof sources);
    history.push({ at: now, rates: new Map(rates.map(({ endpoint, rate }) => [endpoint, rate])) });
    while (history[0] && now - history[0].at > HISTORY_MS) history.shift();
    histories.set(id, history);
  }
  historyTick.value++;
}
