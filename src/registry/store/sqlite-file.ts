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
/** Names of a million files come in any order, each into several indexes; with twice as much none of it is quicker. */
const CACHE_KIB = 64 * 1024;
/** Changes of many names touch the same pages again and again: they are written back less often. */
const CHECKPOINT_PAGES = 20_000;

export type Row = Record<string, unknown>;
export type Values = Record<string, SQLInputValue>;

export class SqliteFile {
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  readonly #listing = new Map<string, StatementSync>();
  #open: DatabaseSync | undefined;

  /** @param path where it lies, or `:memory:` */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Opens the file, and makes or updates its tables.
   *
   * @param steps step n leads from `user_version` n to n + 1
   * @throws CodedError `cannot-open-data`
   */
  open(steps: readonly string[]): void {
    try {
      if (this.#path !== ':memory:') {
        mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
        // It holds secrets. What SQLite puts beside it has the same mode.
        closeSync(openSync(this.#path, 'a', OWNER_ONLY));
        chmodSync(this.#path, OWNER_ONLY);
      }
      this.#open = new DatabaseSync(this.#path, { timeout: BUSY_TIMEOUT_MS });
      this.#open.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB};
         PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};`,
      );
      this.#migrate(steps);
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
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /**
   * Has each row of a table told that changes in one of the columns, or goes, by the id that it had: at once, so
   * also where that is taken back in the end. Until the file is closed.
   */
  onChange(table: string, columns: readonly string[], tell: (id: number) => void): void {
    this.#database.function(`tell_${table}`, (id) => {
      tell(id as number);
      return null;
    });
    for (const event of [`UPDATE OF ${columns.join(', ')}`, 'DELETE'])
      this.#database.exec(
        `CREATE TEMP TRIGGER tell_${table}_${event.slice(0, 6)} AFTER ${event} ON main.${table}
         BEGIN SELECT tell_${table}(old.id); END`,
      );
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
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** In one transaction: of two processes that begin on one file, one waits for the other. */
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

/** SQLite answers at once; the contract speaks of promises, for the engines that do not. */
export function asPromise<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
