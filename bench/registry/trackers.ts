// What answers a like question elsewhere: BitTorrent trackers, asked over HTTP who else has a content.
// An announce tells as well as asks, and its answer is shorter.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Background } from './background.ts';
import { PEERS } from './catalogues.ts';
import { freePort } from './engines.ts';
import { MEASURED_CORE } from './machine.ts';
import { hexDigits, randomFrom } from './random.ts';

const bench = fileURLToPath(new URL('..', import.meta.url));
const trackerServer = fileURLToPath(new URL('tracker-server.ts', import.meta.url));
/** Contents that they are asked for: fewer than the registry's names, which is to their advantage. */
export const CONTENTS = 10_000;
const SEED = 11;
const INSTALL_DEADLINE_MS = 300_000;
const START_TRIES = 100;
/** Announces under way at once while the contents are made known. */
const AT_ONCE = 16;

export interface Tracker {
  name: string;
  port: number;
  pid: number;
  /** False: it closes the connection after each answer. */
  keepsConnections: boolean;
}

/** A file of announces, one path a line, each of another content. */
export function announcesFile(folder: string): { path: string; contents: string[] } {
  const random = randomFrom(SEED);
  const contents = Array.from({ length: CONTENTS }, () => hexDigits(40, random));
  const lines = contents.map((content, n) => {
    const hash = content.replace(/../g, '%$&');
    const peer = n % PEERS;
    const who = `peer_id=-SP0100-${String(peer).padStart(12, '0')}&port=${20_000 + peer}`;
    return `/announce?info_hash=${hash}&${who}&uploaded=0&downloaded=0&left=0&compact=1`;
  });
  const path = join(folder, 'announces.txt');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return { path, contents };
}

/** The npm package, from bench/node_modules, or installed into a folder of the benchmark's own. */
export async function startBittorrentTracker(folder: string): Promise<Tracker> {
  const module = installed(bench) ?? installed(install(folder));
  if (module === undefined) throw new Error('bittorrent-tracker could not be installed.');
  const tracker = new Background(MEASURED_CORE, process.execPath, [trackerServer, module]);
  const { port } = await tracker.said<{ port: number }>();
  return { name: 'bittorrent-tracker', port, pid: tracker.pid, keepsConnections: true };
}

/** Debian's package, which answers for listed contents alone. */
export async function startOpentracker(folder: string, contents: string[]): Promise<Tracker> {
  if (spawnSync('which', ['opentracker']).status !== 0)
    throw new Error('opentracker is not there: apt-get install opentracker');
  const port = await freePort();
  const place = join(folder, 'opentracker');
  mkdirSync(place);
  writeFileSync(
    join(place, 'listed'),
    `${contents.map((each) => each.toUpperCase()).join('\n')}\n`,
  );
  // As root it becomes another user, who has to get there.
  for (const each of [folder, place]) chmodSync(each, 0o755);
  const where = ['-i', '127.0.0.1', '-p', String(port), '-P', String(port)];
  const tracker = new Background(MEASURED_CORE, 'opentracker', [
    ...where,
    ...['-d', place, '-w', 'listed'],
  ]);
  tracker.child.stdout.resume();
  for (let tries = 0; tries < START_TRIES; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/stats`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer) return { name: 'opentracker', port, pid: tracker.pid, keepsConnections: false };
    await delay(50);
  }
  throw new Error(`opentracker did not start. ${tracker.complaints}`);
}

/** Each content is announced once, so that no answer is an empty one. @throws Error when one is refused */
export async function makeKnown({ name, port }: Tracker, paths: string[]): Promise<void> {
  const left = [...paths];
  const announce = async () => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}&event=started`);
      const said = await answer.text();
      if (!answer.ok || said.includes('failure')) throw new Error(`${name} said: ${said}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, announce));
}

function installed(folder: string): string | undefined {
  const module = join(folder, 'node_modules', 'bittorrent-tracker', 'server.js');
  return existsSync(module) ? module : undefined;
}

function install(folder: string): string {
  const place = join(folder, 'packages');
  mkdirSync(place, { recursive: true });
  copyFileSync(join(bench, 'package.json'), join(place, 'package.json'));
  // Without scripts: what would be compiled there serves voices that are not used.
  const flags = ['--prefix', place, '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  spawnSync('npm', ['install', ...flags], { stdio: 'inherit', timeout: INSTALL_DEADLINE_MS });
  return place;
}
