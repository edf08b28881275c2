// Registries and peers that run in the test's own process, on free ports of 127.0.0.1, and are
// stopped when the test has finished.
import { onTestFinished } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import type { AnnouncerState } from '../../src/peer/announcer/announcer.ts';
import { Peer, type PeerOptions } from '../../src/peer/peer.ts';
import { Registry, type RegistryOptions } from '../../src/registry/registry.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { temporaryFolder } from './temporary.ts';

export const silent = createLog('silent');

/**
 * A registry with an index of its own, which lists peers without dialling them unless it is told to: most
 * that tests announce are not there. `url` is a fresh URL each time.
 */
export async function startRegistry(
  options: Partial<RegistryOptions> = {},
): Promise<{ registry: Registry; url: URL; port: number }> {
  const store = options.store ?? new SqliteStore(`${await temporaryFolder()}/index.sqlite`);
  const registry = new Registry({
    ...{ host: '127.0.0.1', port: 0, log: silent, dialBack: false },
    ...options,
    store,
  });
  onTestFinished(() => registry.stop());
  await registry.start();
  const { port } = registry.address;
  return { registry, url: new URL(`http://127.0.0.1:${port}`), port };
}

/** In an open network, whose registry is there. */
type StartedPeer = { registry: URL } & Pick<PeerOptions, 'shares'> & Partial<PeerOptions>;

/** A peer that has announced everything it shares. */
export async function startPeer({ registry: url, ...options }: StartedPeer): Promise<Peer> {
  const announced = Promise.withResolvers<AnnouncerState>();
  const peer = new Peer({
    port: 0,
    host: '127.0.0.1',
    log: silent,
    network: { url },
    ...options,
    onState: (state) => {
      if (state.at === 'announced') announced.resolve(state);
      options.onState?.(state);
    },
  });
  onTestFinished(() => peer.stop());
  await peer.start();
  await peer.indexed();
  await announced.promise;
  return peer;
}
