// Peers that download, in the test's own process, and what a test waits for of them.
import { vi } from 'vitest';
import type { Controlled } from '../../src/peer/control/controlled.ts';
import type { Peer, PeerOptions } from '../../src/peer/peer.ts';
import type { Download } from '../../src/protocol/control.ts';
import { startPeer } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';

export const SOON = { timeout: 20_000, interval: 20 };

export interface Downloading {
  peer: Peer;
  desk: Controlled;
  dataFolder: string;
  downloadFolder: string;
}

/** A peer that has announced itself, with a data folder and a download folder of its own. */
export async function startDownloading(
  registry: URL,
  options: Partial<PeerOptions> = {},
): Promise<Downloading> {
  const { dataFolder = await temporaryFolder(), downloadFolder = await temporaryFolder() } =
    options;
  const peer = await startPeer({ shares: [], ...options, registry, dataFolder, downloadFolder });
  return { peer, desk: peer.controlled, dataFolder, downloadFolder };
}

export function downloadOf(desk: Controlled, id: string): Download {
  const found = desk.state.downloads.find((each) => each.id === id);
  if (!found) throw new Error('It is not listed.');
  return found;
}

/** Waits until a download is as it should be. */
export async function untilDownload(
  desk: Controlled,
  id: string,
  is: (download: Download) => boolean,
): Promise<Download> {
  await vi.waitFor(() => {
    const download = downloadOf(desk, id);
    if (!is(download)) throw new Error(JSON.stringify(download));
  }, SOON);
  return downloadOf(desk, id);
}
