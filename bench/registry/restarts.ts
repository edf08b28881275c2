// How long a registry takes until it is back with all its names, ended in order or killed.
import { Agent } from 'node:http';
import { call } from './call.ts';
import { inPeace, type Watched } from './machine.ts';
import type { RegistryProcess } from './registry-process.ts';

const REPETITIONS = 2;

/** Seconds from the start of the process. */
export interface Restart {
  after: 'SIGTERM' | 'SIGKILL';
  /** Until it says that it listens and `/healthz` answers. */
  ready: number;
  /** Until a name is found with who offers it, and until a search finds it. */
  lookUp: number;
  search: number;
}

export async function measureRestarts(
  registry: RegistryProcess,
  names: string[],
): Promise<Watched<Restart>[]> {
  const restarts: Watched<Restart>[] = [];
  for (const after of ['SIGTERM', 'SIGKILL'] as const)
    restarts.push(
      await inPeace(
        'restart',
        undefined,
        () => measureRestart(registry, names, after),
        REPETITIONS,
      ),
    );
  return restarts;
}

async function measureRestart(
  registry: RegistryProcess,
  names: string[],
  after: Restart['after'],
): Promise<Restart> {
  const name = names.at(-1) ?? '';
  await registry.stop(after);
  const agent = new Agent({ keepAlive: true });
  const begun = performance.now();
  const passed = () => (performance.now() - begun) / 1000;
  await registry.start(`after-${after}`);
  await call(agent, registry.port, 'GET', '/healthz');
  const ready = passed();
  const path = `/api/v1/names/${encodeURIComponent(name)}`;
  const { text: answer } = await call(agent, registry.port, 'GET', path);
  if ((JSON.parse(answer) as { sources: unknown[] }).sources.length === 0)
    throw new Error(`After the restart nobody offers ${name}.`);
  const lookUp = passed();
  // Pages may be empty while trigrams are still being made: as `sp2p search`, it asks on.
  let next: string | null = '';
  for (let isFound = false; !isFound;) {
    if (next === null) throw new Error(`After the restart a search for ${name} finds nothing.`);
    const query = new URLSearchParams({ text: name, ...(next !== '' && { cursor: next }) });
    const { text: page } = await call(
      agent,
      registry.port,
      'GET',
      `/api/v1/search?${query.toString()}`,
    );
    const answered = JSON.parse(page) as { found: unknown[]; next: string | null };
    isFound = answered.found.length > 0;
    next = answered.next;
  }
  agent.destroy();
  return { after, ready, lookUp, search: passed() };
}
