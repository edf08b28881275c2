// One run of one case by one system: everyone ready, go, and what it took. Figures only; what they mean
// is report.ts's.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { boundOf, clientServerBoundOf, type Case, type Peer } from './cases.ts';
import type { HostProcess } from './host-process.ts';
import { Network, type Traffic } from './hosts.ts';
import type { System } from './systems/system.ts';

const TICKS_A_SECOND = 100;
const READY_DEADLINE_MS = 180_000;
/** Client and server would be done by this many times the time they need at least; so has everyone to be. */
const PATIENCE = 1.3;
const LEAST_DEADLINE_SECONDS = 60;
/** Further deadlines than this would only be waited for by who is stuck. */
const MOST_DEADLINE_SECONDS = 1_200;

export interface PeerFigures extends Omit<Peer, 'up' | 'down'>, Partial<Traffic> {
  /** Mbit/s; null: no cap (JSON has no infinity). */
  up: number | null;
  down: number | null;
  /** Leechers: from its own `go` to its completion; null: it never was done. */
  seconds?: number | null;
  /**
   * Bytes received in vain: as the system itself tells, and as the interface had it at completion (null
   * where nothing is capped: the frames of such a link are joined, and their headers not counted).
   */
  wasted?: number | null;
  wastedAsCounted?: number | null;
  /** CPU seconds since the first `go`. */
  cpu: number;
  failure?: string;
}

export interface Figures {
  case: string;
  system: string;
  run: number;
  /** Bytes of the case, and those of the smaller file that was measured where that would take too long. */
  bytes: number;
  measuredBytes: number;
  /** From the first `go` to the last completion, as measured; null: not all were done. */
  seconds: number | null;
  /** The least that is possible with `bytes`; 0: no bound. */
  bound: number;
  peers: PeerFigures[];
  registryCpu: number;
  /** 0 … 1: of the time of this machine's cores, what its host gave to others, and other processes had. */
  taken: number;
}

/**
 * @param content a file that is alone in its folder
 * @param keep is told of the network, to remove it when the process has to end meanwhile
 * @throws Error when it could not even begin, or someone received other bytes
 */
