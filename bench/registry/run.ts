// bench/registry: what one registry on one core does with ten thousand names and with a million, spread
// over a thousand peers, for clients over loopback: look-ups, searches, registration, heartbeats,
// restarts, memory; beside a route that does nothing and two BitTorrent trackers, in the same run.
//
//   node bench/registry/run.ts [--names 10000,1000000] [--engines sqlite,postgres] [--seconds 5]
//                              [--rounds 3] [--repetitions 2] [--only restart,look-up,search,heartbeat] [--json FILE]
//                              [--queries 500] [--search-seconds 60] [--beat-seconds 30]
//                              [--registry-flags '…'] [--cpu-prof FOLDER] [--folder /tmp]
//
// Linux with two cores. Registration is always measured: without it nothing is there. The load:
//   apt-get install wrk time apache2-utils opentracker     (bittorrent-tracker comes from npm: bench/package.json)
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Background } from './background.ts';
import { cataloguesOf, PEERS } from './catalogues.ts';
import { startEngine, type Engine, type EngineName } from './engines.ts';
import { HEARTBEATING, measureHeartbeats } from './heartbeats.ts';
import { CONNECTIONS } from './load.ts';
import { measureLookUps } from './look-ups.ts';
import { inPeace, LOAD_CORE, MEASURED_CORE, pinTo } from './machine.ts';
import { startPrivateTwin } from './private-twin.ts';
import { register } from './registration.ts';
import { RegistryProcess } from './registry-process.ts';
import { reportText, type Measured, type Sized } from './report.ts';
import { measureRestarts } from './restarts.ts';
import { measureSearches } from './searches.ts';
import {
  announcesFile,
  CONTENTS,
  makeKnown,
  startBittorrentTracker,
  startOpentracker,
} from './trackers.ts';

