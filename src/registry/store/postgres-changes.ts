// The changes of the PostgreSQL engine. Transactions end in another order than they take numbers from a
// sequence, and who follows by number would miss one that ends late. So a change is committed without a
// number, and numbered by whoever asks next, one at a time: numbers appear in order, without gaps.
import type { Change } from '../../protocol/schemas.ts';
import type { PostgresServer, Sql } from './postgres-server.ts';
import type { NumberedChange } from './store.ts';

/** So many are numbered in one transaction. */
const NUMBERED_AT_ONCE = 5_000;

/** Within the transaction that makes it. */
export function recordChange(sql: Sql, change: Change): Promise<void> {
  return recordChanges(sql, [change]);
}

/** Within the transaction that makes them. */
export async function recordChanges(sql: Sql, changes: Change[]): Promise<void> {
  if (changes.length === 0) return;
  const texts = JSON.stringify(changes.map((change) => JSON.stringify(change)));
  await sql`
    INSERT INTO changes (change) SELECT t.value FROM json_array_elements_text(${texts}::text::json) t`;
}

export async function changesAfter(
  server: PostgresServer,
  id: number,
  limit: number,
): Promise<NumberedChange[]> {
  await numberChanges(server);
  const rows = await server.ask(
    (sql) => sql<{ number: number; change: string }[]>`
      SELECT number, change FROM changes WHERE number > ${id} ORDER BY number LIMIT ${limit}`,
  );
  return rows.map(({ number, change }) => ({ id: number, change: JSON.parse(change) as Change }));
}

export async function lastChange(server: PostgresServer): Promise<number> {
  await numberChanges(server);
  const [row] = await server.ask(
    (sql) => sql<{ number: number }[]>`SELECT number FROM last_change`,
  );
  return row?.number ?? 0;
}

export async function forgetOldChanges(server: PostgresServer, kept: number): Promise<void> {
  await numberChanges(server);
  await server.ask(
    (sql) =>
      sql`DELETE FROM changes WHERE number <= (SELECT number FROM last_change) - ${kept}::bigint`,
  );
}

async function numberChanges(server: PostgresServer): Promise<void> {
  const some = await server.ask((sql) => sql`SELECT 1 FROM changes WHERE number IS NULL LIMIT 1`);
  if (some.length === 0) return;
  while ((await server.transaction(numberSome)) === NUMBERED_AT_ONCE);
}

async function numberSome(sql: Sql): Promise<number> {
  // The second statement sees what others numbered while the first one waited for its turn.
  await sql`SELECT 1 FROM last_change FOR UPDATE`;
  const { count } = await sql`
    UPDATE changes SET number = fresh.number
    FROM (
      SELECT id, (SELECT number FROM last_change) + row_number() OVER (ORDER BY id) AS number
      FROM changes WHERE number IS NULL ORDER BY id LIMIT ${NUMBERED_AT_ONCE}
    ) fresh WHERE changes.id = fresh.id`;
  await sql`UPDATE last_change SET number = number + ${count}::bigint`;
  return count;
}
