// One SQLite file: opening it, bringing it up to date, statements and transactions. WAL, so that
// readers never wait, and what was acknowledged survives the process (synchronous=NORMAL: a power cut
// may cost the last moments, which leases and revisions repair). What is in it is the engine's.
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from 'node:sqlite';
import { CodedError } from '../../protocol/errors.ts';

/** How long a call waits for another process that holds the file, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;
const OWNER_ONLY = 0o600;
const SQLITE_BUSY = 5;
/** Inner pages of the trees of a million names, and some of what is written; with four times as much nothing is quicker. */
const CACHE_KIB = 16 * 1024;
/** Changes of many names touch the same pages again and again: they are written back less often. */
const CHECKPOINT_PAGES = 20_000;

export type Row = Record<string, unknown>;
export type Values = Record<string, SQLInputValue>;

export class SqliteFile {
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  readonly #listing = new Map<string, StatementSync>();
  #open: DatabaseSync | undefined;
  #lock: DatabaseSync | undefined;
  #tellEnd: (isDone: boolean) => void = () => undefined;

  /** @param path where it lies, or `:memory:` */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Opens the file, and makes or updates its tables.
   *
   * @param steps step n leads from `user_version` n to n + 1
   * @throws CodedError `cannot-open-data`, `data-in-use`
   */
  open(steps: readonly string[]): void {
    try {
      if (this.#path !== ':memory:') {
        mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
        // It holds secrets. What SQLite puts beside it has the same mode.
        createForOwner(this.#path);
        this.#lock = lockOf(this.#path);
      }
      // A step may put a table in the place of another one that is referred to.
      const options = { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: false };
      this.#open = new DatabaseSync(this.#path, options);
      this.#open.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB};
         PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};`,
      );
      this.#migrate(steps);
      this.#open.exec('PRAGMA foreign_keys = ON');
    } catch (cause) {
      this.close();
      if (cause instanceof CodedError) throw cause;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new CodedError('cannot-open-data', `${this.#path}: ${message}.`, { cause });
    }
  }

  close(): void {
    this.#statements.clear();
    this.#listing.clear();
    this.#open?.close();
    this.#open = undefined;
    this.#lock?.close();
    this.#lock = undefined;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /**
   * Has values of each row of a table told, as they were, when it goes or changes in one of the columns: at once, so
   * also where that is taken back in the end. Until the file is closed.
   */
  onOld(
    table: string,
    columns: readonly string[],
    values: readonly string[],
    tell: (...values: SQLOutputValue[]) => void,
  ): void {
    this.#database.function(`tell_${table}`, { varargs: true }, (...all) => {
      tell(...all);
      return null;
    });
    const events = columns.length > 0 ? ['DELETE', `UPDATE OF ${columns.join(', ')}`] : ['DELETE'];
    for (const event of events)
      this.#database.exec(
        `CREATE TEMP TRIGGER tell_${table}_${event.slice(0, 6)} AFTER ${event} ON main.${table}
         BEGIN SELECT tell_${table}(${values.join(', ')}); END`,
      );
  }

  /** Has told of each transaction whether it was done, or taken back. Until the file is closed. */
  onEnd(tell: (isDone: boolean) => void): void {
    this.#tellEnd = tell;
  }

  all(sql: string, values: Values = {}): Row[] {
    return this.#prepare(sql).all(values);
  }

  one(sql: string, values: Values = {}): Row | undefined {
    return this.#prepare(sql).get(values);
  }

  /** Rows as lists, for values by place: what is asked all the time is asked so, in half the time. */
  lists(sql: string, ...values: SQLInputValue[]): SQLOutputValue[][] {
    let statement = this.#listing.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      statement.setReturnArrays(true);
      this.#listing.set(sql, statement);
    }
    return statement.all(...values) as unknown as SQLOutputValue[][];
  }

  /** For values by place. Answers the id of the row that was made, undefined where none was. */
  insert(sql: string, ...values: SQLInputValue[]): number | undefined {
    const { changes, lastInsertRowid } = this.#prepare(sql).run(...values);
    return changes === 0 ? undefined : Number(lastInsertRowid);
  }

  /** Answers how many rows changed. */
  run(sql: string, values: Values = {}): number {
    return Number(this.#prepare(sql).run(values).changes);
  }

  /** Does all of the work, or none of it where it throws. */
  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      this.#tellEnd(true);
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#tellEnd(false);
      throw error;
    }
  }

  /** What is asked within sees one state: a third less time than where each question begins and ends to read. */
  reading<T>(ask: () => T): T {
    if (!this.#open) return ask();
    this.#open.exec('BEGIN');
    try {
      return ask();
    } finally {
      // One who had to write within has ended it.
      if (this.#open.isTransaction) this.#open.exec('COMMIT');
    }
  }

  #migrate(steps: readonly string[]): void {
    this.transaction(() => {
      const version = this.one('PRAGMA user_version')?.['user_version'] as number;
      if (version > steps.length)
        throw new CodedError(
          'cannot-open-data',
          `${this.#path} was written by a newer version of this program (schema ${version}, known here: ${steps.length}).`,
        );
      for (const step of steps.slice(version)) this.#database.exec(step);
      this.#database.exec(`PRAGMA user_version = ${steps.length}`);
    });
  }

  get #database(): DatabaseSync {
    if (!this.#open) throw new CodedError('cannot-open-data', `${this.#path} is not open.`);
    return this.#open;
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }
}

function createForOwner(path: string): void {
  closeSync(openSync(path, 'a', OWNER_ONLY));
  chmodSync(path, OWNER_ONLY);
}

/**
 * What is in memory of one process is not known to another. The lock is the system's, and ends with the process; on a
 * file of its own, so that the index can be read and copied meanwhile.
 *
 * @throws CodedError `data-in-use`
 */
function lockOf(path: string): DatabaseSync {
  const beside = `${path}-lock`;
  createForOwner(beside);
  const lock = new DatabaseSync(beside, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock.close();
    if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY) throw cause;
    throw new CodedError(
      'data-in-use',
      `Another registry has its index in ${path}; each needs a folder of its own (--data).`,
      { cause },
    );
  }
}

/** SQLite answers at once; the contract speaks of promises, for the engines that do not. */
export function asPromise<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
