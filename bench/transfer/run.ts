// bench/transfer: one file from one machine to itself over loopback, tmpfs to tmpfs, by several tools
// in turn, again and again, so that what disturbs one of them disturbs all. Medians and ratios.
//
//   node bench/transfer/run.ts [--mib 1024] [--runs 5] [--folder /dev/shm] [--only aef] [--sparse]
//
// --only takes the tools of these letters; --sparse a file of nothing but a hole, to see the memory
// that a very large one takes.
//
// Compares with nginx, curl, aria2c and libtorrent 2, as Debian packages them:
//   apt-get install nginx-light curl aria2 python3-libtorrent
import { spawn, spawnSync, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
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
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '1024' },
    runs: { type: 'string', default: '5' },
    folder: { type: 'string', default: '/dev/shm' },
    only: { type: 'string', default: 'abcdef' },
    sparse: { type: 'boolean', default: false },
  },
});
const bytes = Number(values.mib) * 1024 * 1024;
const runs = Number(values.runs);
const command = fileURLToPath(new URL('../../bin/sp2p.js', import.meta.url));
const torrentScript = fileURLToPath(new URL('torrent.py', import.meta.url));
/** Debian's own Python: the one that python3-libtorrent is for. */
const PYTHON = '/usr/bin/python3';
const SHARES = 4;
/** A tool that has not finished by then is out. */
const DEADLINE_MS = 300_000;

const scratch = mkdtempSync(join(values.folder, 'sp2p-bench-'));
const servers: ChildProcess[] = [];

type Background = ChildProcessByStdio<null, Readable, null>;

interface Tool {
  name: string;
  /** The download, into a file or folder of that name, and the processes that serve it. */
  fetch: (out: string) => string[];
  servers: ChildProcess[];
}

interface Measured {
  /** Seconds from start to end of the downloading process. */
  wall: number;
  /** Seconds of CPU, of the downloader and of who serves it. */
  cpu: number;
  serverCpu: number;
  /** Most memory of the downloader, in MB (10^6 bytes). */
  memory: number;
}

try {
  const tools = (await prepare()).filter(({ name }) => values.only.includes(name[1] ?? ''));
  const results = new Map<string, Measured[]>(tools.map(({ name }) => [name, []]));
  for (let run = 0; run <= runs; run++)
    for (const tool of tools) {
      const measured = await measure(tool);
      // The first round warms up files, caches and compilers, and does not count.
      if (run > 0) results.get(tool.name)?.push(measured);
      console.error(
        `${run === 0 ? 'warm-up' : `run ${run}`}  ${tool.name}: ${measured.wall.toFixed(2)} s`,
      );
    }
  report(results);
} finally {
  // Not killed: nginx would leave its worker behind.
  for (const server of servers)
    if (server.exitCode === null && server.kill()) await once(server, 'close');
  rmSync(scratch, { recursive: true, force: true });
}

