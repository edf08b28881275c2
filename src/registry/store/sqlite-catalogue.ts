// What peers of the SQLite engine offer under names. Each within a transaction of the caller's.
import { CodedError } from '../../protocol/errors.ts';
import { fold } from './search-text.ts';
import type { SqliteFile, Values } from './sqlite-file.ts';

/** What is kept of an offer; null: not told. */
interface Told {
  size: number | null;
  modified: number | null;
  root: Uint8Array | null;
}

/** True: the name is new among what the peer offers. */
export function offer(file: SqliteFile, peer: number, name: string, told: Told): boolean {
  // Most names are new: then this is all.
  const made = file.one(
    'INSERT INTO names (name, folded) VALUES (:name, :folded) ON CONFLICT DO NOTHING RETURNING id',
    { name, folded: fold(name) },
  );
  const id = (made ?? file.one('SELECT id FROM names WHERE name = :name', { name }))?.['id'];
  const offered: Values = { name: id as number, peer, ...told };
  if (
    file.run(
      `INSERT INTO offers (name, peer, size, modified, root)
       VALUES (:name, :peer, :size, :modified, :root)
       ON CONFLICT DO NOTHING`,
      offered,
    ) > 0
  )
    return true;
  file.run(
    `UPDATE offers SET size = :size, modified = :modified, root = :root
     WHERE name = :name AND peer = :peer`,
    offered,
  );
  return false;
}

/** True: the peer did offer the name. */
export function withdraw(file: SqliteFile, peer: number, name: string): boolean {
  const id = file.one('SELECT id FROM names WHERE name = :name', { name })?.['id'] as
    number | undefined;
  if (id === undefined) return false;
  const gone = file.run('DELETE FROM offers WHERE name = :id AND peer = :peer', { id, peer }) > 0;
  file.run(
    'DELETE FROM names WHERE id = :id AND NOT EXISTS (SELECT 1 FROM offers WHERE name = :id)',
    { id },
  );
  return gone;
}

export function withdrawAll(file: SqliteFile, peer: number): void {
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
