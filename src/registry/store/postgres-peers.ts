// The peers of the PostgreSQL engine: their rows locked, their leases, and how they go. A peer with a
// large catalogue is out of every answer at once, and its offers are taken away bit by bit.
import type { Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import type { Contract } from '../../protocol/schemas.ts';
import { revoked } from './access-store.ts';
import { withdrawSome } from './postgres-catalogue.ts';
import { recordChange, recordChanges } from './postgres-changes.ts';
import { TryAgain } from './postgres-errors.ts';
import { refuseRemoved } from './postgres-removals.ts';
import type { PostgresServer, Sql } from './postgres-server.ts';
import type { NativePeer } from './store.ts';

/** So many offers are taken away in one transaction: that takes about as long as a catalogue change. */
const OFFERS_AT_ONCE = 5_000;

export interface KnownPeer {
  id: number;
  contract: Contract;
  names: number;
  revision: number;
  isGone: boolean;
  endpoint: Endpoint;
}

interface PeerRow {
  id: number;
  contract: Contract;
  names: number;
  revision: number;
  is_gone: boolean;
  ip_address: string;
  port: number;
}

function knownPeer({ ip_address: ipAddress, port, is_gone: isGone, ...row }: PeerRow): KnownPeer {
  return { ...row, isGone, endpoint: { ipAddress, port } };
}

/** What `knownPeer` reads. */
function columns(sql: Sql) {
  return sql`id, contract, names, revision, is_gone, ip_address, port`;
}

/** @throws CodedError `unknown-peer` */
export async function lockedPeer(sql: Sql, peerId: string): Promise<KnownPeer> {
  const find = () => sql<PeerRow[]>`
    SELECT ${columns(sql)} FROM peers WHERE peer_id = ${peerId} FOR UPDATE`;
  // Whoever waited for a row that another one took the place of meanwhile finds that one the second time.
  const row = (await find())[0] ?? (await find())[0];
  if (!row) throw new CodedError('unknown-peer', 'No peer of this id is known: announce first.');
  return knownPeer(row);
}

/** The peers at an endpoint, at most one of each contract. */
export async function lockedPeersAt(sql: Sql, { ipAddress, port }: Endpoint): Promise<KnownPeer[]> {
  const rows = await sql<PeerRow[]>`
    SELECT ${columns(sql)} FROM peers
    WHERE contract IN ('native', 'exercise') AND ip_address = ${ipAddress} AND port = ${port}
    ORDER BY id FOR UPDATE`;
  return rows.map(knownPeer);
}

/**
 * How many names a peer has now.
 *
 * @throws CodedError `too-many-names`
 */
export async function recount(sql: Sql, peer: number, names: number, most: number): Promise<void> {
  if (names > most)
    throw new CodedError('too-many-names', `One peer may offer at most ${most} names.`);
  await sql`UPDATE peers SET names = ${names} WHERE id = ${peer}`;
}

/** Answers the revision; undefined: it does not run, or not there. */
export async function renewRunningLease(
  sql: Sql,
  { peerId, endpoint, displayName, key }: NativePeer,
  now: number,
  expiresAt: number,
): Promise<number | undefined> {
  const [row] = await sql<{ revision: number }[]>`
    UPDATE peers SET expires_at = ${expiresAt}, display_name = ${displayName ?? null}
    WHERE peer_id = ${peerId} AND ip_address = ${endpoint.ipAddress} AND port = ${endpoint.port}
      AND NOT is_gone AND expires_at > ${now} AND key IS NOT DISTINCT FROM ${key ?? null}
    RETURNING revision`;
  return row?.revision;
}

/** Answers the revision; undefined: that takes more than to renew it. */
export async function renewKnownLease(
  sql: Sql,
  { peerId, endpoint, displayName, key }: NativePeer,
  expiresAt: number,
): Promise<number | undefined> {
  const [row] = await sql<{ revision: number }[]>`
    UPDATE peers SET expires_at = ${expiresAt}, display_name = ${displayName ?? null}
    WHERE peer_id = ${peerId} AND ip_address = ${endpoint.ipAddress} AND port = ${endpoint.port}
      AND NOT is_gone AND key IS NOT DISTINCT FROM ${key ?? null}
    RETURNING revision`;
  return row?.revision;
}

/**
 * Within a transaction: begins a lease, moves a peer, brings it back. Answers its revision.
 *
 * @throws CodedError `bad-key` where its key is not known any more, `removed`
 */
export async function beginLease(
  sql: Sql,
  { peerId, endpoint, displayName, key }: NativePeer,
  expiresAt: number,
): Promise<number> {
  const { ipAddress, port } = endpoint;
  if (key !== undefined) await requireKey(sql, key);
  // In one order, whoever comes at the same moment: two peers may be about to change places.
  const rows = await sql<(PeerRow & { peer_id: string })[]>`
    SELECT ${columns(sql)}, peer_id FROM peers
    WHERE peer_id = ${peerId}
      OR (contract = 'native' AND ip_address = ${ipAddress} AND port = ${port})
    ORDER BY id FOR UPDATE`;
  await refuseRemoved(sql, 'peer', peerId);
  // Whoever had this endpoint before is gone: two peers cannot listen on one port.
  const former = rows.find((row) => row.peer_id !== peerId);
  if (former) await leave(sql, knownPeer(former));
  const own = rows.find((row) => row.peer_id === peerId);
  const [row] = await sql<{ revision: number }[]>`
    INSERT INTO peers (contract, peer_id, ip_address, port, display_name, expires_at, key)
    VALUES ('native', ${peerId}, ${ipAddress}, ${port}, ${displayName ?? null}, ${expiresAt},
      ${key ?? null})
    ON CONFLICT (peer_id) DO UPDATE SET
      ip_address = excluded.ip_address, port = excluded.port, display_name = excluded.display_name,
      expires_at = excluded.expires_at, is_gone = false, key = excluded.key
    RETURNING revision`;
  const before = own && !own.is_gone ? knownPeer(own).endpoint : undefined;
  const isSame = before?.ipAddress === ipAddress && before.port === port;
  if (before && !isSame) await recordChange(sql, { kind: 'peer', endpoint: before, isHere: false });
  if (!isSame) await recordChange(sql, { kind: 'peer', endpoint, isHere: true });
  return row?.revision ?? 0;
}

/** Within a transaction that has locked it: a peer goes, with all that it offers and holds. */
export async function leave(sql: Sql, { id, names }: KnownPeer): Promise<void> {
  if (names > OFFERS_AT_ONCE) {
    await sql`DELETE FROM holdings WHERE peer = ${id}`;
    await makeFormer(sql, id);
    return;
  }
  await withdrawSome(sql, id, OFFERS_AT_ONCE);
  await sql`DELETE FROM peers WHERE id = ${id}`;
}

/**
 * Within a transaction that has locked it: a peer offers nothing any more. Answers the id of its row, which
 * is a new one if that was much.
 */
export async function withdrawAll(sql: Sql, { id, names }: KnownPeer): Promise<number> {
  if (names <= OFFERS_AT_ONCE) {
    await withdrawSome(sql, id, OFFERS_AT_ONCE);
    return id;
  }
  const [kept] = await sql<LeaseRow[]>`
    SELECT peer_id, ip_address, port, display_name, revision, expires_at, is_gone, key
    FROM peers WHERE id = ${id}`;
  if (!kept) throw new TryAgain('a locked peer has gone');
  await makeFormer(sql, id);
  const [row] = await sql<{ id: number }[]>`
    INSERT INTO peers
      (contract, peer_id, ip_address, port, display_name, revision, expires_at, is_gone, key)
    VALUES ('native', ${kept.peer_id}, ${kept.ip_address}, ${kept.port}, ${kept.display_name},
      ${kept.revision}, ${kept.expires_at}, ${kept.is_gone}, ${kept.key})
    RETURNING id`;
  const renewed = row?.id ?? id;
  await sql`UPDATE holdings SET peer = ${renewed} WHERE peer = ${id}`;
  return renewed;
}

/** Within a transaction: whoever came with a key goes. */
export async function leaveAllOfKey(sql: Sql, key: string): Promise<void> {
  const rows = await sql<PeerRow[]>`
    SELECT ${columns(sql)} FROM peers WHERE key = ${key} ORDER BY id FOR UPDATE`;
  for (const peer of rows.map(knownPeer)) {
    await leave(sql, peer);
    if (!peer.isGone)
      await recordChange(sql, { kind: 'peer', endpoint: peer.endpoint, isHere: false });
  }
}

/** Within a transaction, which the key cannot be revoked in the midst of. @throws CodedError `bad-key` */
async function requireKey(sql: Sql, id: string): Promise<void> {
  const rows = await sql`SELECT 1 FROM keys WHERE id = ${id} FOR SHARE`;
  if (rows.length === 0) throw revoked();
}

/** Leases that have ended since this was last asked: each is a change. */
export async function noticeEnded(sql: Sql, now: number): Promise<void> {
  const hasEnded = sql`contract = 'native' AND NOT is_gone AND expires_at <= ${now}`;
  const rows = await sql<{ ip_address: string; port: number }[]>`
    UPDATE peers SET is_gone = true
    WHERE id IN (SELECT id FROM peers WHERE ${hasEnded} ORDER BY id FOR UPDATE SKIP LOCKED)
    RETURNING ip_address, port`;
  await recordChanges(
    sql,
    rows.map(({ ip_address: ipAddress, port }) => ({
      ...{ kind: 'peer', endpoint: { ipAddress, port }, isHere: false },
    })),
  );
}

/** Forgets peers whose lease ended before `before`; answers how many. */
export async function dropExpired(server: PostgresServer, before: number): Promise<number> {
  let dropped = 0;
  const expired = await server.ask(
    (sql) => sql<{ id: number }[]>`
      SELECT id FROM peers WHERE contract = 'native' AND expires_at < ${before}`,
  );
  for (const { id } of expired)
    await server.transaction(async (sql) => {
      const [row] = await sql<PeerRow[]>`
        SELECT ${columns(sql)} FROM peers
        WHERE id = ${id} AND contract = 'native' AND expires_at < ${before}
        FOR UPDATE SKIP LOCKED`;
      if (!row) return;
      await leave(sql, knownPeer(row));
      dropped++;
    });
  await dropFormer(server);
  return dropped;
}

/** Takes away what those offered who have left; of several registries one at a time does so for a peer. */
async function dropFormer(server: PostgresServer): Promise<void> {
  const former = await server.ask(
    (sql) => sql<{ id: number }[]>`SELECT id FROM peers WHERE contract = 'former'`,
  );
  const dropSome = (id: number) =>
    server.transaction(async (sql) => {
      const [row] = await sql`SELECT 1 FROM peers WHERE id = ${id} FOR UPDATE SKIP LOCKED`;
      if (!row) return false;
      const count = await withdrawSome(sql, id, OFFERS_AT_ONCE);
      if (count === 0) await sql`DELETE FROM peers WHERE id = ${id}`;
      return count > 0;
    });
  for (const { id } of former) while (await dropSome(id));
}

/** Its row stays for its offers alone, at no endpoint and in no answer. */
async function makeFormer(sql: Sql, id: number): Promise<void> {
  await sql`
    UPDATE peers SET contract = 'former', peer_id = NULL, ip_address = id::text, port = 0,
      expires_at = 0, is_gone = true, key = NULL
    WHERE id = ${id}`;
}

interface LeaseRow {
  peer_id: string;
  ip_address: string;
  port: number;
  display_name: string | null;
  revision: number;
  expires_at: number;
  is_gone: boolean;
  key: string | null;
}
