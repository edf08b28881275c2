// Which downloads run: the ones of the highest priority, of equals those that run already, then those that
// were added first. Pure: the time comes in as an argument.
import type { Priority } from '../../protocol/control.ts';

const RANKS: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

/** What failed is tried again after so long, in milliseconds; each further failure in a row doubles it. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;

/** A download that may run. */
export interface Queued {
  priority: Priority;
  isRunning: boolean;
  addedAt: number;
  /** Not before that moment. */
  retryAt: number;
}

/** Those that are to run now. @param atOnce at most so many */
export function chosenToRun<Q extends Queued>(
  queued: Iterable<Q>,
  atOnce: number,
  now: number,
): Q[] {
  return [...queued]
    .filter(({ isRunning, retryAt }) => isRunning || retryAt <= now)
    .sort(
      (a, b) =>
        RANKS[a.priority] - RANKS[b.priority] ||
        Number(b.isRunning) - Number(a.isRunning) ||
        a.addedAt - b.addedAt,
    )
    .slice(0, atOnce);
}

/** How long to wait after so many failures in a row, at least one. */
export function retryPauseMs(failures: number): number {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
}
