// What PostgreSQL knows of how the tables are filled, which decides how it goes about a question. By itself it looks
// a minute later: until then it takes an index that was just filled for an empty one, and goes through whole tables
// for each search.
import type { PostgresServer } from './postgres-server.ts';

/** So many changed offers are waited for: less is gone through quickly, whichever way. */
const FIRST_AFTER = 1_000;

export class PostgresStatistics {
  readonly #server: PostgresServer;
  #changed = 0;
  #dueAt = FIRST_AFTER;

  constructor(server: PostgresServer) {
    this.#server = server;
  }

  /** @param offers that were made, or taken back */
  changed(offers: number): void {
    this.#changed += offers;
  }

  /** Has the server look at a sample of the tables, whenever twice as much has changed as at the last time. */
  async renew(): Promise<void> {
    if (this.#changed < this.#dueAt) return;
    // Also where it fails: it is not tried again and again.
    this.#dueAt = 2 * this.#changed;
    for (const table of ['names', 'offers', 'peers'])
      await this.#server.ask((sql) => sql.unsafe(`ANALYZE ${table}`));
  }
}
