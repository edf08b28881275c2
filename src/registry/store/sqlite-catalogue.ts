// What peers of the SQLite engine offer under names. Each within a transaction of the caller's.
import { CodedError } from '../../protocol/errors.ts';
import { MAX_CHANGE_NAMES, type CatalogueChange } from '../../protocol/schemas.ts';
import type { RecentEntries } from './sqlite-recent.ts';
import { fold } from './search-text.ts';
import { recordChange } from './sqlite-changes.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';
import { unknownPeer } from './sqlite-holdings.ts';
import { blobOf, endpointOf } from './sqlite-look-ups.ts';
import { withoutRemoved } from './sqlite-removals.ts';

/** Sizes and times are null where they are not told. */
interface Offered {
  name: string;
  size: number | null;
  modified: number | null;
  root?: string | undefined;
}

const MAKE_NAME = 'INSERT INTO names (name, folded) VALUES (?, ?)';
/** Nothing where it is the same. */
const CHANGE_OFFER = `UPDATE offers SET size = ?1, modified = ?2, root = ?3 WHERE name = ?4 AND peer = ?5
  AND (size IS NOT ?1 OR modified IS NOT ?2 OR root IS NOT ?3)`;
const UNGRAMMED = 'INSERT INTO ungrammed (id) VALUES (?)';
const MAKE_OFFER = `INSERT INTO offers (name, peer, size, modified, root) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;

/**
 * Answers the new revision.
 *
 * @throws CodedError `unknown-peer`, `revision-mismatch`, `too-many-names`
 */
export function changeCatalogue(
  file: SqliteFile,
  recent: RecentEntries,
  { peerId, change, maxNames }: { peerId: string; change: CatalogueChange; maxNames: number },
  now: number,
): number {
  const peer = file.one(
    'SELECT id, revision, names, ip_address, port FROM peers WHERE peer_id = :peerId',
    { peerId },
  ) as ({ id: number; revision: number; names: number } & Row) | undefined;
  if (!peer) throw unknownPeer();
  let { names } = peer;
  if (change.reset) {
    withdrawAll(file, peer.id);
    names = 0;
  } else if (change.revision !== peer.revision) {
    throw new CodedError(
      'revision-mismatch',
      `The catalogue here is at revision ${peer.revision}, not ${change.revision}.`,
      { facts: { revision: peer.revision } },
    );
  }
  const { offered, refused } = withoutRemoved(file, change.offered);
  for (const name of [...change.withdrawn, ...refused])
    if (withdraw(file, recent, peer.id, name)) names--;
  for (const { name, size, modified, root } of offered) {
    if (offer(file, recent, peer.id, { name, size, modified, root })) names++;
  }
  recount(file, peer.id, names, maxNames);
  const revision = Math.max(peer.revision + 1, change.reset ? now : 0);
  file.run('UPDATE peers SET revision = :revision WHERE id = :id', { revision, id: peer.id });
  const changed = [...offered.map(({ name }) => name), ...change.withdrawn];
  recordChange(file, {
    ...{ kind: 'catalogue', endpoint: endpointOf(peer), offered: offered.length },
    ...{ withdrawn: change.withdrawn.length, names: changed.slice(0, MAX_CHANGE_NAMES) },
  });
  return revision;
}

/** True: the name is new among what the peer offers. */
export function offer(
  file: SqliteFile,
  recent: RecentEntries,
  peer: number,
  { name, size, modified, root }: Offered,
): boolean {
  const id = recent.idOf(name) ?? makeName(file, recent, name);
  const blob = root === undefined ? null : blobOf(root);
  const isNew = file.insert(MAKE_OFFER, id, peer, size, modified, blob) !== undefined;
  if (isNew || file.insert(CHANGE_OFFER, size, modified, blob, id, peer) !== undefined)
    recent.offerComes(peer, id, size, root);
  return isNew;
}

/** True: the peer did offer the name. */
export function withdraw(
  file: SqliteFile,
  recent: RecentEntries,
  peer: number,
  name: string,
): boolean {
  const id = recent.idOf(name);
  if (id === undefined) return false;
  const gone = file.run('DELETE FROM offers WHERE name = :id AND peer = :peer', { id, peer }) > 0;
  file.run(
    'DELETE FROM names WHERE id = :id AND NOT EXISTS (SELECT 1 FROM offers WHERE name = :id)',
    { id },
  );
  return gone;
}

function makeName(file: SqliteFile, recent: RecentEntries, name: string): number {
  const folded = fold(name);
  const id = Number(file.insert(MAKE_NAME, name, folded));
  file.insert(UNGRAMMED, id);
  recent.nameComes(id, name, folded);
  return id;
}

function withdrawAll(file: SqliteFile, peer: number): void {
  file.run(
    `DELETE FROM names
     WHERE id IN (SELECT name FROM offers WHERE peer = :peer)
       AND NOT EXISTS (SELECT 1 FROM offers o WHERE o.name = names.id AND o.peer <> :peer)`,
    { peer },
  );
  file.run('DELETE FROM offers WHERE peer = :peer', { peer });
}

/** @throws CodedError `too-many-names` */
export function recount(file: SqliteFile, peer: number, names: number, most: number): void {
  if (names > most)
    throw new CodedError('too-many-names', `One peer may offer at most ${most} names.`);
  file.run('UPDATE peers SET names = :names WHERE id = :peer', { peer, names });
}

/** A peer goes, with all that it offers and holds. */
export function forgetPeer(file: SqliteFile, peer: number): void {
  withdrawAll(file, peer);
  file.run('DELETE FROM peers WHERE id = :peer', { peer });
}
