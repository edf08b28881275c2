// What peers of the PostgreSQL engine offer under names. Each within a transaction of the caller's, who
// has locked the row of the peer; then names are locked in code point order, so that no two wait for
// each other. Who offers a name shares its row with others who do; who may take it away has it alone.
import type { CatalogueEntry } from '../../protocol/schemas.ts';
import { TryAgain } from './postgres-errors.ts';
import type { Sql } from './postgres-server.ts';
import { fold, leafOf } from './search-text.ts';

/** What is kept of an offer; null: not told. */
export interface Offered {
  name: string;
  size: number | null;
  modified: number | null;
  /** Hex digits. */
  root: string | null;
}

/** Takes back and offers; answers by how much that changes the number of the peer's names. */
export async function changeOffers(
  sql: Sql,
  peer: number,
  offered: Offered[],
  withdrawn: string[],
): Promise<number> {
  const offers = new Map(offered.map((each) => [each.name, each]));
  const gone = new Set(withdrawn.filter((name) => !offers.has(name)));
  const ids = await claim(sql, [...offers.keys()], [...gone]);
  const removed = await withdraw(
    sql,
    peer,
    [...gone].flatMap((name) => ids.get(name) ?? []),
  );
  return (await offer(sql, peer, [...offers.values()], ids)) - removed;
}

/** Of a change, as it is kept. */
export function offeredOf(offered: CatalogueEntry[]): Offered[] {
  return offered.map(({ root = null, ...each }) => ({ ...each, root }));
}

/** Takes back up to so many of what a peer offers; answers how many. */
export async function withdrawSome(sql: Sql, peer: number, limit: number): Promise<number> {
  const some = await sql<{ id: number }[]>`
    SELECT n.id FROM names n
    WHERE n.id IN (SELECT name FROM offers WHERE peer = ${peer} ORDER BY name LIMIT ${limit})
    ORDER BY n.name FOR UPDATE`;
  return withdraw(
    sql,
    peer,
    some.map(({ id }) => id),
  );
}

/** Locks names, those that are offered made where they are not there; answers their ids. */
async function claim(sql: Sql, offered: string[], gone: string[]): Promise<Map<string, number>> {
  const wanted = JSON.stringify([...offered, ...gone]);
  const made = JSON.stringify(
    offered.map((name) => {
      const folded = fold(name);
      return { name, folded, leaf: leafOf(folded) };
    }),
  );
  if (offered.length > 0)
    await sql`
        INSERT INTO names (name, folded, leaf)
        SELECT t.name, t.folded, t.leaf
        FROM json_to_recordset(${made}::text::json) AS t (name text, folded text, leaf text)
        WHERE NOT EXISTS (SELECT 1 FROM names n WHERE n.name = t.name COLLATE "C")
        ORDER BY t.name COLLATE "C"
        ON CONFLICT (name) DO NOTHING`;
  const rows = await sql<{ id: number; name: string }[]>`
      SELECT n.id, n.name FROM names n
      WHERE n.name IN (SELECT t.value COLLATE "C" FROM json_array_elements_text(${wanted}::text::json) t)
      ORDER BY n.name ${gone.length > 0 ? sql`FOR UPDATE OF n` : sql`FOR KEY SHARE OF n`}`;
  const ids = new Map(rows.map(({ id, name }) => [name, id]));
  // One went before it was locked. To make it now, with all these locks, might wait for who waits for them.
  if (!offered.every((name) => ids.has(name))) throw new TryAgain('names come and go');
  return ids;
}

/** Answers how many are new among what the peer offers. */
async function offer(
  sql: Sql,
  peer: number,
  offered: Offered[],
  ids: ReadonlyMap<string, number>,
): Promise<number> {
  if (offered.length === 0) return 0;
  const told = JSON.stringify(
    offered.map(({ name, size, modified, root }) => ({ id: ids.get(name), size, modified, root })),
  );
  const rows = sql`
    SELECT t.id, t.size, t.modified, decode(t.root, 'hex') AS root
    FROM json_to_recordset(${told}::text::json) AS t (id bigint, size bigint, modified bigint, root text)`;
  await sql`
    UPDATE offers o SET size = t.size, modified = t.modified, root = t.root FROM (${rows}) t
    WHERE o.name = t.id AND o.peer = ${peer}
      AND (o.size IS DISTINCT FROM t.size OR o.modified IS DISTINCT FROM t.modified
        OR o.root IS DISTINCT FROM t.root)`;
  const { count } = await sql`
    INSERT INTO offers (name, peer, size, modified, root)
    SELECT t.id, ${peer}::bigint, t.size, t.modified, t.root FROM (${rows}) t
    ON CONFLICT (name, peer) DO NOTHING`;
  return count;
}

/** Names that are locked; those that nobody offers any more go. Answers how many the peer did offer. */
async function withdraw(sql: Sql, peer: number, ids: number[]): Promise<number> {
  if (ids.length === 0) return 0;
  const some = JSON.stringify(ids);
  const chosen = sql`SELECT t.value::bigint FROM json_array_elements_text(${some}::text::json) t`;
  const { count } = await sql`DELETE FROM offers WHERE peer = ${peer} AND name IN (${chosen})`;
  await sql`
    DELETE FROM names WHERE id IN (${chosen})
      AND NOT EXISTS (SELECT 1 FROM offers WHERE offers.name = names.id)`;
  return count;
}
