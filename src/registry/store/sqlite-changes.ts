// The changes of the SQLite engine, numbered as they are made.
import type { Change } from '../../protocol/schemas.ts';
import type { SqliteFile } from './sqlite-file.ts';
import type { NumberedChange } from './store.ts';

/** Within the transaction that makes it. */
export function recordChange(file: SqliteFile, change: Change): void {
  file.run('INSERT INTO changes (change) VALUES (:change)', { change: JSON.stringify(change) });
}

export function changesAfter(file: SqliteFile, id: number, limit: number): NumberedChange[] {
  return file
    .all('SELECT id, change FROM changes WHERE id > :id ORDER BY id LIMIT :limit', { id, limit })
    .map((row) => ({
      id: row['id'] as number,
      change: JSON.parse(row['change'] as string) as Change,
    }));
}

export function lastChange(file: SqliteFile): number {
  return (file.one('SELECT max(id) AS last FROM changes')?.['last'] as number | null) ?? 0;
}

export function forgetOldChanges(file: SqliteFile, kept: number): void {
  file.run('DELETE FROM changes WHERE id <= (SELECT max(id) FROM changes) - :kept', { kept });
}
