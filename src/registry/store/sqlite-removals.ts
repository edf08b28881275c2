// What administrators took off the network, in the SQLite engine. Each within a transaction of the caller's.
import type { Removal, RemovalKind } from '../../protocol/access.ts';
import type { CatalogueEntry } from '../../protocol/schemas.ts';
import { removedError } from './removed.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';
import { blobOf } from './sqlite-look-ups.ts';
import type { RecentEntries } from './sqlite-recent.ts';

const COLUMNS = 'id, kind, subject, reason, by_name, at';

/** Keeps it, and takes what it is about out of the index, but for a peer: that is the caller's. */
export function remove(
  file: SqliteFile,
  recent: RecentEntries,
  { kind, subject, reason, by, at }: Omit<Removal, 'id'>,
): { kept: Removal; isNew: boolean } {
  const isNew =
    file.run(
      `INSERT INTO removals (kind, subject, reason, by_name, at)
       VALUES (:kind, :subject, :reason, :by, :at) ON CONFLICT DO NOTHING`,
      { kind, subject, reason, by, at },
    ) > 0;
  if (kind === 'name') {
    const value = recent.idOf(subject) ?? null;
    takeOut(file, file.all('SELECT name, peer FROM offers WHERE name = :value', { value }));
  } else if (kind === 'content') {
    const value = blobOf(subject);
    takeOut(file, file.all('SELECT name, peer FROM by_root WHERE root = :value', { value }));
    takeOut(file, recent.offersOf(subject));
    file.run('DELETE FROM holdings WHERE root = :root', { root: blobOf(subject) });
  }
  const kept = file.one(
    `SELECT ${COLUMNS} FROM removals WHERE subject = :subject AND kind = :kind`,
    { kind, subject },
  );
  return { kept: removalOf(kept ?? {}), isNew };
}

/** Every peer is made to tell its catalogue anew: who of them has it, is not known any more. */
export function restore(file: SqliteFile, id: number): Removal | undefined {
  const row = file.one(`DELETE FROM removals WHERE id = :id RETURNING ${COLUMNS}`, { id });
  if (!row) return undefined;
  const undone = removalOf(row);
  if (undone.kind !== 'peer')
    file.run(`UPDATE peers SET revision = revision + 1 WHERE contract = 'native'`, {});
  return undone;
}

export function removals(file: SqliteFile, before: number, limit: number): Removal[] {
  return file
    .all(`SELECT ${COLUMNS} FROM removals WHERE id < :before ORDER BY id DESC LIMIT :limit`, {
      before,
      limit,
    })
    .map(removalOf);
}

export function isRemoved(file: SqliteFile, kind: RemovalKind, subject: string): boolean {
  const [row] = file.lists('SELECT 1 FROM removals WHERE subject = ? AND kind = ?', subject, kind);
  return row !== undefined;
}

/** @throws CodedError `removed` */
export function refuseRemoved(file: SqliteFile, kind: RemovalKind, subject: string): void {
  if (isRemoved(file, kind, subject)) throw removedError(kind);
}

/** What may be offered of what a peer offers, and the names under which it may not. */
export function withoutRemoved(
  file: SqliteFile,
  all: CatalogueEntry[],
): { offered: CatalogueEntry[]; refused: string[] } {
  const [any] = file.lists(`SELECT 1 FROM removals WHERE kind <> 'peer' LIMIT 1`);
  if (!any) return { offered: all, refused: [] };
  const isOff = ({ name, root }: CatalogueEntry) =>
    isRemoved(file, 'name', name) || (root !== undefined && isRemoved(file, 'content', root));
  return {
    offered: all.filter((entry) => !isOff(entry)),
    refused: all.filter(isOff).map(({ name }) => name),
  };
}

/** Offers, and what is left without any; those that are gone already may be among them. */
function takeOut(file: SqliteFile, offers: { name?: unknown; peer?: unknown }[]): void {
  for (const { name, peer } of offers as { name: number; peer: number }[]) {
    const isGone = file.run('DELETE FROM offers WHERE name = :name AND peer = :peer', {
      ...{ name, peer },
    });
    if (isGone === 0) continue;
    file.run('UPDATE peers SET names = names - 1 WHERE id = :peer', { peer });
    file.run(
      'DELETE FROM names WHERE id = :name AND NOT EXISTS (SELECT 1 FROM offers WHERE name = :name)',
      { name },
    );
  }
  file.run(`DELETE FROM peers WHERE contract = 'exercise' AND names = 0`, {});
}

function removalOf({ by_name: by, ...row }: Row): Removal {
  return { ...row, by } as Removal;
}