export async function measure(
  { name, peers, mib }: Case,
  system: System,
  run: number,
  content: { path: string; size: number },
  folder: string,
  keep: (network: Network) => void,
): Promise<Figures> {
  const scratch = mkdtempSync(join(folder, 'run-'));
  const network = Network.build([...peers, { up: Infinity, down: Infinity }]);
  keep(network);
  try {
    const placed = peers.map((peer, n) => ({ ...peer, host: hostOf(network, n) }));
    const players = await system.prepare({
      peers: placed,
      aside: hostOf(network, peers.length),
      content: content.path,
      size: content.size,
      scratch,
      signal: AbortSignal.timeout(READY_DEADLINE_MS),
    });
    const all = [...players.serving, ...players.leechers].map(({ process }) => process);
    const cpuBefore = new Map(all.map((process) => [process, process.cpu()]));
    const cpuOf = (process: HostProcess) => process.cpu() - (cpuBefore.get(process) ?? 0);
    const before = await network.traffic();

    const deadline = AbortSignal.timeout(deadlineOf(content.size, peers));
    const coresBefore = coreTimes();
    const begun = performance.now();
    const leeching = placed.filter(({ role }) => role === 'leech');
    const downloads = await Promise.all(
      players.leechers.map(async ({ process, file }, n) => {
        const { arrivesAfter = 0, leavesWhenDone = false, host } = leeching[n] ?? {};
        if (arrivesAfter > 0) await delay(arrivesAfter * 1000);
        const came = performance.now();
        process.tell('go');
        try {
          const line = await process.line((said) => said.startsWith('{'), deadline);
          const ended = performance.now();
          if (leavesWhenDone) await process.end();
          const at = network.hosts.findIndex((each) => each === host);
          const received =
            ((await network.traffic())[at]?.received ?? NaN) - (before[at]?.received ?? NaN);
          const { wasted } = JSON.parse(line) as { wasted?: number };
          const seconds = (ended - came) / 1000;
          return { process, file, seconds, ended, received, wasted };
        } catch (error) {
          return { process, file, seconds: null, failure: String(error) };
        }
      }),
    );
    const ended = downloads.map((each) => each.ended ?? NaN);
    const cores = coreTimes();
    const after = await network.traffic();
    const cpu = new Map(all.map((process) => [process.host, cpuOf(process)]));
    await Promise.all(all.map((process) => process.end()));
    for (const { seconds, file } of downloads)
      if (seconds !== null && spawnSync('cmp', ['-s', content.path, file]).status !== 0)
        throw new Error(`${system.name} received other bytes: ${file}`);

    const figures = placed.map(({ host, ...peer }, n): PeerFigures => {
      const download = downloads.find(({ process }) => process.host === host);
      return {
        ...peer,
        up: finite(peer.up),
        down: finite(peer.down),
        sent: (after[n]?.sent ?? NaN) - (before[n]?.sent ?? NaN),
        received: (after[n]?.received ?? NaN) - (before[n]?.received ?? NaN),
        cpu: cpu.get(host) ?? 0,
        ...(download && { seconds: download.seconds }),
        ...(download?.failure !== undefined && { failure: download.failure }),
        ...(download?.received !== undefined && {
          wasted: download.wasted ?? null,
          wastedAsCounted: isCapped(peer) ? withoutHeaders(download.received) - content.size : null,
        }),
      };
    });
    const last = (Math.max(...ended) - begun) / 1000;
    return {
      case: name,
      system: system.name,
      run,
      bytes: mib * 1024 * 1024,
      measuredBytes: content.size,
      seconds: Number.isNaN(last) ? null : last,
      bound: boundOf(mib * 1024 * 1024, peers),
      peers: figures,
      registryCpu: cpu.get(hostOf(network, peers.length)) ?? 0,
      taken: takenFrom(coresBefore, cores, [...cpu.values()]),
    };
  } finally {
    network.remove();
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface CoreTimes {
  all: number;
  stolen: number;
  /** In processes and the system calls of processes. */
  inProcesses: number;
}

/** Seconds of all cores since the machine began; see proc(5), /proc/stat. */
function coreTimes(): CoreTimes {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const seconds = line
    .split(/\s+/)
    .slice(1, 9)
    .map((ticks) => Number(ticks) / TICKS_A_SECOND);
  const [user = 0, nice = 0, system = 0] = seconds;
  return {
    all: seconds.reduce((sum, each) => sum + each, 0),
    stolen: seconds[7] ?? 0,
    inProcesses: user + nice + system,
  };
}

/** @param own CPU seconds of the processes that were measured */
function takenFrom(before: CoreTimes, after: CoreTimes, own: number[]): number {
  const ownSum = own.reduce((sum, each) => sum + each, 0);
  const others = Math.max(0, after.inProcesses - before.inProcesses - ownSum);
  return (after.stolen - before.stolen + others) / Math.max(0.1, after.all - before.all);
}

/** Bytes of content in so many bytes of full frames: 1448 of 1514, without Ethernet, IPv4 and TCP with times. */
function withoutHeaders(bytes: number): number {
  return Math.round((bytes * 1448) / 1514);
}

function isCapped({ up, down }: Peer): boolean {
  return Math.min(up, down) < Infinity;
}

function deadlineOf(bytes: number, peers: Peer[]): number {
  const needed = PATIENCE * clientServerBoundOf(bytes, peers) + LEAST_DEADLINE_SECONDS;
  return Math.ceil(Math.min(needed, MOST_DEADLINE_SECONDS) * 1000);
}

function hostOf(network: Network, n: number) {
  const host = network.hosts[n];
  if (!host) throw new Error(`There is no host ${n}.`);
  return host;
}

function finite(mbits: number): number | null {
  return mbits === Infinity ? null : mbits;
}
