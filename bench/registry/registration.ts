// All names made known to a registry, as its peers would after it lost everything: several at once, each
// one call after the other.
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'node:http';
import { addressOf, type Catalogues } from './catalogues.ts';
import { call } from './call.ts';
import { announced, peerIdOf } from './identities.ts';
import { cpuOf, type Memory } from './machine.ts';
import type { RegistryProcess } from './registry-process.ts';

/** Peers that register at the same time. */
const AT_ONCE = 4;
/** Names that are looked up at the end, to see that they are really there. */
const CHECKED = 300;
const ANNOUNCED_TRIES = 5;
/** What was acknowledged has to be found by then. */
const FOUND_TRIES = 200;

export interface Registration {
  names: number;
  offers: number;
  /** From the first call to the last answer. */
  seconds: number;
  cpu: number;
  /** The longest call, in seconds: so long nobody else was answered, where there is one thread. */
  longestCall: number;
  memory: Memory;
}

export async function register(
  registry: RegistryProcess,
  catalogues: Catalogues,
  peerPort: number,
): Promise<Registration> {
  const { names, offers, changes } = catalogues;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let longestCall = 0;
  let next = 0;
  const timed = async <T>(asked: () => Promise<T>) => {
    const begun = performance.now();
    const answer = await asked();
    longestCall = Math.max(longestCall, (performance.now() - begun) / 1000);
    return answer;
  };
  const registerSome = async () => {
    while (next < changes.length) {
      const peer = next++;
      const path = `/api/v1/peers/${peerIdOf(peer)}/catalogue`;
      const body = announcementOf(peer, peerPort);
      let headers: Record<string, string> = {};
      for (let tries = 1; ; tries++)
        try {
          headers = await timed(() => announced(agent, registry.port, peer, body));
          break;
        } catch (error) {
          // The way back took longer than the registry waits: a peer announces itself again.
          if (tries === ANNOUNCED_TRIES || !String(error).includes('peer-unreachable')) throw error;
        }
      for (const change of changes[peer] ?? [])
        await timed(() => call(agent, registry.port, 'PATCH', path, change, headers));
    }
  };
  const cpuBefore = cpuOf(registry.pid);
  const begun = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, registerSome));
  const seconds = (performance.now() - begun) / 1000;
  const cpu = cpuOf(registry.pid) - cpuBefore;
  await allFound(agent, registry.port, catalogues);
  agent.destroy();
  return { names: names.length, offers, seconds, cpu, longestCall, memory: registry.memory };
}

export function announcementOf(peer: number, port: number): string {
  return JSON.stringify({ ipAddress: addressOf(peer), port });
}

/** @throws Error when a name is not found with all of its holders */
async function allFound(agent: Agent, port: number, { names, holders }: Catalogues): Promise<void> {
  for (let checked = 0; checked < CHECKED; checked++) {
    // The last ones too, which came last.
    const n = Math.floor(((names.length - 1) * checked) / (CHECKED - 1));
    const name = names[n] ?? '';
    const path = `/api/v1/names/${encodeURIComponent(name)}`;
    for (let tries = 0; ; tries++) {
      const { text } = await call(agent, port, 'GET', path);
      const { sources } = JSON.parse(text) as { sources: unknown[] };
      if (sources.length === holders[n]) break;
      if (tries === FOUND_TRIES)
        throw new Error(`${name} has ${sources.length} sources, not ${holders[n] ?? 0}.`);
      await delay(50);
    }
  }
}
