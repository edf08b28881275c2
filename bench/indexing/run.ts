// bench/indexing: how long `sp2p share` takes until all it shares is hashed, with nothing known and with
// everything known, beside what OpenSSL says that the cores can do. Each run measures all three, so that
// what disturbs one disturbs all. Medians and ratios.
//
//   node bench/indexing/run.ts [--files 4] [--mib 1024] [--runs 3] [--folder /dev/shm]
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, cpus, freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '4' },
    mib: { type: 'string', default: '1024' },
    runs: { type: 'string', default: '3' },
    folder: { type: 'string' },
  },
});
const MIB = 1024 * 1024;
const [files, mib, runs] = [values.files, values.mib, values.runs].map((text) => {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${text} is not a whole number from 1 on.`);
  return Number(text);
}) as [number, number, number];
const bytes = files * mib * MIB;
const cores = availableParallelism();
/** What is left free of a disk, and of memory, once the files are there. */
const SPARE_BYTES = 2 * 1024 * MIB;
/** A share that is not through by then is not measured. */
const DEADLINE_MS = 600_000;
/** The least share of what the cores can do. */
const BAR = 0.8;
const command = fileURLToPath(new URL('../../bin/sp2p.js', import.meta.url));
/** Nobody listens there: what a registry costs is not measured here. */
const NO_REGISTRY = 'http://127.0.0.1:1';

const { folder, why } = placeFor(bytes);
const scratch = mkdtempSync(join(folder, 'sp2p-bench-'));
let running: ChildProcess | undefined;
process.once('SIGINT', leave).once('SIGTERM', leave);

interface Measured {
  /** Seconds from the start of the process to the line that says that everything is hashed. */
  wall: number;
  /** Seconds of CPU until then. */
  cpu: number;
  /** Most memory until then, in MB (10^6 bytes). */
  memory: number;
}

interface Run {
  fresh: Measured;
  warm: Measured;
  /** What one core does by itself, and what all do together, in MB/s (10^6 bytes). */
  openssl: number;
  opensslAll: number;
}

try {
  console.error(`${files} x ${mib} MiB in ${folder} (${why})`);
  const share = join(scratch, 'share');
  mkdirSync(share);
  for (let file = 0; file < files; file++) makeFile(join(share, `${file}.bin`));
  const all: Run[] = [];
  for (let run = 1; run <= runs; run++) {
    const cache = join(scratch, `cache${run}`);
    const openssl = opensslSpeed();
    const fresh = await measure(share, cache, files);
    const opensslAll = opensslSpeed('-multi', String(cores));
    const warm = await measure(share, cache, 0);
    all.push({ fresh, warm, openssl, opensslAll });
    console.error(
      `run ${run}  fresh ${fresh.wall.toFixed(2)} s, warm ${warm.wall.toFixed(2)} s, openssl ${openssl.toFixed(0)} MB/s, on all cores ${opensslAll.toFixed(0)}`,
    );
  }
  report(all);
} finally {
  leave();
}

function leave(): void {
  running?.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
}

/** Memory, where there is room: no disk is measured then. */
function placeFor(wanted: number): { folder: string; why: string } {
  if (values.folder !== undefined) return { folder: values.folder, why: 'as told' };
  const [memory, disk] = ['/dev/shm', tmpdir()] as const;
  const room = (path: string) => {
    if (!existsSync(path)) return 0;
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize - SPARE_BYTES;
  };
  if (Math.min(room(memory), freemem() - SPARE_BYTES) >= wanted)
    return { folder: memory, why: 'in memory: there is room' };
  if (room(disk) >= wanted) return { folder: disk, why: `${memory} has no room` };
  throw new Error(`Neither ${memory} nor ${disk} has room; try a smaller --mib.`);
}

function makeFile(path: string): void {
  const file = openSync(path, 'w');
  const chunk = Buffer.alloc(16 * MIB);
  for (let done = 0; done < mib * MIB; done += chunk.length) {
    randomFillSync(chunk);
    writeSync(file, chunk, 0, Math.min(chunk.length, mib * MIB - done));
  }
  closeSync(file);
  // Not written just now: a share leaves such files alone for a while.
  utimesSync(path, 0, 1_000_000_000);
}

/** @param expected how many files have to be hashed */
async function measure(share: string, cache: string, expected: number): Promise<Measured> {
  const flags = ['--registry', NO_REGISTRY, '--host', '127.0.0.1', '--port', '0', '--json'];
  const begun = performance.now();
  const child = spawn(process.execPath, [command, 'share', share, '--cache', cache, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running = child;
  const closed = once(child, 'close');
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  let measured: (Measured & { hashed: unknown; bytes: unknown }) | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as Record<string, unknown>;
    if (event['event'] !== 'indexed') continue;
    const wall = (performance.now() - begun) / 1000;
    measured = { wall, ...usageOf(child), hashed: event['hashed'], bytes: event['bytes'] };
    break;
  }
  child.kill('SIGTERM');
  const [code] = (await closed) as [number | null];
  clearTimeout(timer);
  running = undefined;
  if (!measured || code !== 0) throw new Error(`sp2p share ended with ${code ?? 'a signal'}.`);
  if (measured.hashed !== expected || measured.bytes !== expected * mib * MIB)
    throw new Error(
      `${String(measured.hashed)} files were hashed (${String(measured.bytes)} bytes), not ${expected}.`,
    );
  return measured;
}

/** CPU seconds and most memory of a process until now, as Linux counts them. */
function usageOf({ pid }: ChildProcess): { cpu: number; memory: number } {
  const [, times = ''] = readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8').split(/^.*\) /);
  const fields = times.split(' ').map(Number);
  const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
  const kilobytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
  const cpu = ((fields[11] ?? NaN) + (fields[12] ?? NaN)) / 100;
  return { cpu: known(cpu), memory: (known(kilobytes) * 1024) / 1e6 };
}

/** In MB/s: blocks of 16 KiB, as the tree has them. OpenSSL counts its seconds of CPU, not those of the clock. */
function opensslSpeed(...flags: string[]): number {
  const args = ['speed', ...flags, '-evp', 'sha256', '-bytes', '16384', '-seconds', '3'];
  const { stdout } = spawnSync('openssl', args, { encoding: 'utf8' });
  return known(Number(/^sha256\s+([\d.]+)k$/im.exec(stdout)?.[1]) / 1000);
}

function known(figure: number): number {
  if (!(figure > 0)) throw new Error('Not measured: this needs Linux, and openssl.');
  return figure;
}

function report(all: Run[]): void {
  const median = (of: (run: Run) => number) =>
    known(all.map(of).sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN);
  const speed = (seconds: number) => bytes / 1e6 / seconds;
  console.log(
    `${files} x ${mib} MiB of random bytes, ${folder}, median of ${runs}; ${cores} cores of ${cpus()[0]?.model ?? '?'}, Node.js ${process.versions.node}\n`,
  );
  console.log('| | seconds | MB/s | CPU s | memory, MB |\n|---|---|---|---|---|');
  for (const which of ['fresh', 'warm'] as const) {
    const wall = median((run) => run[which].wall);
    const mbs = which === 'fresh' ? speed(wall).toFixed(0) : 'nothing hashed';
    console.log(
      `| ${which} cache | ${wall.toFixed(2)} | ${mbs} | ${median((run) => run[which].cpu).toFixed(2)} | ${median((run) => run[which].memory).toFixed(0)} |`,
    );
  }
  console.log(`| openssl speed, one core | | ${median((run) => run.openssl).toFixed(0)} | | |`);
  console.log(`| openssl speed, all cores | | ${median((run) => run.opensslAll).toFixed(0)} | | |`);
  console.log('\n| ratio of MB/s, fresh cache | measured | in each run | bar |\n|---|---|---|---|');
  const ratio = (name: string, bar: string, of: (run: Run) => number) => {
    const each = all.map((run) => of(run).toFixed(2)).join(', ');
    console.log(`| ${name} | ${median(of).toFixed(2)} | ${each} | ${bar} |`);
  };
  ratio(
    `to ${cores} x openssl on one core`,
    `>= ${BAR}`,
    ({ fresh, openssl }) => speed(fresh.wall) / (cores * openssl),
  );
  ratio('to openssl on all cores', '', ({ fresh, opensslAll }) => speed(fresh.wall) / opensslAll);
  ratio(
    'of CPU seconds, to openssl on one core',
    '',
    ({ fresh, openssl }) => speed(fresh.cpu) / openssl,
  );
}
