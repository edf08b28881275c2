// What a system has to do to be measured.
import type { Peer } from '../cases.ts';
import type { HostProcess } from '../host-process.ts';
import type { Host } from '../hosts.ts';

/** Where a system is put up. */
export interface Stage {
  /** In the order of the case. */
  peers: (Peer & { host: Host })[];
  /** A host without caps for what is none of the peers. */
  aside: Host;
  /** The file, alone in its folder, and its bytes. */
  content: string;
  size: number;
  /** For files of this run. */
  scratch: string;
  signal: AbortSignal;
}

/** A process that is ready, and, told `go`, downloads; it says a line of JSON when it is done. */
interface Leecher {
  process: HostProcess;
  /** Where it puts the file. */
  file: string;
}

export interface Players {
  /** In the order of the leechers of the case. */
  leechers: Leecher[];
  /** Those who serve from the start, ready, by what they are. */
  serving: { role: Peer['role'] | 'registry'; process: HostProcess }[];
}

export interface System {
  name: string;
  /** Whether it plays the case. */
  plays: (peers: Peer[]) => boolean;
  /** Starts everything, up to where only `go` is missing. */
  prepare: (stage: Stage) => Promise<Players>;
}

/** Those with this role, and their place among them. */
export function having(stage: Stage, role: Peer['role']) {
  return stage.peers.filter((peer) => peer.role === role);
}

export function isReady(line: string): boolean {
  return line === 'ready';
}
