// The hosts of a swarm: network namespaces round a bridge in a namespace of its own, each at a cable
// whose two directions tc shapes. What runs on them is left to others; what is left over is killed.
//
// There is no delay but that of the queues: netem is not in every kernel.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Links } from './cases.ts';

const PREFIX = 'swarm-';
const COMMAND_DEADLINE_MS = 10_000;
/** What a link sends at once after a pause: a home router's few milliseconds. */
const BURST = '32kb';
/** How long a full queue takes to empty. */
const QUEUE = '50ms';
/** What Linux takes unless told; the machine's own setting is left alone. */
export const CONGESTION_CONTROL = 'cubic';

export interface Host {
  namespace: string;
  address: string;
}

/** Bytes with frame headers, from the host's point of view. */
export interface Traffic {
  sent: number;
  received: number;
}

export class Network {
  readonly hosts: Host[] = [];
  readonly #name = `${PREFIX}${process.pid}`;
  readonly #bridge = `${this.#name}-net`;

  /** Builds a host for each. Root only. @throws Error with what `ip` or `tc` said */
  static build(links: Links[]): Network {
    removeLeftOver();
    const network = new Network();
    try {
      network.#build(links);
      return network;
    } catch (error) {
      network.remove();
      throw error;
    }
  }

  #build(links: Links[]): void {
    run('ip', 'netns', 'add', this.#bridge);
    run('ip', '-n', this.#bridge, 'link', 'add', 'bridge', 'type', 'bridge');
    run('ip', '-n', this.#bridge, 'link', 'set', 'bridge', 'up');
    links.forEach(({ up, down }, n) => {
      const host = { namespace: `${this.#name}-${n}`, address: `10.78.0.${n + 1}` };
      run('ip', 'netns', 'add', host.namespace);
      this.hosts.push(host);
      const within = ['-n', host.namespace];
      const outside = ['-n', this.#bridge];
      const port = `port${n}`;
      run(
        ...['ip', 'link', 'add', 'cable', 'netns', host.namespace, 'type', 'veth'],
        ...['peer', 'name', port, 'netns', this.#bridge],
      );
      // Frames as they are on a real cable, so that what is counted and shaped is what one would carry.
      if (Math.min(up, down) < Infinity) {
        run('ip', ...within, 'link', 'set', 'cable', 'gso_max_segs', '1');
        run('ip', ...outside, 'link', 'set', port, 'gso_max_segs', '1');
      }
      run('ip', ...within, 'address', 'add', `${host.address}/24`, 'dev', 'cable');
      run('ip', ...within, 'link', 'set', 'lo', 'up');
      run('ip', ...within, 'link', 'set', 'cable', 'up');
      run('ip', ...outside, 'link', 'set', port, 'master', 'bridge', 'up');
      const route = ['10.78.0.0/24', 'dev', 'cable', 'src', host.address];
      run('ip', ...within, 'route', 'replace', ...route, 'congctl', CONGESTION_CONTROL);
      shape(host.namespace, 'cable', up);
      shape(this.#bridge, port, down);
    });
  }

  /** What each host has sent and received so far, in the order of the hosts. */
  async traffic(): Promise<Traffic[]> {
    const { stdout } = await promisify(execFile)(
      'ip',
      ['-n', this.#bridge, '-s', '-j', 'link', 'show'],
      { timeout: COMMAND_DEADLINE_MS, maxBuffer: 1 << 24 },
    );
    const ports = JSON.parse(stdout) as {
      ifname: string;
      stats64: { rx: { bytes: number }; tx: { bytes: number } };
    }[];
    return this.hosts.map((_, n) => {
      const port = ports.find(({ ifname }) => ifname === `port${n}`);
      return { sent: port?.stats64.rx.bytes ?? NaN, received: port?.stats64.tx.bytes ?? NaN };
    });
  }

  /** Kills what still runs on the hosts and removes them. May be called again. */
  remove(): void {
    for (const { namespace } of this.hosts.splice(0)) removeNamespace(namespace);
    removeNamespace(this.#bridge);
  }
}

/** The command that runs a program on a host; it dies with this process, and keeps its process id. */
export function onHost(host: Host, program: string, ...args: string[]): [string, string[]] {
  const inside = ['ip', 'netns', 'exec', host.namespace, program, ...args];
  return ['setpriv', ['--pdeathsig', 'KILL', ...inside]];
}

function shape(namespace: string, device: string, mbits: number): void {
  if (mbits === Infinity) return;
  run(
    ...['tc', '-n', namespace, 'qdisc', 'add', 'dev', device, 'root', 'tbf'],
    ...['rate', `${mbits}mbit`, 'burst', BURST, 'latency', QUEUE],
  );
}

/** Namespaces of a run that was killed; its processes died with it. */
function removeLeftOver(): void {
  const { stdout } = attempt('ip', 'netns', 'list');
  for (const [, name = '', pid = ''] of stdout.matchAll(/^(swarm-(\d+)-\w+)/gm))
    if (!existsSync(`/proc/${pid}`)) attempt('ip', 'netns', 'delete', name);
}

function removeNamespace(name: string): void {
  if (!existsSync(`/run/netns/${name}`)) return;
  for (const pid of attempt('ip', 'netns', 'pids', name).stdout.split('\n').filter(Boolean))
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  attempt('ip', 'netns', 'delete', name);
}

function run(program: string, ...args: string[]): void {
  const { status, stderr } = attempt(program, ...args);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr || 'it did not end'}`);
}

function attempt(program: string, ...args: string[]) {
  return spawnSync(program, args, { timeout: COMMAND_DEADLINE_MS, encoding: 'utf8' });
}
