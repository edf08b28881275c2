// Takes something off the network in the PostgreSQL engine, while others change the index. The removal is
// there for all that begins from then on; what has begun is waited for, by the rows of the peers, which
// every change locks first; then nothing of it can come any more, and what there is goes bit by bit.
import type { Removal } from '../../protocol/access.ts';
import { recordChange } from './postgres-changes.ts';
import { leave, lockedPeer } from './postgres-peers.ts';
import { removalColumns, removalOf } from './postgres-removals.ts';
import type { PostgresServer, Sql } from './postgres-server.ts';
import { undefinedIfUnknown } from './removed.ts';

type RemovalRow = Parameters<typeof removalOf>[0];

/** So many rows are locked, and as many offers taken out, in one transaction. */
const ROWS_AT_ONCE = 5_000;

export async function remove(
  server: PostgresServer,
  removal: Omit<Removal, 'id'>,
): Promise<Removal> {
  const { kind, subject } = removal;
  const kept = await server.transaction(async (sql) => {
    const row = await keep(sql, removal);
    if (kind === 'peer') await removePeer(sql, subject);
    return removalOf(row);
  });
  if (kind === 'peer') return kept;
  await waitForChanges(server);
  while ((await server.transaction((sql) => takeOutSome(sql, kind, subject))) === ROWS_AT_ONCE);
  return kept;
}

/** Every peer is made to tell its catalogue anew: who of them has it, is not known any more. */
export async function restore(sql: Sql, id: number): Promise<Removal | undefined> {
  const [row] = await sql<RemovalRow[]>`
    DELETE FROM removals WHERE id = ${id} RETURNING ${removalColumns(sql)}`;
  if (!row) return undefined;
  const undone = removalOf(row);
  if (undone.kind !== 'peer') {
    await sql`SELECT 1 FROM peers WHERE contract = 'native' ORDER BY id FOR UPDATE`;
    await sql`UPDATE peers SET revision = revision + 1 WHERE contract = 'native'`;
  }
  const { kind: what, subject } = undone;
  await recordChange(sql, { kind: 'removed', what, subject, isHere: true });
  return undone;
}

async function keep(sql: Sql, removal: Omit<Removal, 'id'>): Promise<RemovalRow> {
  const { kind, subject, reason, by, at } = removal;
  const { count } = await sql`
    INSERT INTO removals (kind, subject, reason, by_name, at)
    VALUES (${kind}, ${subject}, ${reason}, ${by}, ${at}) ON CONFLICT (subject, kind) DO NOTHING`;
  if (count > 0) await recordChange(sql, { kind: 'removed', what: kind, subject, isHere: false });
  const [row] = await sql<RemovalRow[]>`
    SELECT ${removalColumns(sql)} FROM removals WHERE subject = ${subject} AND kind = ${kind}`;
  // It was undone at this moment.
  return row ?? keep(sql, removal);
}

/** False: it was not there. */
export async function removePeer(sql: Sql, peerId: string): Promise<boolean> {
  const peer = await lockedPeer(sql, peerId).catch(undefinedIfUnknown);
  if (!peer) return false;
  await leave(sql, peer);
  if (!peer.isGone)
    await recordChange(sql, { kind: 'peer', endpoint: peer.endpoint, isHere: false });
  return true;
}

async function waitForChanges(server: PostgresServer): Promise<void> {
  let last: number | undefined = 0;
  while (last !== undefined) {
    const after: number = last;
    const rows = await server.transaction(
      (sql) => sql<{ id: number }[]>`
        SELECT id FROM peers WHERE id > ${after} ORDER BY id LIMIT ${ROWS_AT_ONCE} FOR UPDATE`,
    );
    last = rows.at(-1)?.id;
  }
}

/** Answers how many offers it looked at: fewer than it may are the last. */
async function takeOutSome(sql: Sql, kind: 'name' | 'content', subject: string): Promise<number> {
  const ofIt =
    kind === 'name'
      ? sql`o.name = (SELECT id FROM names WHERE name = ${subject})`
      : sql`o.root = decode(${subject}, 'hex')`;
  // Those who have left are in no answer, and their offers go with the upkeep.
  const some = await sql<{ peer: number; name: number }[]>`
    SELECT o.peer, o.name FROM offers o JOIN peers p ON p.id = o.peer
    WHERE ${ofIt} AND p.contract <> 'former' ORDER BY o.peer, o.name LIMIT ${ROWS_AT_ONCE}`;
  const peers = JSON.stringify([...new Set(some.map(({ peer }) => peer))]);
  const names = JSON.stringify([...new Set(some.map(({ name }) => name))]);
  const ids = (text: string) =>
    sql`(SELECT t.value::bigint FROM json_array_elements_text(${text}::text::json) t)`;
  if (some.length > 0) {
    await sql`SELECT 1 FROM peers WHERE id IN ${ids(peers)} ORDER BY id FOR UPDATE`;
    await sql`SELECT 1 FROM names n WHERE id IN ${ids(names)} ORDER BY n.name FOR UPDATE`;
    const gone = await sql<{ peer: number }[]>`
      DELETE FROM offers o WHERE ${ofIt} AND o.peer IN ${ids(peers)} AND o.name IN ${ids(names)}
      RETURNING o.peer`;
    const counts = Map.groupBy(gone, ({ peer }) => peer);
    const fewer = JSON.stringify([...counts].map(([id, { length }]) => ({ id, length })));
    await sql`
      UPDATE peers p SET names = p.names - t.length
      FROM json_to_recordset(${fewer}::text::json) AS t (id bigint, length bigint)
      WHERE p.id = t.id`;
    await sql`DELETE FROM peers WHERE id IN ${ids(peers)} AND contract = 'exercise' AND names = 0`;
    await sql`
      DELETE FROM names WHERE id IN ${ids(names)}
        AND NOT EXISTS (SELECT 1 FROM offers WHERE offers.name = names.id)`;
  }
  if (kind === 'content') await sql`DELETE FROM holdings WHERE root = decode(${subject}, 'hex')`;
  return some.length;
}
