// bench/swarm/simulator: how close a swarm of the program's own plans, windows and tellings comes to the
// least time that any could take, in swarms that no machine holds. What is simulated is said in network.ts
// and simulate.ts; it is no measurement.
//
//   node bench/swarm/simulator/run.ts [--cases n8,unequal] [--n 10,100,1000] [--pieces 1000] [--seeds 3]
//     [--up 10] [--down 50] [--opens 25] [--takes 100] [--sends 256] [--again milliseconds]
//     [--plan file] [--window file] [--telling file]
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { boundOf, casesNamed, type Case, type Peer } from '../cases.ts';
import { FRAMES } from './network.ts';
import { randomFrom } from './random.ts';
import { simulate, type Policy } from './simulate.ts';

const PIECE_BYTES = 256 * 1024;
const MIB = 1024 * 1024;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '' },
    n: { type: 'string', default: '' },
    pieces: { type: 'string', default: '1000' },
    seeds: { type: 'string', default: '1' },
    up: { type: 'string', default: '10' },
    down: { type: 'string', default: '50' },
    opens: { type: 'string', default: '25' },
    takes: { type: 'string', default: '100' },
    sends: { type: 'string', default: '256' },
    again: { type: 'string', default: 'never' },
    plan: { type: 'string', default: 'src/peer/server/upload-plan.ts' },
    window: { type: 'string', default: 'src/peer/server/upload-window.ts' },
    telling: { type: 'string', default: 'src/peer/download/telling.ts' },
  },
});

const policy = {
  ...((await import(resolve(values.plan))) as object),
  ...((await import(resolve(values.window))) as object),
  ...((await import(resolve(values.telling))) as object),
} as Policy;

const cases: Case[] = [
  ...(values.cases === '' ? [] : casesNamed(listed(values.cases))),
  ...listed(values.n).map((n) => swarmOf(whole(n))),
];
console.log(
  'case        leechers pieces  bound s   last s  ratio  of it frames   median s  used  seeded s  twice  passes  wasted  wall s  MB',
);
for (const each of cases)
  for (let seed = 1; seed <= whole(values.seeds); seed++) simulateCase(each, seed);

function simulateCase({ name, peers, mib }: Case, seed: number): void {
  const bytes = mib * MIB;
  const began = performance.now();
  const bound = boundOf(bytes, peers);
  const result = simulate({
    ...policy,
    peers,
    pieces: Math.ceil(bytes / PIECE_BYTES),
    pieceBytes: PIECE_BYTES,
    opens: whole(values.opens),
    takes: whole(values.takes),
    sends: whole(values.sends),
    againAfter: values.again === 'never' ? Infinity : whole(values.again),
    random: randomFrom(seed),
    onProgress: (seconds, received) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${seconds.toFixed(1)} s, ${received} `);
    },
  });
  const { last, median, used, seeded, repeated, passes, offers, duplicates } = result;
  console.log(
    [
      name.padEnd(12),
      String(peers.length - 1).padStart(7),
      String(Math.ceil(bytes / PIECE_BYTES)).padStart(6),
      bound.toFixed(2).padStart(8),
      last.toFixed(2).padStart(8),
      (last / bound).toFixed(3).padStart(6),
      (last / bound / FRAMES).toFixed(3).padStart(9),
      median.toFixed(2).padStart(13),
      used.toFixed(3).padStart(6),
      seeded.toFixed(1).padStart(8),
      String(repeated).padStart(6),
      (passes / offers).toFixed(3).padStart(8),
      String(duplicates).padStart(6),
      ((performance.now() - began) / 1000).toFixed(1).padStart(8),
      String(Math.round(process.resourceUsage().maxRSS / 1024)).padStart(6),
    ].join(' '),
  );
}

function swarmOf(n: number): Case {
  const links = { up: Number(values.up), down: Number(values.down) };
  const peer: Peer = { ...links, role: 'leech', arrivesAfter: 0, leavesWhenDone: false };
  const mib = (whole(values.pieces) * PIECE_BYTES) / MIB;
  const leechers = Array.from({ length: n }, () => peer);
  return { name: `n-${n}`, mib, peers: [{ ...peer, role: 'seed' }, ...leechers] };
}

function listed(text: string): string[] {
  return text.split(',').filter(Boolean);
}

function whole(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${text} is not a whole number from 1 on.`);
  return Number(text);
}
