// Keys, secrets and the audit trail of the PostgreSQL engine, the same for every registry over it.
import type { AuditEntry, Key } from '../../protocol/access.ts';
import {
  KEPT_AUDIT_ENTRIES,
  lastAdmin,
  MAX_KEYS,
  tooManyKeys,
  type AccessStore,
  type KeptKey,
  type TicketKey,
} from './access-store.ts';
import { leaveAllOfKey } from './postgres-peers.ts';
import type { PostgresServer, Sql } from './postgres-server.ts';

export class PostgresAccess implements AccessStore {
  readonly #server: PostgresServer;

  constructor(server: PostgresServer) {
    this.#server = server;
  }

  async keep(name: string, value: Uint8Array): Promise<Buffer> {
    const known = await this.kept(name);
    if (known) return known;
    await this.#server.ask(
      (sql) => sql`
        INSERT INTO secrets (name, value) VALUES (${name}, ${value}) ON CONFLICT DO NOTHING`,
    );
    return (await this.kept(name)) ?? Buffer.from(value);
  }

  async kept(name: string): Promise<Buffer | undefined> {
    const [row] = await this.#server.ask(
      (sql) => sql<{ value: Buffer }[]>`SELECT value FROM secrets WHERE name = ${name}`,
    );
    return row?.value;
  }

  keysOf(ids: string[]): Promise<KeptKey[]> {
    return this.#server.ask(
      (sql) => sql<KeptKey[]>`
        SELECT ${columns(sql)}, digest FROM keys WHERE id = ANY(${ids}::text[])`,
    );
  }

  keys(): Promise<Key[]> {
    return this.#server.ask(
      (sql) => sql<Key[]>`SELECT ${columns(sql)} FROM keys ORDER BY created DESC, id`,
    );
  }

  addKey(key: KeptKey): Promise<void> {
    return this.#oneAtATime((sql) => add(sql, key));
  }

  addFirstAdmin(key: KeptKey, now: number): Promise<boolean> {
    return this.#oneAtATime(async (sql) => {
      if (await hasOtherAdmins(sql, key.id, now)) return false;
      await add(sql, key);
      return true;
    });
  }

  revokeKey(id: string, now: number): Promise<boolean> {
    return this.#oneAtATime(async (sql) => {
      // Whoever registers with it at this moment has done so before, or finds it gone.
      const [key] = await sql<Key[]>`SELECT role FROM keys WHERE id = ${id} FOR UPDATE`;
      if (!key) return false;
      if (key.role === 'admin' && !(await hasOtherAdmins(sql, id, now))) throw lastAdmin();
      await leaveAllOfKey(sql, id);
      await sql`DELETE FROM keys WHERE id = ${id}`;
      return true;
    });
  }

  ticketKeys(): Promise<TicketKey[]> {
    return this.#server.ask(
      (sql) => sql<TicketKey[]>`
        SELECT kid, pem, created FROM ticket_keys ORDER BY created DESC, kid`,
    );
  }

  addTicketKey({ kid, pem, created }: TicketKey, forgetBefore: number): Promise<void> {
    return this.#server.transaction(async (sql) => {
      await sql`DELETE FROM ticket_keys WHERE created < ${forgetBefore}`;
      await sql`INSERT INTO ticket_keys (kid, pem, created) VALUES (${kid}, ${pem}, ${created})`;
    });
  }

  record(entries: Omit<AuditEntry, 'id'>[], most = KEPT_AUDIT_ENTRIES): Promise<void> {
    const texts = JSON.stringify(entries.map((entry) => JSON.stringify(entry)));
    return this.#server.transaction(async (sql) => {
      await sql`
        INSERT INTO audit (entry) SELECT t.value FROM json_array_elements_text(${texts}::text::json) t`;
      await sql`DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ${most}::bigint`;
    });
  }

  async audit(after = Number.MAX_SAFE_INTEGER, limit: number): Promise<AuditEntry[]> {
    const rows = await this.#server.ask(
      (sql) => sql<{ id: number; entry: string }[]>`
        SELECT id, entry FROM audit WHERE id < ${after} ORDER BY id DESC LIMIT ${limit}`,
    );
    return rows.map(({ id, entry }) => ({
      ...(JSON.parse(entry) as Omit<AuditEntry, 'id'>),
      id,
    }));
  }

  /** What depends on which keys there are: one registry after the other. */
  #oneAtATime<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#server.transaction(async (sql) => {
      await sql`SELECT 1 FROM sp2p_version FOR UPDATE`;
      return work(sql);
    });
  }
}

function columns(sql: Sql) {
  return sql`id, name, role, created, expires`;
}

async function hasOtherAdmins(sql: Sql, id: string, now: number): Promise<boolean> {
  const rows = await sql`
    SELECT 1 FROM keys
    WHERE role = 'admin' AND id <> ${id} AND (expires IS NULL OR expires > ${now}) LIMIT 1`;
  return rows.length > 0;
}

async function add(sql: Sql, key: KeptKey): Promise<void> {
  const { id, digest, name, role, created, expires } = key;
  const [all] = await sql<{ count: number }[]>`SELECT count(*) AS count FROM keys`;
  if ((all?.count ?? 0) >= MAX_KEYS) throw tooManyKeys();
  await sql`
    INSERT INTO keys (id, digest, name, role, created, expires)
    VALUES (${id}, ${digest}, ${name}, ${role}, ${created}, ${expires})`;
}
