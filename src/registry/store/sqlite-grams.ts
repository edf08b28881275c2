// Brings names into the trigrams of the SQLite engine, a few at a time and while there is time for it: of a
// registration this is the larger part, and a search finds names without it.
import { Repeating, takingTurns } from '../../lib/lifecycle.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** Names of one go: nothing else is done for some 10 ms. */
const AT_ONCE = 100;
const LOOK_EVERY_MS = 250;

export function gramming(file: SqliteFile, onError: (error: unknown) => void): Repeating {
  return new Repeating({
    work: (signal) => takingTurns(() => file.transaction(() => gram(file)) === AT_ONCE, signal),
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
