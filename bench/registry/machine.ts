// The machine as Linux tells of it: which core a process is on, what it used, what the host took away.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What is measured runs on one core, and all that asks it on the other. */
export const MEASURED_CORE = 0;
export const LOAD_CORE = 1;
/** Of the cores' time, 0 … 1: where the host takes more, the figure is taken again. */
export const MOST_STOLEN = 0.03;
/** Of the time, 0 … 1; what the kernel itself does on that core counts too. */
export const MOST_WAITED = 0.06;

/** Puts this process, and all that it starts from now on, on one core. */
export function pinTo(core: number): void {
  const { status } = spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)]);
  if (status !== 0) throw new Error('This needs Linux with taskset (util-linux), and two cores.');
}

/** Seconds of CPU that a process has used. */
export function cpuOf(pid: number): number {
  const [, times = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/^.*\) /);
  const fields = times.split(' ').map(Number);
  return ((fields[11] ?? NaN) + (fields[12] ?? NaN)) / 100;
}

/** Of a process, resident, in MB (10^6 bytes): now, and at most until now. */
export interface Memory {
  now: number;
  most: number;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (field: string) => {
    const kilobytes = Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
    if (!(kilobytes > 0)) throw new Error(`Not measured: ${field} of process ${pid}.`);
    return (kilobytes * 1024) / 1e6;
  };
  return { now: of('VmRSS'), most: of('VmHWM') };
}

/** What was measured, and how much of the machine others had meanwhile. */
export interface Watched<T> {
  figures: T;
  /** 0 … 1: of all cores' time, what the host gave to others. */
  stolen: number;
  /** 0 … 1: of the time, how long what is measured had to wait for its core: other programs ran on it. */
  waited: number;
}

/**
 * Measures, and measures anew when too much of the machine was taken away meanwhile; the last time
 * counts whatever it had, and says so.
 *
 * @param server the id of the process that is measured, where it is one and the same all the time
 */
export async function inPeace<T>(
  what: string,
  server: number | undefined,
  measure: () => Promise<T>,
  repetitions: number,
): Promise<Watched<T>> {
  for (let left = repetitions; ; left--) {
    const before = coreTimes();
    const waitedBefore = waitedBy(server);
    const begun = performance.now();
    const figures = await measure();
    const waited = (waitedBy(server) - waitedBefore) / (performance.now() - begun);
    const after = coreTimes();
    const stolen = (after.stolen - before.stolen) / Math.max(1, after.all - before.all);
    const watched = { figures, stolen, waited };
    if (!isDisturbed(watched) || left === 0) return watched;
    console.error(
      `${what}: ${(stolen * 100).toFixed(0)} % stolen, ${(waited * 100).toFixed(0)} % waited, again`,
    );
  }
}

export function isDisturbed({ stolen, waited }: { stolen: number; waited: number }): boolean {
  return stolen > MOST_STOLEN || waited > MOST_WAITED;
}

/** Ticks of all cores since the machine began; see proc(5), /proc/stat. */
function coreTimes(): { all: number; stolen: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return { all: ticks.reduce((sum, each) => sum + each, 0), stolen: ticks[7] ?? 0 };
}

/** Milliseconds that the first thread of a process was ready to run and did not. */
function waitedBy(server: number | undefined): number {
  if (server === undefined) return 0;
  const [, nanoseconds] = readFileSync(`/proc/${server}/schedstat`, 'utf8').split(' ');
  return Number(nanoseconds) / 1e6;
}
