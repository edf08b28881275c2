// The machine as Linux tells of it: which core a process is on, what it used, what the host took away.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What is measured runs on one core, and all that asks it on the other. */
export const MEASURED_CORE = 0;
export const LOAD_CORE = 1;
/** Of the cores' time, 0 … 1: where the host takes more, the figure is taken again. */
export const MOST_STOLEN = 0.03;

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

/** What was measured, and which share of all cores' time, 0 … 1, went to others meanwhile. */
export interface Watched<T> {
  figures: T;
  stolen: number;
}

/**
 * Measures, and measures anew when too much of the machine was taken away meanwhile; the last time
 * counts whatever it had, and says so.
 */
export async function inPeace<T>(
  what: string,
  measure: () => Promise<T>,
  repetitions: number,
): Promise<Watched<T>> {
  for (let left = repetitions; ; left--) {
    const before = coreTimes();
    const figures = await measure();
    const after = coreTimes();
    const stolen = (after.stolen - before.stolen) / Math.max(1, after.all - before.all);
    if (stolen <= MOST_STOLEN || left === 0) return { figures, stolen };
    console.error(`${what}: ${(stolen * 100).toFixed(0)} % of the machine went to others, again`);
  }
}

/** Ticks of all cores since the machine began; see proc(5), /proc/stat. */
function coreTimes(): { all: number; stolen: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return { all: ticks.reduce((sum, each) => sum + each, 0), stolen: ticks[7] ?? 0 };
}
