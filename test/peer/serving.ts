// Peers whose server side is under test: they share folders, and their registry is not there, of which
// those who fetch from them notice nothing.
import { onTestFinished } from 'vitest';
import { Peer, type PeerOptions } from '../../src/peer/peer.ts';
import { silent } from '../harness/running.ts';

/** Nobody listens there, and `fetch` does not even try. */
const NO_NETWORK = { url: new URL('http://127.0.0.1:1') };

/** A peer that serves a folder, or several, and has hashed all of it. */
export async function serve(
  shares: string | string[],
  options: Partial<PeerOptions> = {},
): Promise<Peer> {
  const peer = await serveUnhashed(shares, options);
  await peer.indexed();
  return peer;
}

/** A peer that has found what it shares, and hashes it. */
export async function serveUnhashed(
  shares: string | string[],
  options: Partial<PeerOptions> = {},
): Promise<Peer> {
  const peer = new Peer({
    shares: [shares].flat(),
    network: NO_NETWORK,
    host: '127.0.0.1',
    port: 0,
    log: silent,
    ...options,
  });
  onTestFinished(() => peer.stop());
  await peer.start();
  return peer;
}

/** The URL of a path of a peer, as it is: nothing in it is made right. */
export function urlOf({ port }: Peer, path = '/'): string {
  return `http://127.0.0.1:${port}${path}`;
}
