// A peer, started wherever there is room for it: a default that another peer has already is no reason to
// fail. What was asked for is taken as it is.
import type { Command } from 'commander';
import { Peer, type PeerOptions } from '../peer/peer.ts';
import { CodedError } from '../protocol/errors.ts';

/** Nobody runs so many peers of one user on a machine by accident. */
const MAX_PEERS = 9;

/** @throws CodedError as {@link Peer.start} does */
export async function startedPeer(
  options: PeerOptions,
  command: Command,
): Promise<{ peer: Peer; dataFolder: string | undefined }> {
  const isDefault = (name: string) => command.getOptionValueSource(name) === 'default';
  let { port, dataFolder } = options;
  let peers = 1;
  for (;;) {
    const peer = new Peer({ ...options, port, dataFolder });
    try {
      await peer.start();
      return { peer, dataFolder };
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      if (error.code === 'port-taken' && isDefault('port') && port !== 0) port = 0;
      else if (error.code === 'data-in-use' && isDefault('state') && peers < MAX_PEERS)
        dataFolder = stateFolderOf(options.dataFolder ?? '', ++peers);
      else throw error;
    }
  }
}

/** All folders in which a peer of this user may keep its state. */
export function stateFolders(first: string): string[] {
  return Array.from({ length: MAX_PEERS }, (_, index) => stateFolderOf(first, index + 1));
}

function stateFolderOf(first: string, peer: number): string {
  return peer === 1 ? first : `${first}-${peer}`;
}
