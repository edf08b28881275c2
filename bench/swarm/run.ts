// bench/swarm: one file from a seed or two to many at once, over links as homes have them, by Simple
// P2P, by libtorrent, and by a client and a server; against the least time that is possible.
//
//   node bench/swarm/run.ts [--case n8,scale] [--systems sp2p,libtorrent,http] [--runs 1]
//                           [--json FILE] [--chart docs/swarm.svg] [--folder /dev/shm]
//   node bench/swarm/run.ts --from FILE,… [--chart docs/swarm.svg]      what was measured before
//
// Root only: every peer is a network namespace with links of its own (hosts.ts). Cases: cases.ts.
// Start-up is not measured for anyone: all are ready, then told to go.
//   apt-get install iproute2 nginx-light curl python3-libtorrent
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { casesNamed, clientServerBoundOf, type Case } from './cases.ts';
import { chartSvg } from './chart.ts';
import { CONGESTION_CONTROL, type Network } from './hosts.ts';
import { measure, type Figures } from './measure.ts';
import { runText, tableText } from './report.ts';
import { http } from './systems/http.ts';
import { libtorrent } from './systems/libtorrent.ts';
import { sp2p } from './systems/sp2p.ts';
import type { System } from './systems/system.ts';

const SYSTEMS: System[] = [sp2p, libtorrent, http];
const MIB = 1024 * 1024;
/** Client and server would take longer than that for a case: a smaller file, and in proportion. */
const MAX_HTTP_SECONDS = 40;
/** Of the cores' time, 0 … 1: where others take more, links idle that would have been busy. */
const MOST_TAKEN = 0.05;
const MOST_REPETITIONS = 3;

const { values } = parseArgs({
  options: {
    case: { type: 'string', default: '' },
    systems: { type: 'string', default: 'sp2p,libtorrent,http' },
    runs: { type: 'string', default: '1' },
    folder: { type: 'string', default: '/dev/shm' },
    json: { type: 'string' },
    chart: { type: 'string' },
    from: { type: 'string' },
  },
});

const all: Figures[] = values.from === undefined ? await measured() : figuresIn(values.from);
console.log(`\n${tableText(all)}`);
if (values.chart !== undefined) writeFileSync(values.chart, chartSvg(all));

async function measured(): Promise<Figures[]> {
  const cases = casesNamed(listed(values.case));
  const systems = listed(values.systems).map((name) => {
    const found = SYSTEMS.find((system) => system.name === name);
    if (!found) throw new Error(`No system ${name}.`);
    return found;
  });
  removeLeftOver(values.folder);
  const scratch = mkdtempSync(join(values.folder, `sp2p-swarm-${process.pid}-`));
  let network: Network | undefined;
  // Whatever the end, and at once: nothing here waits.
  process.on('exit', () => {
    network?.remove();
    rmSync(scratch, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));

  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? '?'}, load ${loadavg()[0]?.toFixed(1) ?? '?'}; Node.js ${process.versions.node}; TCP ${CONGESTION_CONTROL}, no delay but of queues`,
  );
  const figures: Figures[] = [];
  for (const each of cases) {
    for (let run = 1; run <= Number(values.runs); run++)
      for (const system of systems) {
        if (!system.plays(each.peers)) continue;
        const content = contentOf(scratch, system === http ? smallerFor(each) : each.mib * MIB);
        try {
          const one = await measuredInPeace(() =>
            measure(each, system, run, content, scratch, (built) => {
              network = built;
            }),
          );
          figures.push(one);
          if (one.seconds === null) process.exitCode = 1;
        } catch (error) {
          process.exitCode = 1;
          console.log(`\n${each.name}, ${system.name}, run ${run}: FAILED, ${String(error)}`);
        }
        // What is measured is not lost if what follows is interrupted.
        if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(figures, null, 1));
      }
    rmSync(join(scratch, 'content'), { recursive: true, force: true });
  }
  return figures;
}

/** The run, begun anew when too much of the machine was taken meanwhile; of several the one that had most of it. */
async function measuredInPeace(run: () => Promise<Figures>): Promise<Figures> {
  const tries: Figures[] = [];
  for (;;) {
    const figures = await run();
    console.log(runText(figures));
    tries.push(figures);
    const [best = figures] = tries.toSorted((a, b) => a.taken - b.taken);
    if (best.taken <= MOST_TAKEN || tries.length > MOST_REPETITIONS) return best;
    console.log('Too much of the machine went to others: again.');
  }
}

function figuresIn(paths: string): Figures[] {
  return listed(paths).flatMap((path) => JSON.parse(readFileSync(path, 'utf8')) as Figures[]);
}

function smallerFor({ mib, peers }: Case): number {
  const seconds = clientServerBoundOf(mib * MIB, peers);
  return Math.max(1, Math.floor(mib * Math.min(1, MAX_HTTP_SECONDS / seconds))) * MIB;
}

/** A file of so many random bytes, alone in its folder, made when it is not there yet. */
function contentOf(scratch: string, size: number): { path: string; size: number } {
  const folder = join(scratch, 'content', String(size));
  const path = join(folder, 'content.bin');
  if (!mkdirSync(folder, { recursive: true })) return { path, size };
  const file = openSync(path, 'w');
  const chunk = Buffer.alloc(MIB);
  for (let done = 0; done < size; done += MIB) writeSync(file, randomFillSync(chunk));
  closeSync(file);
  return { path, size };
}

/** The files of a run that was killed. */
function removeLeftOver(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid] = /^sp2p-swarm-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function listed(text: string): string[] {
  return text.split(',').filter(Boolean);
}
