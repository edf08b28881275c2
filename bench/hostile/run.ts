// What strangers cost those who mean well: an honest download of a peer, and look-ups of a registry, while
// 5,000 connections say nothing and 500 are slow, beside the same without them, round after round.
import { execFile, fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { call } from '../registry/call.ts';
import { announced, peerIdOf } from '../registry/identities.ts';

const { values: flags } = parseArgs({
  options: {
    idle: { type: 'string', default: '5000' },
    slow: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '3' },
    mib: { type: 'string', default: '1024' },
    only: { type: 'string', default: 'peer,registry' },
  },
});
const COMMAND = fileURLToPath(new URL('../../bin/sp2p.js', import.meta.url));
const STRANGERS = fileURLToPath(new URL('strangers.ts', import.meta.url));
const LOCAL = '127.0.0.1';
/** Strangers are all there, and what they make work has settled. */
const SETTLE_MS = 16_000;
const LOOK_UP_SECONDS = 4;
/** What a program may say before it is ready. */
const READY_WITHIN_MS = 120_000;
const BARS = { speed: 0.8, memory: 300 };

const run = promisify(execFile);

interface Server {
  whom: 'peer' | 'registry';
  child: ChildProcess;
  port: number;
  /** What an honest client gets a second. */
  measure: () => Promise<number>;
  unit: string;
}

/** The program, once it has said something that holds a port and one of these words. */
async function start(args: string[], ready: string, folder: string) {
  const child = spawn(
    process.execPath,
    [COMMAND, ...args, '--host', LOCAL, '--port', '0', '--json'],
    {
      env: {
        ...process.env,
        SP2P_NO_PAGE: '1',
        SP2P_CACHE: `${folder}/cache`,
        SP2P_STATE: `${folder}/state`,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  // Whatever the end is.
  process.once('exit', () => child.kill());
  let port = 0;
  const late = setTimeout(() => child.kill(), READY_WITHIN_MS);
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as Record<string, unknown>;
    if (typeof said['port'] === 'number') port = said['port'];
    if (port > 0 && line.includes(ready)) break;
  }
  clearTimeout(late);
  child.stdout.resume();
  if (port === 0) throw new Error(`sp2p ${args[0] ?? ''} did not start.`);
  return { child, port };
}

async function peer(folder: string): Promise<Server> {
  const shared = join(folder, 'shared');
  await mkdir(shared);
  const file = await open(join(shared, 'big'), 'wx');
  // Zeros: what is measured is the peer, not a disk.
  await file.truncate(Number(flags.mib) * 1024 * 1024);
  await file.close();
  const started = await start(
    ['share', shared, '--registry', `http://${LOCAL}:1`, '--log-level', 'silent'],
    '"indexed"',
    folder,
  );
  const url = `http://${LOCAL}:${started.port}/files/big`;
  const measure = async () => {
    const { stdout } = await run('curl', [
      '-sf',
      '-o',
      '/dev/null',
      '-w',
      '%{speed_download} %{size_download}',
      url,
    ]);
    const [speed = 0, size = 0] = stdout.split(' ').map(Number);
    if (size !== Number(flags.mib) * 1024 * 1024) throw new Error(`Only ${size} bytes came.`);
    return speed / 1e6;
  };
  return { whom: 'peer', ...started, measure, unit: 'MB/s' };
}

async function registry(folder: string): Promise<Server> {
  const started = await start(
    ['registry', '--data', join(folder, 'index'), '--no-dial-back'],
    '"port"',
    folder,
  );
  const root = '8f'.repeat(32);
  const { port } = started;
  const agent = new Agent();
  const renew = () => announced(agent, port, 0, JSON.stringify({ port: 7771 }));
  const change = {
    revision: 0,
    offered: [{ name: 'a', size: 1, modified: 1, root }],
    withdrawn: [],
  };
  const catalogue = `/api/v1/peers/${peerIdOf(0)}/catalogue`;
  await call(agent, port, 'PATCH', catalogue, JSON.stringify(change), await renew());
  const measure = async () => {
    await renew();
    const { stdout } = await run('wrk', [
      '-t1',
      '-c16',
      `-d${LOOK_UP_SECONDS}s`,
      `http://${LOCAL}:${port}/api/v1/contents/${root}`,
    ]);
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`Not all were answered: ${stdout}`);
    return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  };
  return { whom: 'registry', ...started, measure, unit: 'look-ups/s' };
}

async function memoryOf({ child }: Server, which: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${child.pid ?? 0}/status`, 'utf8');
  return (Number(new RegExp(`${which}:\\s*(\\d+)`).exec(status)?.[1]) * 1024) / 1e6;
}

interface Counts {
  opened: number;
  cut: number;
  open: number;
}

async function round(server: Server): Promise<{ without: number; beside: number; counts: Counts }> {
  const without = await server.measure();
  const strangers = fork(STRANGERS, [server.whom, String(server.port), flags.idle, flags.slow]);
  let counts: Counts = { opened: 0, cut: 0, open: 0 };
  strangers.on('message', (told) => {
    counts = told as Counts;
  });
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const beside = await server.measure();
  strangers.kill('SIGKILL');
  await once(strangers, 'close');
  return { without, beside, counts };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

for (const make of [peer, registry].filter(({ name }) => flags.only.split(',').includes(name))) {
  const folder = await mkdtemp(join(tmpdir(), 'sp2p-bench-'));
  const server = await make(folder);
  await server.measure();
  const before = await memoryOf(server, 'VmRSS');
  const rounds = [];
  for (let count = 0; count < Number(flags.rounds); count++) rounds.push(await round(server));
  const memory = await memoryOf(server, 'VmHWM');
  server.child.kill('SIGKILL');
  await rm(folder, { recursive: true });

  const [without, beside] = [
    median(rounds.map((each) => each.without)),
    median(rounds.map((each) => each.beside)),
  ];
  const ratios = rounds.map((each) => each.beside / each.without);
  const verdict = (isMet: boolean) => (isMet ? 'met' : 'missed');
  console.log(
    `\n${server.whom}: ${flags.idle} idle and ${flags.slow} slow strangers, each at an address of its own`,
  );
  console.log(
    `  without them ${without.toFixed(0)} ${server.unit}, beside them ${beside.toFixed(0)}`,
  );
  console.log(
    `  ratio ${median(ratios).toFixed(2)} (${ratios.map((each) => each.toFixed(2)).join(', ')}); bar ≥ ${BARS.speed}: ${verdict(median(ratios) >= BARS.speed)}`,
  );
  console.log(
    `  memory ${before.toFixed(0)} MB before, at most ${memory.toFixed(0)} MB; bar < ${BARS.memory}: ${verdict(memory < BARS.memory)}`,
  );
  const { opened, cut, open: left } = rounds.at(-1)?.counts ?? { opened: 0, cut: 0, open: 0 };
  console.log(
    `  of the strangers' connections in the last round ${opened} were made, ${cut} cut, ${left} open`,
  );
}
