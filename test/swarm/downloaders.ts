// Downloaders in the test's own process, put together as the command does it, on free ports.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Network } from '../../src/client/network.ts';
import { NativeRegistry } from '../../src/client/registry-client.ts';
import { Identity } from '../../src/lib/identity.ts';
import { membershipOf } from '../../src/peer/membership.ts';
import { PieceFile } from '../../src/peer/download/piece-file.ts';
import type { VerifiedDownloaded } from '../../src/peer/download/verified-download.ts';
import { Downloader, type DownloaderOptions } from '../../src/peer/downloader.ts';
import type { TestContent } from '../download/content-source.ts';
import { silent } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';

export interface InSwarm {
  downloader: Downloader;
  path: string;
  /** Resolves when the file is there; what came is served until the test ends, or `stop`. */
  done: Promise<VerifiedDownloaded & { bytes: Buffer }>;
  stop: () => Promise<void>;
}

export async function downloadInSwarm(
  { root, bytes }: Pick<TestContent, 'root' | 'bytes'>,
  network: Network,
  options: Partial<DownloaderOptions> = {},
): Promise<InSwarm> {
  const path = join(await temporaryFolder(), 'got');
  const file = await PieceFile.open(path, root, false);
  const aborting = new AbortController();
  const identity = Identity.fresh();
  const downloader = new Downloader({
    root,
    name: 'got',
    size: bytes.length,
    registry: new NativeRegistry(network),
    membership: membershipOf({ network, identity: () => identity, log: silent }),
    store: file,
    log: silent,
    port: 0,
    signal: aborting.signal,
    ...options,
  });
  const done = (async () => {
    try {
      const downloaded = await downloader.run();
      await file.finish();
      await downloader.complete();
      return { ...downloaded, bytes: await readFile(path) };
    } catch (error) {
      await file.leave();
      throw error;
    }
  })();
  // It is looked at by the test, if it gets that far.
  done.catch(() => undefined);
  const stop = async () => {
    aborting.abort();
    await done.catch(() => undefined);
    await downloader.stop();
  };
  onTestFinished(stop);
  return { downloader, path, done, stop };
}
