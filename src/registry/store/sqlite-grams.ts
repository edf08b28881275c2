// Brings names into the trigrams of the SQLite engine, a few at a time and while there is time for it: of a
// registration this is the larger part, and a search finds names without it.
import { setTimeout as delay } from 'node:timers/promises';
import { isStopping, Repeating } from '../../lib/lifecycle.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** Names of one go: nothing else is done for some 10 ms. */
const AT_ONCE = 100;
/** After one go so long for all others, in times of what it took: more while they have much to do. */
const REST = 1;
const REST_OF_BUSY = 8;
const LOOK_EVERY_MS = 250;

export function gramming(file: SqliteFile, onError: (error: unknown) => void): Repeating {
  return new Repeating({
    work: async (signal) => {
      let isBusy = false;
      for (;;) {
        const begun = performance.now();
        if (file.transaction(() => gram(file)) < AT_ONCE || isStopping(signal)) return;
        const ended = performance.now();
        const rest: number = (isBusy ? REST_OF_BUSY : REST) * (ended - begun);
        await delay(rest);
        if (isStopping(signal)) return;
        // Others were in the middle of something when the time was over.
        isBusy = performance.now() - ended > rest + (ended - begun);
      }
    },
    pauseMs: LOOK_EVERY_MS,
    pauseFirst: true,
    onError,
  });
}

/** Answers how many names it brought in. */
function gram(file: SqliteFile): number {
  const limit = { limit: AT_ONCE };
  const some = 'SELECT id FROM ungrammed ORDER BY id LIMIT :limit';
  const count = file.run(
    `INSERT INTO grams (rowid, folded) SELECT id, folded FROM names WHERE id IN (${some})`,
    limit,
  );
  if (count > 0) file.run(`DELETE FROM ungrammed WHERE id IN (${some})`, limit);
  return count;
}