const { values } = parseArgs({
  options: {
    names: { type: 'string', default: '10000,1000000' },
    engines: { type: 'string', default: 'sqlite' },
    only: { type: 'string', default: 'restart,look-up,search,heartbeat' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    repetitions: { type: 'string', default: '2' },
    queries: { type: 'string', default: '500' },
    'search-seconds': { type: 'string', default: '60' },
    'beat-seconds': { type: 'string', default: '30' },
    'registry-flags': { type: 'string', default: '' },
    'cpu-prof': { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'string' },
  },
});
const PARTS = ['restart', 'look-up', 'search', 'heartbeat'] as const;
const ENGINES: EngineName[] = ['sqlite', 'postgres'];
const parts = listed(values.only).map((name) => oneOf(PARTS, name));
const engines = listed(values.engines).map((name) => oneOf(ENGINES, name));
const sizes = listed(values.names).map(wholeNumber);
const repetitions = Number(values.repetitions);
const peers = fileURLToPath(new URL('fake-peers.ts', import.meta.url));

for (const program of ['wrk', 'ab', 'taskset', '/usr/bin/time'])
  if (spawnSync('which', [program]).status !== 0)
    throw new Error(`${program} is not there: apt-get install wrk apache2-utils util-linux time`);
const scratch = mkdtempSync(join(values.folder, 'sp2p-registry-'));
// For servers that become another user.
chmodSync(scratch, 0o755);
process.on('exit', () => {
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(130));
if (values['cpu-prof'] !== undefined) mkdirSync(values['cpu-prof'], { recursive: true });

pinTo(LOAD_CORE);
console.log(
  `${cpus().length} × ${cpus()[0]?.model ?? '?'}, Node.js ${process.versions.node}; one process on core ${MEASURED_CORE}, the load on core ${LOAD_CORE}; ${PEERS} peers; wrk with ${CONNECTIONS} connections; trackers with ${CONTENTS} contents; index in ${values.folder}\n`,
);
const all: Measured[] = [];
const fakePeers = new Background(LOAD_CORE, process.execPath, [peers, String(HEARTBEATING)]);
const { port: peerPort } = await fakePeers.said<{ port: number }>();
for (const name of engines) {
  const folder = join(scratch, name);
  mkdirSync(folder);
  const engine = await startEngine(name, folder);
  const measured: Measured = { engine: name, sizes: [], asked: [] };
  all.push(measured);
  try {
    await measureEngine(engine, measured, folder);
    console.log(`${reportText(measured)}\n`);
  } catch (error) {
    if (name !== 'postgres' || !String(error).includes('--database')) throw error;
    console.log('PostgreSQL is not there: `sp2p registry` does not know --database.\n');
  } finally {
    await engine.stop();
  }
}
process.exit();

async function measureEngine(engine: Engine, all: Measured, folder: string): Promise<void> {
  const registries: { registry: RegistryProcess; names: string[]; figures: Sized }[] = [];
  for (const count of sizes) {
    const each = await filled(engine, count);
    registries.push(each);
    const { registry, names, figures } = each;
    if (parts.includes('restart')) figures.restarts = await measureRestarts(registry, names);
    else {
      await registry.stop();
      await registry.start('asked');
    }
    await engine.settled(registry.index);
    figures.database = await engine.sizeOf(registry.index);
    all.sizes.push(figures);
    keep();
  }
  if (parts.includes('look-up'))
    await tried('look-ups', async () => {
      const rounds = wholeNumber(values.rounds);
      const seconds = wholeNumber(values.seconds);
      const trackers = await startTrackers(folder);
      const twin = await twinOf(registries[0]?.registry, folder);
      const load = { rounds, seconds, repetitions };
      try {
        all.asked.push(...(await measureLookUps({ registries, twin, trackers, ...load, folder })));
      } finally {
        await twin?.stop();
      }
    });
  for (const { registry, names, figures } of registries) {
    if (parts.includes('search'))
      await tried(`${registry.index}, search`, async () => {
        figures.searches = await measureSearches(registry, names, {
          wanted: wholeNumber(values.queries),
          seconds: wholeNumber(values['search-seconds']),
          repetitions,
        });
      });
    figures.memory = registry.memory;
    await registry.stop();
    keep();
  }
  if (parts.includes('heartbeat'))
    for (const { registry, figures } of registries)
      await tried(`${registry.index}, heartbeats`, async () => {
        const seconds = wholeNumber(values['beat-seconds']);
        figures.heartbeats = await measureHeartbeats(registry, peerPort, seconds);
      });
}

/** What fails is said so and not in the tables; all else is measured all the same. */
async function tried(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.exitCode = 1;
    console.log(`${what}: FAILED, ${String(error)}\n`);
  }
  keep();
}

/** A registry that runs, with so many names. */
async function filled(engine: Engine, count: number) {
  const index = `${engine.name}_${count}`;
  const flags = listed(values['registry-flags'].replaceAll(/\s+/g, ','));
  const registry = new RegistryProcess(engine, index, flags, values['cpu-prof']);
  await registry.start('registration');
  console.error(`${index}: making names up`);
  const catalogues = cataloguesOf(count);
  const registration = await inPeace(
    `${index}, registration`,
    registry.pid,
    () => register(registry, catalogues, peerPort),
    0,
  );
  const { seconds, memory } = registration.figures;
  console.error(`${index}: registered in ${seconds.toFixed(1)} s`);
  const figures: Sized = {
    ...{ index, names: count, registration },
    ...{ database: NaN, restarts: [], searches: [], memory },
  };
  return { registry, names: catalogues.names, figures };
}

/** An SQLite index can be copied; with keys the other engine does the same. */
function twinOf(registry: RegistryProcess | undefined, folder: string) {
  return registry?.engine.name === 'sqlite'
    ? startPrivateTwin(join(folder, registry.index), folder)
    : undefined;
}

/** Those that are there; who is not is said so. */
async function startTrackers(folder: string) {
  const { path, contents } = announcesFile(folder);
  const paths = readFileSync(path, 'utf8').trim().split('\n');
  const trackers = [];
  for (const start of [startBittorrentTracker, startOpentracker])
    try {
      const tracker = await start(folder, contents);
      await makeKnown(tracker, paths);
      trackers.push({ tracker, paths: path });
    } catch (error) {
      console.log(`Not compared with a tracker. ${String(error)}\n`);
    }
  return trackers;
}

/** What is measured is not lost if what follows is interrupted. */
function keep(): void {
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(all, null, 1));
}

function listed(text: string): string[] {
  return text.split(',').filter(Boolean);
}

function oneOf<T extends string>(known: readonly T[], name: string): T {
  const found = known.find((each) => each === name);
  if (found === undefined) throw new Error(`${name} is none of ${known.join(', ')}.`);
  return found;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${text} is not a whole number from 1 on.`);
  return Number(text);
}
