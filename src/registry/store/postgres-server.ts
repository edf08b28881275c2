// A PostgreSQL server: a bounded pool of connections, transactions that are tried again where two were in
// each other's way, deadlines, failures by code. What is asked of it is the engine's.
import postgres from 'postgres';
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError } from '../../protocol/errors.ts';
import { isInTheWay, isLost, isUnavailable, reasonOf } from './postgres-errors.ts';
import { placeOf } from './postgres-url.ts';

/** Connections of one process; a server of default settings takes 100 from all of them. */
const CONNECTIONS = 10;
/** Calls that wait or are under way at once: more would only wait longer. */
const MAX_CALLS = 1_000;
const CONNECT_WITHIN_S = 5;
/** The server ends a statement, and the wait for a lock, after so many milliseconds. */
const STATEMENT_WITHIN_MS = 20_000;
const LOCK_WITHIN_MS = 5_000;
/** A process that was stopped half way through a transaction keeps its locks no longer, in milliseconds. */
const IDLE_TRANSACTION_MS = 10_000;
/** A call has failed by then, whatever the server does, in milliseconds. */
const CALL_WITHIN_MS = 30_000;
/** A call that has to wait for its turn to connect again does so for a moment, in seconds. */
const RECONNECT_AFTER_S = 0.1;
/** So often a transaction is tried; between two tries a moment of up to so many milliseconds. */
const TRIES = 8;
const MAX_PAUSE_MS = 50;

/** Where statements are sent: the pool, or a transaction on one of its connections. */
export type Sql = postgres.ISql<{ int8: number }>;

export class PostgresServer {
  readonly #url: string;
  /** Host and database; no user, no password. */
  readonly place: string;
  #pool: Pool | undefined;
  readonly #endings = new Set<Promise<void>>();
  #calls = 0;
  #answeredAt = 0;

  /** @throws CodedError `bad-usage` for what is no URL of a PostgreSQL database */
  constructor(url: string) {
    this.place = placeOf(url);
    this.#url = url;
  }

  open(): void {
    this.#pool ??= poolOf(this.#url);
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    if (pool) this.#end(pool, CONNECT_WITHIN_S);
    await Promise.all(this.#endings);
  }

  /**
   * For questions: each statement stands alone.
   *
   * @throws CodedError `engine-unavailable`, `cannot-open-data` when it is not open
   */
  async ask<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#call(work, CALL_WITHIN_MS);
  }

  /**
   * Does all of the work, or none of it where it throws; possibly several times, until it gets through.
   * Every statement sees what was committed before it.
   *
   * @throws CodedError `engine-unavailable`, `cannot-open-data` when it is not open
   */
  async transaction<T>(work: (sql: Sql) => Promise<T>, withinMs = CALL_WITHIN_MS): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#call((pool) => inTransaction(pool, work), withinMs);
      } catch (error) {
        if (!isInTheWay(error)) throw error;
        if (tries === TRIES) throw this.#unavailable('too many change the same at once', error);
      }
      await delay(Math.random() * MAX_PAUSE_MS);
    }
  }

  async #call<T>(work: (pool: Pool) => Promise<T>, withinMs: number): Promise<T> {
    const pool = this.#pool;
    if (!pool) throw new CodedError('cannot-open-data', `${this.place} is not open.`);
    if (this.#calls >= MAX_CALLS) throw this.#unavailable('too many calls wait for it');
    this.#calls++;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      // Nothing at all has come back: what hangs on these connections will not either.
      if (performance.now() - this.#answeredAt > withinMs) this.#leave(pool);
      late.reject(this.#unavailable(`no answer within ${withinMs} ms`));
    }, withinMs);
    try {
      const answer = await Promise.race([work(pool), late.promise]);
      this.#answeredAt = performance.now();
      return answer;
    } catch (error) {
      if (isLost(error)) this.#leave(pool);
      throw isUnavailable(error) ? this.#unavailable(reasonOf(error), error) : error;
    } finally {
      clearTimeout(timer);
      this.#calls--;
    }
  }

  /** The next call connects anew: what a lost connection leaves behind in a pool is not to be relied on. */
  #leave(pool: Pool): void {
    if (this.#pool !== pool) return;
    this.#pool = poolOf(this.#url);
    this.#end(pool, 0);
  }

  #end(pool: Pool, withinSeconds: number): void {
    const ending = pool.end({ timeout: withinSeconds }).finally(() => {
      this.#endings.delete(ending);
    });
    this.#endings.add(ending);
  }

  #unavailable(reason: string, cause?: unknown): CodedError {
    return new CodedError(
      'engine-unavailable',
      `The database of the index does not serve just now: ${reason}. Try again soon.`,
      { cause },
    );
  }
}

type Pool = ReturnType<typeof poolOf>;

function poolOf(url: string) {
  return postgres(url, {
    max: CONNECTIONS,
    connect_timeout: CONNECT_WITHIN_S,
    backoff: () => RECONNECT_AFTER_S,
    onnotice: () => undefined,
    // Sizes, times and counts are below 2^53.
    types: { int8: { to: 20, from: [20], parse: Number, serialize: String } },
    connection: {
      application_name: 'sp2p registry',
      statement_timeout: STATEMENT_WITHIN_MS,
      lock_timeout: LOCK_WITHIN_MS,
      idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
    },
  });
}

async function inTransaction<T>(pool: Pool, work: (sql: Sql) => Promise<T>): Promise<T> {
  const done = await pool.begin('isolation level read committed', async (sql) => {
    try {
      return { answer: await work(sql) };
    } catch (error) {
      // The driver would send a ROLLBACK where there is no connection; it ends the transaction by itself.
      if (isLost(error)) return new Promise<never>(() => undefined);
      throw error;
    }
  });
  return (done as { answer: T }).answer;
}