async function prepare(): Promise<Tool[]> {
  const shares = Array.from({ length: SHARES }, (_, n) => join(scratch, `share${n}`));
  shares.forEach((share, n) => {
    mkdirSync(share);
    if (n > 0)
      spawnSync('ln', [join(scratch, 'share0', 'content.bin'), join(share, 'content.bin')]);
    else makeContent(join(share, 'content.bin'));
  });
  const content = join(scratch, 'share0', 'content.bin');

  const url = await registryUrl(join(scratch, 'data'));
  const aloneUrl = await registryUrl(join(scratch, 'data1'));
  const networks = join(scratch, 'networks.json');
  const overTls = values.only.includes('f') ? [await joinedPrivately(networks)] : [];
  const peers: ChildProcess[] = [];
  for (const [n, share] of shares.entries())
    for (const to of n === 0 ? [aloneUrl, url] : [url]) {
      const where = ['--registry', to, '--host', '127.0.0.1', '--port', '0'];
      const cache = ['--cache', join(scratch, 'cache')];
      const peer = await serve(['share', share, ...where, ...cache, '--json']);
      await peer.line((l) => l['event'] === 'indexed');
      peers.push(peer.process);
    }
  const privatePeers: ChildProcess[] = [];
  for (const to of overTls) {
    const where = ['--registry', to, '--networks', networks, '--host', '127.0.0.1', '--port', '0'];
    const cache = ['--cache', join(scratch, 'cache')];
    const peer = await serve(['share', shares[0] ?? '', ...where, ...cache, '--json']);
    await peer.line((l) => l['event'] === 'announced');
    await peer.line((l) => l['event'] === 'indexed');
    privatePeers.push(peer.process);
  }
  const tools = overTls.map((to) =>
    getFrom('(f) sp2p get, one share, private network (TLS)', to, privatePeers, [
      '--networks',
      networks,
    ]),
  );
  await isRegistered(aloneUrl, 1);
  await isRegistered(url, SHARES);
  if (!/[bcd]/.test(values.only))
    return [
      getFrom('(a) sp2p get, one share', aloneUrl, peers.slice(0, 1)),
      getFrom(`(e) sp2p get, ${SHARES} shares`, url, peers.slice(1)),
      ...tools,
    ];
  const nginxPort = await freePort();
  const nginx = await startNginx(nginxPort);
  const torrent = join(scratch, 'content.torrent');
  const made = spawnSync(PYTHON, [torrentScript, 'make', content, torrent], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (made.status !== 0)
    throw new Error('The torrent could not be made: is python3-libtorrent there?');
  const seedPort = await freePort();
  const seed = background(PYTHON, [
    torrentScript,
    'seed',
    torrent,
    join(scratch, 'share0'),
    String(seedPort),
  ]);
  await once(createInterface({ input: seed.stdout }), 'line');

  const plain = `http://127.0.0.1:${nginxPort}/content.bin`;
  return [
    getFrom('(a) sp2p get, one share', aloneUrl, peers.slice(0, 1)),
    {
      name: '(b) curl, nginx (unverified)',
      fetch: (out) => ['curl', '-s', '-o', out, plain],
      servers: [nginx],
    },
    {
      name: '(c) aria2c -x4 -s4, nginx (unverified)',
      fetch: (out) => [
        'aria2c',
        '-q',
        '-x4',
        '-s4',
        '--file-allocation=none',
        '-d',
        join(out, '..'),
        '-o',
        out.slice(out.lastIndexOf('/') + 1),
        plain,
      ],
      servers: [nginx],
    },
    {
      name: '(d) libtorrent 2, one seed',
      fetch: (out) => [PYTHON, torrentScript, 'fetch', torrent, out, String(seedPort)],
      servers: [seed],
    },
    getFrom(`(e) sp2p get, ${SHARES} shares`, url, peers.slice(1)),
    ...tools,
  ];
}

/** A private network with a registry of its own, joined by its administrator: its URL. */
async function joinedPrivately(networks: string): Promise<string> {
  const linkFile = join(scratch, 'link');
  const flags = ['--host', '127.0.0.1', '--port', '0', '--data', join(scratch, 'data2'), '--json'];
  const registry = await serve(['registry', '--private', '--link-file', linkFile, ...flags]);
  const { port } = await registry.line((line) => 'port' in line);
  for (let tries = 0; tries < 100 && !existsSync(linkFile); tries++) await pause(50);
  const joined = spawnSync(process.execPath, [command, 'join', '--networks', networks], {
    input: readFileSync(linkFile),
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  if (joined.status !== 0) throw new Error('The private network could not be joined.');
  return `https://127.0.0.1:${port as number}`;
}

function getFrom(
  name: string,
  registry: string,
  serving: ChildProcess[],
  more: string[] = [],
): Tool {
  const get = [process.execPath, command, 'get', 'content.bin', '--registry', registry, ...more];
  return { name, fetch: (out) => [...get, '-o', out, '--json'], servers: serving };
}

/** Resolves when a registry knows that so many hold the content. */
async function isRegistered(registry: string, holders: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const answer = await fetch(`${registry}/api/v1/names/content.bin`);
    const { versions } = (await answer.json()) as { versions: { holders: number }[] };
    if (versions[0]?.holders === holders) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('The shares were not registered.');
}

/** MB/s of SHA-256 on one core, over blocks as the tree has them. */
function hashSpeed(): number {
  const speed = ['speed', '-evp', 'sha256', '-bytes', '16384', '-seconds', '2', '-mr'];
  const { stdout } = spawnSync('openssl', speed);
  return Number(/^\+F:.*:([\d.]+)$/m.exec(stdout.toString())?.[1] ?? NaN) / 1e6;
}

/** Starts a registry over a data folder of its own. */
async function registryUrl(data: string): Promise<string> {
  const flags = ['--host', '127.0.0.1', '--port', '0', '--data', data, '--json'];
  const registry = await serve(['registry', ...flags]);
  const { port } = await registry.line((line) => 'port' in line);
  return `http://127.0.0.1:${port as number}`;
}

function makeContent(path: string): void {
  if (values.sparse) {
    writeFileSync(path, '');
    truncateSync(path, bytes);
    return;
  }
  const file = openSync(path, 'w');
  const chunk = Buffer.alloc(16 * 1024 * 1024);
  for (let done = 0; done < bytes; done += chunk.length) {
    randomFillSync(chunk);
    writeSync(file, chunk, 0, Math.min(chunk.length, bytes - done));
  }
  closeSync(file);
}

async function startNginx(port: number): Promise<ChildProcess> {
  const config = join(scratch, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${scratch}/nginx.pid; error_log ${scratch}/nginx.log; user root;
events {} http { access_log off; sendfile on; server { listen 127.0.0.1:${port}; root ${scratch}/share0; } }`,
  );
  const nginx = background('nginx', ['-c', config]);
  for (let tries = 0; tries < 100; tries++) {
    if (
      spawnSync('curl', [
        '-s',
        '-o',
        '/dev/null',
        '-r',
        '0-0',
        `http://127.0.0.1:${port}/content.bin`,
      ]).status === 0
    )
      return nginx;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx did not start.');
}

async function measure({ fetch, servers: serving }: Tool): Promise<Measured> {
  const out = join(scratch, 'out');
  const before = serving.map(cpuOf);
  const [program = '', ...args] = fetch(out);
  const usage = join(scratch, 'usage');
  const begun = performance.now();
  const child = spawn('/usr/bin/time', ['-o', usage, '-f', '%U %S %M', program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  const wall = (performance.now() - begun) / 1000;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${program} ended with ${code ?? 'a signal'}.`);
  const serverCpu = serving.map(cpuOf).reduce((sum, now, n) => sum + now - (before[n] ?? 0), 0);
  if (
    spawnSync('cmp', [
      '-s',
      join(scratch, 'share0', 'content.bin'),
      isFolder(out) ? join(out, 'content.bin') : out,
    ]).status !== 0
  )
    throw new Error(`${program} fetched other bytes.`);
  rmSync(out, { recursive: true, force: true });
  const [user = 0, system = 0, kilobytes = 0] = readFileSync(usage, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  return { wall, cpu: user + system, serverCpu, memory: (kilobytes * 1024) / 1e6 };
}

function isFolder(path: string): boolean {
  return spawnSync('test', ['-d', path]).status === 0;
}

/** Seconds of CPU that a process and its children have used (nginx serves from a child). */
function cpuOf({ pid }: ChildProcess): number {
  const pids = [
    String(pid),
    ...spawnSync('pgrep', ['-P', String(pid)])
      .stdout.toString()
      .split('\n')
      .filter(Boolean),
  ];
  return pids.reduce((sum, each) => {
    const fields = readFileSync(`/proc/${each}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

function report(results: Map<string, Measured[]>): void {
  const median = (values_: number[]) =>
    values_.sort((a, b) => a - b)[Math.floor(values_.length / 2)] ?? NaN;
  const rows = [...results].map(([name, all]) => ({
    name,
    wall: median(all.map(({ wall }) => wall)),
    cpu: median(all.map(({ cpu }) => cpu)),
    serverCpu: median(all.map(({ serverCpu }) => serverCpu)),
    memory: median(all.map(({ memory }) => memory)),
  }));
  const wallOf = (letter: string) => rows.find(({ name }) => name.startsWith(letter))?.wall ?? NaN;
  console.log(
    `${values.mib} MiB ${values.sparse ? 'of zeros' : 'of random bytes'}, ${values.folder}, loopback, median of ${runs}; ${cpus().length} × ${cpus()[0]?.model ?? '?'}, Node.js ${process.versions.node}\n`,
  );
  console.log(
    '| | seconds | MB/s | CPU s | CPU s of who serves | memory, MB |\n|---|---|---|---|---|---|',
  );
  for (const { name, wall, cpu, serverCpu, memory } of rows)
    console.log(
      `| ${name} | ${wall.toFixed(2)} | ${(bytes / 1e6 / wall).toFixed(0)} | ${cpu.toFixed(2)} | ${serverCpu.toFixed(2)} | ${memory.toFixed(0)} |`,
    );
  const speed = hashSpeed();
  console.log(
    `\nSHA-256 does ${speed.toFixed(0)} MB/s on one core here (openssl speed, 16 KiB): to verify takes ${(bytes / 1e6 / speed).toFixed(2)} CPU s.`,
  );
  console.log('\n| ratio of seconds | measured | bar |\n|---|---|---|');
  for (const [a, b, bar] of [
    ['(a)', '(b)', 1.25],
    ['(a)', '(c)', 0.6],
    ['(a)', '(d)', 0.4],
    ['(e)', '(a)', 1.1],
    // Over TLS at least 0.6 times as quick as without.
    ['(f)', '(a)', 1 / 0.6],
  ] as const)
    if (wallOf(a) > 0 && wallOf(b) > 0)
      console.log(
        `| ${a} / ${b} | ${(wallOf(a) / wallOf(b)).toFixed(2)} | ≤ ${Number(bar.toFixed(2))} |`,
      );
}

function background(program: string, args: string[]): Background {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(child);
  return child;
}

async function serve(args: string[]) {
  const child = background(process.execPath, [command, ...args]);
  await once(child, 'spawn');
  const lines = createInterface({ input: child.stdout });
  const seen: Record<string, unknown>[] = [];
  let told = () => {};
  lines.on('line', (line) => {
    seen.push(JSON.parse(line) as Record<string, unknown>);
    told();
  });
  return {
    process: child,
    line: (is: (line: Record<string, unknown>) => boolean) =>
      new Promise<Record<string, unknown>>((resolve) => {
        told = () => {
          const found = seen.find(is);
          if (found) resolve(found);
        };
        told();
      }),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
