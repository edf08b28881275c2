// The same index as another registry's, but of a private network: what a key, and TLS, cost a look-up.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { parseJoinLink } from '../../src/protocol/join-link.ts';
import { Background } from './background.ts';
import { MEASURED_CORE } from './machine.ts';

const command = fileURLToPath(new URL('../../bin/sp2p.js', import.meta.url));

/** A registry over TLS, and a key that it lets in. */
export interface PrivateTwin {
  port: number;
  pid: number;
  key: string;
  stop: () => Promise<void>;
}

/** @param data the folder of an SQLite index, which may be in use */
export async function startPrivateTwin(data: string, folder: string): Promise<PrivateTwin> {
  const copy = join(folder, 'private-twin');
  mkdirSync(copy, { mode: 0o700 });
  const original = new DatabaseSync(join(data, 'index.sqlite'), { readOnly: true });
  original.prepare('VACUUM INTO ?').run(join(copy, 'index.sqlite'));
  original.close();
  const twin = new DatabaseSync(join(copy, 'index.sqlite'));
  // No command turns an open network into a private one: whoever is in it has no key.
  twin.exec(`UPDATE secrets SET value = CAST('private' AS BLOB) WHERE name = 'network'`);
  twin.close();
  const start = async () => {
    const where = ['--host', '127.0.0.1', '--port', '0', '--data', copy];
    const running = new Background(MEASURED_CORE, process.execPath, [
      ...[command, 'registry', '--private', '--json', ...where],
    ]);
    return { running, first: await running.said<{ joinLink?: string; port?: number }>() };
  };
  // The first time it says nothing but the link first, and says it once.
  const { running: once, first } = await start();
  const { key } = parseJoinLink(first.joinLink ?? '');
  await once.stop();
  const { running, first: listening } = await start();
  return {
    ...{ port: listening.port ?? 0, pid: running.pid, key },
    stop: () => running.stop(),
  };
}
