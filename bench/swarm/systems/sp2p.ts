// Simple P2P: a registry aside, `sp2p share` on the seeds, and downloader.ts at each leecher.
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../../scripts/command.ts';
import { HostProcess } from '../host-process.ts';
import { having, isReady, type Stage, type System } from './system.ts';

const command = fileURLToPath(new URL('../../../bin/sp2p.js', import.meta.url));
/** Bundled, as the command is. */
const bundled = fileURLToPath(new URL('../../../dist/bench', import.meta.url));
const downloader = join(bundled, 'downloader.js');
const lyingHolder = fileURLToPath(new URL('../lying-holder.ts', import.meta.url));
const pest = fileURLToPath(new URL('../pest.ts', import.meta.url));
const node = process.execPath;
const REGISTRY_PORT = 7770;
const PEER_PORT = 7771;
const REGISTERED_TRIES = 100;

export const sp2p: System = {
  name: 'sp2p',
  plays: () => true,
  async prepare(stage) {
    const { scratch, signal, aside } = stage;
    rmSync(bundled, { recursive: true, force: true });
    await bundle({ downloader: 'bench/swarm/downloader.ts' }, bundled);
    const data = join(scratch, 'registry');
    const registry = new HostProcess(
      ...([aside, node, command, 'registry', '--host', '0.0.0.0'] as const),
      ...['--port', String(REGISTRY_PORT), '--data', data, '--json'],
    );
    await registry.line((line) => 'port' in parsed(line), signal);
    const url = `http://${aside.address}:${REGISTRY_PORT}`;

    const seeds = having(stage, 'seed').map(({ host }, n) => {
      const where = ['--registry', url, '--advertise', host.address, '--port', String(PEER_PORT)];
      const cache = ['--cache', join(scratch, `cache-${n}`), '--json'];
      const args = [command, 'share', dirname(stage.content), ...where, ...cache];
      return { role: 'seed' as const, process: new HostProcess(host, node, ...args) };
    });
    for (const { process } of seeds)
      for (const event of ['indexed', 'announced'])
        await process.line((line) => parsed(line)['event'] === event, signal);
    const root = await registered(stage, url, seeds.length);

    const from = `http://${having(stage, 'seed')[0]?.host.address ?? ''}:${PEER_PORT}`;
    const size = String(stage.size);
    const liars = (['garbage', 'silent'] as const).flatMap((role) =>
      having(stage, role).map(({ host }) => ({
        role,
        process: new HostProcess(host, node, lyingHolder, role, url, from, root, size),
      })),
    );
    const pests = (['deaf', 'flood', 'crowd'] as const).flatMap((role) =>
      having(stage, role).map(({ host }) => ({
        role,
        process: new HostProcess(host, node, pest, role, url, root, size, host.address),
      })),
    );
    for (const { process } of [...liars, ...pests]) await process.line(isReady, signal);
    await registered(stage, url, seeds.length + liars.length);

    const leechers = having(stage, 'leech').map(({ host, leavesWhenDone }, n) => {
      const folder = join(scratch, `got-${n}`);
      mkdirSync(folder);
      const args = [downloader, url, root, folder, host.address, leavesWhenDone ? '' : 'stay'];
      const file = join(folder, 'content.bin');
      return { file, process: new HostProcess(host, node, ...args) };
    });
    for (const { process } of leechers) await process.line(isReady, signal);
    return {
      serving: [...seeds, ...liars, ...pests, { role: 'registry', process: registry }],
      leechers,
    };
  },
};

/** The root of the content, once so many hold it as the registry has it. */
async function registered({ aside, signal }: Stage, url: string, holders: number): Promise<string> {
  for (let tries = 0; tries < REGISTERED_TRIES; tries++) {
    const args = ['-sS', '-w', '\n', `${url}/api/v1/names/content.bin`];
    const asking = new HostProcess(aside, 'curl', ...args);
    const { versions } = JSON.parse(await asking.line(() => true, signal)) as {
      versions: { root: string; holders: number }[];
    };
    if (versions[0]?.holders === holders) return versions[0].root;
    await delay(100, undefined, { signal });
  }
  throw new Error('The seeds were not registered.');
}

function parsed(line: string): Record<string, unknown> {
  return JSON.parse(line) as Record<string, unknown>;
}
