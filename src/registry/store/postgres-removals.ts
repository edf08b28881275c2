// What is known of removals in the PostgreSQL engine: asked after the row of the peer is locked, so that
// none is missed (see postgres-removing.ts).
import type { Removal, RemovalKind } from '../../protocol/access.ts';
import type { CatalogueEntry } from '../../protocol/schemas.ts';
import type { Sql } from './postgres-server.ts';
import { removedError } from './removed.ts';

type RemovalRow = Omit<Removal, 'by'> & { by_name: string };

export function removalOf({ by_name: by, ...row }: RemovalRow): Removal {
  return { ...row, by };
}

/** What `removalOf` reads. */
export function removalColumns(sql: Sql) {
  return sql`id, kind, subject, reason, by_name, at`;
}

export async function removals(sql: Sql, before: number, limit: number): Promise<Removal[]> {
  const rows = await sql<RemovalRow[]>`
    SELECT ${removalColumns(sql)} FROM removals WHERE id < ${before} ORDER BY id DESC LIMIT ${limit}`;
  return rows.map(removalOf);
}

export async function isRemoved(sql: Sql, kind: RemovalKind, subject: string): Promise<boolean> {
  const rows = await sql`SELECT 1 FROM removals WHERE subject = ${subject} AND kind = ${kind}`;
  return rows.length > 0;
}

/** @throws CodedError `removed` */
export async function refuseRemoved(sql: Sql, kind: RemovalKind, subject: string): Promise<void> {
  if (await isRemoved(sql, kind, subject)) throw removedError(kind);
}

/** What may be offered of what a peer offers, and the names under which it may not. */
export async function withoutRemoved(
  sql: Sql,
  all: CatalogueEntry[],
): Promise<{ offered: CatalogueEntry[]; refused: string[] }> {
  const subjects = all.flatMap(({ name, root }) => (root === undefined ? [name] : [name, root]));
  const rows =
    all.length === 0
      ? []
      : await sql<Pick<Removal, 'kind' | 'subject'>[]>`
          SELECT kind, subject FROM removals WHERE kind <> 'peer' AND subject IN (
            SELECT t.value COLLATE "C"
            FROM json_array_elements_text(${JSON.stringify(subjects)}::text::json) t)`;
  const off = new Set(rows.map(({ kind, subject }) => `${kind} ${subject}`));
  const isOff = ({ name, root }: CatalogueEntry) =>
    off.has(`name ${name}`) || (root !== undefined && off.has(`content ${root}`));
  return {
    offered: all.filter((entry) => !isOff(entry)),
    refused: all.filter(isOff).map(({ name }) => name),
  };
}
