// Exact look-ups through both contracts, at every size in turn, beside a route that does nothing and two
// trackers: round after round, so that what disturbs one disturbs all.
import { Agent } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Background } from './background.ts';
import { call } from './call.ts';
import { load, loadAnew, type Load } from './load.ts';
import { inPeace, MEASURED_CORE, type Watched } from './machine.ts';
import { randomFrom } from './random.ts';
import type { RegistryProcess } from './registry-process.ts';
import type { PrivateTwin } from './private-twin.ts';
import type { Tracker } from './trackers.ts';

const bareServer = fileURLToPath(new URL('bare-server.ts', import.meta.url));
/** So many names are asked for, a random choice of all: more than any cache of answers would keep. */
const ASKED = 100_000;
/** Answers among which the one of middle length is taken for the bare route. */
const SAMPLED = 101;
const SEED = 3;

export type Contract = 'native' | 'exercise';
export const CONTRACTS: Contract[] = ['native', 'exercise'];
const PREFIX = { native: '/api/v1/names/', exercise: '/api/Registers/' };

/** The first of the registries again, of a private network. */
export const PRIVATE_TWIN = 'the same, private';

/** Something that is asked, and what it did in each round. */
export interface Asked {
  /** `socket`, `bare`, the name of a tracker or of an index, or {@link PRIVATE_TWIN}. */
  who: string;
  contract: Contract | null;
  rounds: Watched<Load>[];
}

interface Target {
  who: string;
  contract: Contract | null;
  port: number;
  pid: number;
  paths: string;
  key?: string | undefined;
  /** False: it closes the connection after each answer. */
  keepsConnections: boolean;
}

export async function measureLookUps(options: {
  /** The registries, with the names of each, and those of one of them for the bare route. */
  registries: { registry: RegistryProcess; names: string[] }[];
  /** Of the first of them. */
  twin: PrivateTwin | undefined;
  trackers: { tracker: Tracker; paths: string }[];
  rounds: number;
  seconds: number;
  /** How often a round is taken again in which others had the machine. */
  repetitions: number;
  folder: string;
}): Promise<Asked[]> {
  const { registries, twin, trackers, rounds, seconds, repetitions, folder } = options;
  const [first] = registries;
  if (!first) return [];
  const asked = registries.map(({ registry, names }) => ({
    registry,
    paths: pathsFor(registry, names, folder),
  }));
  const bodies: string[] = [];
  for (const contract of CONTRACTS)
    bodies.push(await usualAnswer(first.registry, first.names, contract, folder));
  const bare = new Background(MEASURED_CORE, process.execPath, [bareServer, ...bodies]);
  const { route, socket } = await bare.said<{ route: number; socket: number }>();

  const targets: Target[] = [
    {
      ...{ who: 'socket', contract: null, port: socket, pid: bare.pid, keepsConnections: true },
      paths: asked[0]?.paths.native ?? '',
    },
    ...CONTRACTS.flatMap((contract) => [
      {
        ...{ who: 'bare', contract, port: route, pid: bare.pid, keepsConnections: true },
        paths: asked[0]?.paths[contract] ?? '',
      },
      ...asked.map(({ registry, paths }) => ({
        ...{ who: registry.index, contract, port: registry.port, pid: registry.pid },
        ...{ paths: paths[contract], keepsConnections: true },
      })),
    ]),
    ...(twin
      ? [
          {
            ...{ who: PRIVATE_TWIN, contract: 'native' as const, keepsConnections: true, ...twin },
            paths: asked[0]?.paths.native ?? '',
          },
        ]
      : []),
    ...trackers.map(({ tracker: { name: who, ...tracker }, paths }) => ({
      ...{ who, contract: null, ...tracker, paths },
    })),
  ];
  try {
    const results = targets.map(({ who, contract }): Asked => ({ who, contract, rounds: [] }));
    for (let round = 0; round <= rounds; round++)
      for (const [n, target] of targets.entries()) {
        const { who, contract, port, paths, pid: server, key, keepsConnections } = target;
        const what = `${who}${contract === null ? '' : `, ${contract}`}`;
        const ask = keepsConnections ? load : loadAnew;
        const measured = await inPeace(
          what,
          server,
          () => ask({ port, paths, seconds, server, key }),
          round === 0 ? 0 : repetitions,
        );
        // The first round warms up compilers and caches, and does not count.
        if (round > 0) results[n]?.rounds.push(measured);
        console.error(
          `${round === 0 ? 'warm-up' : `round ${round}`}  ${what}: ${measured.figures.perSecond.toFixed(0)}/s, load ${(measured.figures.loadBusy * 100).toFixed(0)} % busy`,
        );
      }
    return results;
  } finally {
    await bare.stop();
  }
}

/** Files of paths for wrk, one a line. */
function pathsFor({ index }: RegistryProcess, names: string[], folder: string) {
  const random = randomFrom(SEED);
  const chosen = Array.from({ length: ASKED }, () => names[random.below(names.length)] ?? '');
  const fileFor = (contract: Contract) => {
    const path = join(folder, `${index}-${contract}.txt`);
    writeFileSync(path, chosen.map((name) => pathOf(contract, name) + '\n').join(''));
    return path;
  };
  return { native: fileFor('native'), exercise: fileFor('exercise') };
}

/** A file with the answer of middle length to some of the names. */
async function usualAnswer(
  { port }: RegistryProcess,
  names: string[],
  contract: Contract,
  folder: string,
): Promise<string> {
  const agent = new Agent({ keepAlive: true });
  const random = randomFrom(SEED);
  const answers: string[] = [];
  for (let n = 0; n < SAMPLED; n++) {
    const name = names[random.below(names.length)] ?? '';
    answers.push((await call(agent, port, 'GET', pathOf(contract, name))).text);
  }
  agent.destroy();
  const path = join(folder, `usual-${contract}.json`);
  answers.sort((a, b) => a.length - b.length);
  writeFileSync(path, answers[Math.floor(SAMPLED / 2)] ?? '');
  return path;
}

/** As a browser or `sp2p` would write it: the slashes as they are. */
function pathOf(contract: Contract, name: string): string {
  return PREFIX[contract] + name.split('/').map(encodeURIComponent).join('/');
}
