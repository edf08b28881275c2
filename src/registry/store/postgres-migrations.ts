// Brings a database up to date, step by step, however many registries begin at once: each step is made by
// the one that holds the row of the version.
import postgres from 'postgres';
import { CodedError } from '../../protocol/errors.ts';
import { mayServeSoon, reasonOf } from './postgres-errors.ts';
import type { PostgresServer, Sql } from './postgres-server.ts';

/** A step may go through all that is kept, and others wait for it meanwhile, in milliseconds. */
const STEP_WITHIN_MS = 10 * 60_000;

/**
 * @param steps step n leads from version n to n + 1
 * @throws CodedError `cannot-open-data`, `engine-unavailable` where it may work in a moment
 */
export async function migrate(server: PostgresServer, steps: readonly string[]): Promise<void> {
  const refuse = (what: string, cause?: unknown) =>
    new CodedError('cannot-open-data', `${server.place}: ${what}.`, { cause });
  try {
    await server.transaction(async (sql) => {
      await sql`CREATE TABLE IF NOT EXISTS sp2p_version (
        is_only boolean PRIMARY KEY CHECK (is_only), version bigint NOT NULL)`;
      await sql`INSERT INTO sp2p_version (is_only, version) VALUES (true, 0) ON CONFLICT DO NOTHING`;
    });
    let version: number;
    do {
      version = await server.transaction((sql) => step(sql, steps), STEP_WITHIN_MS);
    } while (version < steps.length);
    if (version > steps.length)
      throw refuse(
        `it was written by a newer version of this program (schema ${version}, known here: ${steps.length})`,
      );
  } catch (error) {
    if (error instanceof NoTrigrams)
      throw refuse(
        'the extension pg_trgm is missing and may not be made by this user; let an administrator run CREATE EXTENSION pg_trgm in this database',
        error.cause,
      );
    if (error instanceof CodedError && error.code === 'engine-unavailable') {
      if (error.cause === undefined || mayServeSoon(error.cause)) throw error;
      throw refuse(explained(error.cause) ?? error.message.replace(/\.$/, ''), error);
    }
    if (error instanceof postgres.PostgresError) throw refuse(error.message, error);
    throw error;
  }
}

/** Makes the next step if there is one; answers the version that it then has. */
async function step(sql: Sql, steps: readonly string[]): Promise<number> {
  await sql.unsafe(
    `SET LOCAL statement_timeout = ${STEP_WITHIN_MS}; SET LOCAL lock_timeout = ${STEP_WITHIN_MS}`,
  );
  const [row] = await sql<{ version: number }[]>`SELECT version FROM sp2p_version FOR UPDATE`;
  const version = row?.version ?? 0;
  const next = steps[version];
  if (next === undefined) return version;
  if (version === 0) await makeTrigrams(sql);
  await sql.unsafe(next);
  await sql`UPDATE sp2p_version SET version = ${version + 1}`;
  return version + 1;
}

class NoTrigrams extends Error {}

/** The extension that finds texts by three characters in a row comes with the server; it is there or is made. */
async function makeTrigrams(sql: Sql): Promise<void> {
  const known = await sql`SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'pg_trgm'`;
  if (known.length > 0) return;
  try {
    await sql`CREATE EXTENSION pg_trgm SCHEMA public`;
  } catch (cause) {
    if (!(cause instanceof postgres.PostgresError)) throw cause;
    // Another registry made it at this moment, in another schema of the same database.
    if (cause.code === '23505' || cause.code === '42710') throw cause;
    throw new NoTrigrams('no pg_trgm', { cause });
  }
}

/** What the server or the way there said: whoever starts a registry is to know, unlike whoever calls it. */
function explained(error: unknown): string | undefined {
  if (error instanceof postgres.PostgresError) return `${error.message} (SQLSTATE ${error.code})`;
  return error instanceof Error ? reasonOf(error) : undefined;
}
