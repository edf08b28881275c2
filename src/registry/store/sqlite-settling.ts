// Brings what came (sqlite-recent.ts) into the trees of the file, each in its own order, so that neighbours share a
// page: when much has come, a little with each change that brings more, or when nothing more comes.
import type { SQLInputValue } from 'node:sqlite';
import { Repeating, takingTurns } from '../../lib/lifecycle.ts';
import type { SqliteFile } from './sqlite-file.ts';
import type { Generation, RecentEntries } from './sqlite-recent.ts';

/** For each that comes meanwhile so many are brought into a tree: twice as many into each of three. */
const ROOM_FOR_EACH = 6;
/** While there is time for it: some milliseconds. */
const AT_ONCE = 1_000;
const FORGOTTEN_AT_ONCE = 5 * AT_ONCE;
const LOOK_EVERY_MS = 1_000;

const BY_NAME = 'INSERT OR REPLACE INTO by_name (name, id) VALUES (?, ?)';
const BY_LEAF = 'INSERT OR REPLACE INTO by_leaf (leaf, id) VALUES (?, ?)';
const BY_ROOT =
  'INSERT OR REPLACE INTO by_root (root, peer, name, size) VALUES (unhex(?), ?, ?, ?)';

/** What has to be brought into one tree, in its order. */
interface Way {
  length: number;
  /** Nothing for what is gone. */
  insert: (at: number) => void;
}

interface Pass {
  generation: Generation;
  /** The last of its notes. */
  upTo: number;
  /** Put in order when it is their turn, as that takes a moment of its own. */
  coming: (() => Way)[];
  way: Way;
  /** Of the way that is gone now. */
  reached: number;
}

export class Settling {
  readonly #file: SqliteFile;
  readonly #recent: RecentEntries;
  readonly #onError: (error: unknown) => void;
  readonly #maxRecent: number;
  #pass: Pass | undefined;

  /** @param options.maxRecent offers in memory from which on they are brought into the trees while others come */
  constructor(
    file: SqliteFile,
    recent: RecentEntries,
    { maxRecent, onError }: { maxRecent: number; onError: (error: unknown) => void },
  ) {
    this.#file = file;
    this.#recent = recent;
    this.#maxRecent = maxRecent;
    this.#onError = onError;
  }

  /** After so many offers have come: in transactions of its own. */
  makeRoom(came: number): void {
    if (came === 0 || (!this.#pass && this.#recent.filled.noted <= this.#maxRecent)) return;
    try {
      this.#goOn(ROOM_FOR_EACH * came);
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Does so whenever nothing has come for a moment. */
  whenQuiet(): Repeating {
    let before = 0;
    return new Repeating({
      work: async (signal) => {
        const { filled } = this.#recent;
        const isQuiet = filled.noted === before;
        before = filled.noted;
        if (!isQuiet || (!this.#pass && filled.noted === 0)) return;
        await takingTurns(() => !this.#goOn(AT_ONCE), signal);
      },
      pauseMs: LOOK_EVERY_MS,
      pauseFirst: true,
      onError: this.#onError,
    });
  }

  /** So many of one tree; true when a whole generation is in all of them. */
  #goOn(count: number): boolean {
    const pass = (this.#pass ??= this.#begin());
    const { way, reached } = pass;
    if (reached < way.length) {
      this.#file.transaction(() => {
        for (let at = reached; at < Math.min(way.length, reached + count); at++) way.insert(at);
      });
      pass.reached += count;
      return false;
    }
    const next = pass.coming.shift();
    if (next) {
      pass.way = next();
      pass.reached = 0;
      return false;
    }
    if (!this.#forget(pass.upTo)) return false;
    this.#recent.drop(pass.generation);
    this.#pass = undefined;
    return true;
  }

  #begin(): Pass {
    const generation = this.#recent.turn();
    const { byName, byLeaf, offers } = generation;
    const byRoot = () => offers.roots.sort().flatMap((root) => offers.of(root));
    return {
      generation,
      upTo: this.#latest(),
      coming: [
        () => this.#way(byLeaf.all, ({ leaf, id }) => [BY_LEAF, leaf, id]),
        () =>
          this.#way(byRoot(), ({ root, peer, name, size }) => [BY_ROOT, root, peer, name, size]),
      ],
      way: this.#way(byName.all, ({ name, id }) => [BY_NAME, name, id]),
      reached: 0,
    };
  }

  #way<T extends { isGone: boolean }>(
    entries: readonly T[],
    statement: (entry: T) => [sql: string, ...values: SQLInputValue[]],
  ): Way {
    return {
      length: entries.length,
      insert: (at) => {
        const entry = entries[at];
        if (entry && !entry.isGone) this.#file.insert(...statement(entry));
      },
    };
  }

  /** Some notes up to this one; true when there are none of them any more. */
  #forget(upTo: number): boolean {
    const first = this.#file.lists('SELECT min(seq) FROM recent')[0]?.[0] as number | null;
    const some = Math.min(upTo, (first ?? upTo) + FORGOTTEN_AT_ONCE);
    this.#file.insert('DELETE FROM recent WHERE seq <= ?', some);
    return some === upTo;
  }

  #latest(): number {
    return (this.#file.lists('SELECT max(seq) FROM recent')[0]?.[0] as number | null) ?? 0;
  }
}
