// The peers of the SQLite engine: their leases, and how they go. What changes anything is called within a
// transaction of the caller's.
import type { Endpoint } from '../../protocol/endpoints.ts';
import { requireKey } from './sqlite-access.ts';
import { forgetPeer } from './sqlite-catalogue.ts';
import { recordChange } from './sqlite-changes.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { endpointOf } from './sqlite-look-ups.ts';
import { refuseRemoved } from './sqlite-removals.ts';
import type { NativePeer } from './store.ts';

/** The native peer at an endpoint, while its lease runs. */
const LEASE_AT = `contract = 'native' AND ip_address = :ipAddress AND port = :port AND expires_at > :now`;

const RENEW_RUNNING = `UPDATE peers SET expires_at = ?, display_name = ?
  WHERE peer_id = ? AND ip_address = ? AND port = ? AND expires_at > ? AND is_gone = 0 AND key IS ?
  RETURNING revision`;

/** Answers the revision; undefined: it does not run, or not there. */
export function renewRunningLease(
  file: SqliteFile,
  { peerId, endpoint: { ipAddress, port }, displayName, key }: NativePeer,
  now: number,
  expiresAt: number,
): number | undefined {
  const values = [expiresAt, displayName ?? null, peerId, ipAddress, port, now, key ?? null];
  return file.lists(RENEW_RUNNING, ...values)[0]?.[0] as number | undefined;
}

/** Answers the revision. @throws CodedError `bad-key`, `removed` */
export function renewLease(file: SqliteFile, peer: NativePeer, expiresAt: number): number {
  const { ipAddress: ip, port } = peer.endpoint;
  const key = peer.key ?? null;
  refuseRemoved(file, 'peer', peer.peerId);
  if (key !== null) requireKey(file, key);
  // Whoever had this endpoint before is gone: two peers cannot listen on one port.
  const former = file.one(
    `SELECT id FROM peers
     WHERE contract = 'native' AND ip_address = :ip AND port = :port AND peer_id <> :peerId`,
    { ip, port, peerId: peer.peerId },
  );
  if (former) forgetPeer(file, former['id'] as number);
  const known = file.one(
    `SELECT ip_address, port FROM peers WHERE peer_id = :peerId AND is_gone = 0`,
    { peerId: peer.peerId },
  );
  const before = known && endpointOf(known);
  const isSame = before?.ipAddress === ip && before.port === port;
  if (before && !isSame) recordChange(file, { kind: 'peer', endpoint: before, isHere: false });
  if (!isSame) recordChange(file, { kind: 'peer', endpoint: peer.endpoint, isHere: true });
  const row = file.one(
    `INSERT INTO peers (contract, peer_id, ip_address, port, display_name, expires_at, key)
     VALUES ('native', :peerId, :ip, :port, :displayName, :expiresAt, :key)
     ON CONFLICT (peer_id) DO UPDATE SET
       ip_address = :ip, port = :port, display_name = :displayName, expires_at = :expiresAt,
       is_gone = 0, key = :key
     RETURNING revision`,
    { peerId: peer.peerId, ip, port, displayName: peer.displayName ?? null, expiresAt, key },
  );
  return row?.['revision'] as number;
}

export function endpointOfPeer(file: SqliteFile, peerId: string): Endpoint | undefined {
  const row = file.one('SELECT ip_address, port FROM peers WHERE peer_id = :peerId', { peerId });
  return row && endpointOf(row);
}

/** False: it was not there. */
export function removePeer(file: SqliteFile, peerId: string): boolean {
  const row = file.one('SELECT id, ip_address, port, is_gone FROM peers WHERE peer_id = :peerId', {
    peerId,
  });
  if (!row) return false;
  forgetPeer(file, row['id'] as number);
  if (row['is_gone'] === 0)
    recordChange(file, { kind: 'peer', endpoint: endpointOf(row), isHere: false });
  return true;
}

export function hasLease(file: SqliteFile, { ipAddress, port }: Endpoint, now: number): boolean {
  const lease = `SELECT 1 FROM peers WHERE ${LEASE_AT}`;
  return file.one(lease, { ipAddress, port, now }) !== undefined;
}

export function endLease(file: SqliteFile, { ipAddress, port }: Endpoint, now: number): void {
  const ended = file.run(`UPDATE peers SET expires_at = :now, is_gone = 1 WHERE ${LEASE_AT}`, {
    ...{ ipAddress, port, now },
  });
  if (ended > 0) recordChange(file, { kind: 'peer', endpoint: { ipAddress, port }, isHere: false });
}

export function noticeEndedLeases(file: SqliteFile, now: number): void {
  const ended = file.all(
    `UPDATE peers SET is_gone = 1 WHERE is_gone = 0 AND expires_at <= :now
     RETURNING ip_address, port`,
    { now },
  );
  for (const row of ended)
    recordChange(file, { kind: 'peer', endpoint: endpointOf(row), isHere: false });
}

/** Answers how many. */
export function dropExpired(file: SqliteFile, before: number): number {
  const expired = file.all('SELECT id FROM peers WHERE expires_at < :before', { before });
  for (const row of expired) forgetPeer(file, row['id'] as number);
  return expired.length;
}
