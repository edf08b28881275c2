// Keys, secrets and the audit trail of the SQLite engine.
import type { AuditEntry, Key } from '../../protocol/access.ts';
import {
  KEPT_AUDIT_ENTRIES,
  lastAdmin,
  MAX_KEYS,
  revoked,
  tooManyKeys,
  type AccessStore,
  type KeptKey,
  type TicketKey,
} from './access-store.ts';
import { forgetPeer } from './sqlite-catalogue.ts';
import { recordChange } from './sqlite-changes.ts';
import { asPromise, type Row, type SqliteFile } from './sqlite-file.ts';
import { endpointOf } from './sqlite-look-ups.ts';

const KEY_COLUMNS = 'id, name, role, created, expires';
const KEY_BY_ID = `SELECT ${KEY_COLUMNS}, digest FROM keys WHERE id = ?`;
const OTHER_ADMINS = `SELECT 1 FROM keys
  WHERE role = 'admin' AND id <> :id AND (expires IS NULL OR expires > :now) LIMIT 1`;

export class SqliteAccess implements AccessStore {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  keep(name: string, value: Uint8Array): Promise<Buffer> {
    return this.#transaction(() => {
      this.#file.run(
        'INSERT INTO secrets (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING',
        { name, value },
      );
      return this.#kept(name) ?? Buffer.from(value);
    });
  }

  kept(name: string): Promise<Buffer | undefined> {
    return asPromise(() => this.#kept(name));
  }

  keysOf(ids: string[]): Promise<KeptKey[]> {
    return asPromise(() =>
      ids.flatMap((each) => {
        const [row] = this.#file.lists(KEY_BY_ID, each);
        if (!row) return [];
        const [id, name, role, created, expires, digest] = row as [
          ...[string, string, Key['role'], number, number | null],
          ...[Uint8Array],
        ];
        return [{ id, name, role, created, expires, digest }];
      }),
    );
  }

  keys(): Promise<Key[]> {
    return asPromise(() =>
      this.#file.all(`SELECT ${KEY_COLUMNS} FROM keys ORDER BY created DESC, id`).map(keyOf),
    );
  }

  addKey(key: KeptKey): Promise<void> {
    return this.#transaction(() => {
      this.#add(key);
    });
  }

  addFirstAdmin(key: KeptKey, now: number): Promise<boolean> {
    return this.#transaction(() => {
      if (this.#file.one(OTHER_ADMINS, { id: key.id, now })) return false;
      this.#add(key);
      return true;
    });
  }

  revokeKey(id: string, now: number): Promise<boolean> {
    return this.#transaction(() => {
      const key = this.#file.one('SELECT role FROM keys WHERE id = :id', { id });
      if (!key) return false;
      if (key['role'] === 'admin' && !this.#file.one(OTHER_ADMINS, { id, now })) throw lastAdmin();
      this.#file.run('DELETE FROM keys WHERE id = :id', { id });
      const peers = this.#file.all(
        'SELECT id, ip_address, port, is_gone FROM peers WHERE key = :id',
        { id },
      );
      for (const peer of peers) {
        forgetPeer(this.#file, peer['id'] as number);
        if (peer['is_gone'] === 0)
          recordChange(this.#file, { kind: 'peer', endpoint: endpointOf(peer), isHere: false });
      }
      return true;
    });
  }

  ticketKeys(): Promise<TicketKey[]> {
    return asPromise(
      () =>
        this.#file.all(
          'SELECT kid, pem, created FROM ticket_keys ORDER BY created DESC, kid',
        ) as unknown as TicketKey[],
    );
  }

  addTicketKey({ kid, pem, created }: TicketKey, forgetBefore: number): Promise<void> {
    return this.#transaction(() => {
      this.#file.run('DELETE FROM ticket_keys WHERE created < :forgetBefore', { forgetBefore });
      this.#file.run('INSERT INTO ticket_keys (kid, pem, created) VALUES (:kid, :pem, :created)', {
        kid,
        pem,
        created,
      });
    });
  }

  record(entries: Omit<AuditEntry, 'id'>[], most = KEPT_AUDIT_ENTRIES): Promise<void> {
    return this.#transaction(() => {
      for (const entry of entries)
        this.#file.run('INSERT INTO audit (entry) VALUES (:entry)', {
          entry: JSON.stringify(entry),
        });
      this.#file.run('DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - :most', { most });
    });
  }

  audit(after: number | undefined, limit: number): Promise<AuditEntry[]> {
    return asPromise(() =>
      this.#file
        .all('SELECT id, entry FROM audit WHERE id < :after ORDER BY id DESC LIMIT :limit', {
          after: after ?? Number.MAX_SAFE_INTEGER,
          limit,
        })
        .map((row) => ({
          ...(JSON.parse(row['entry'] as string) as Omit<AuditEntry, 'id'>),
          id: row['id'] as number,
        })),
    );
  }

  #kept(name: string): Buffer | undefined {
    const row = this.#file.one('SELECT value FROM secrets WHERE name = :name', { name });
    return row && Buffer.from(row['value'] as Uint8Array);
  }

  #add({ id, digest, name, role, created, expires }: KeptKey): void {
    const { count } = this.#file.one('SELECT count(*) AS count FROM keys') as { count: number };
    if (count >= MAX_KEYS) throw tooManyKeys();
    this.#file.run(
      `INSERT INTO keys (id, digest, name, role, created, expires)
       VALUES (:id, :digest, :name, :role, :created, :expires)`,
      { id, digest, name, role, created, expires },
    );
  }

  #transaction<T>(work: () => T): Promise<T> {
    return asPromise(() => this.#file.transaction(work));
  }
}

/** Within the transaction that relies on it. @throws CodedError `bad-key` */
export function requireKey(file: SqliteFile, id: string): void {
  if (!file.one('SELECT 1 FROM keys WHERE id = :id', { id })) throw revoked();
}

function keyOf(row: Row): Key {
  const { id, name, role, created, expires } = row as Key & Row;
  return { id, name, role, created, expires };
}
