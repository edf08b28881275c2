// The host of the downloads that run in a peer: the peer's own port, and its own lease.
import { ServedParts, type DownloadHost, type Neighbour } from './download-host.ts';
import type { ServedPart } from './served-part.ts';

export class PeerHost implements DownloadHost {
  readonly parts = new ServedParts();
  /** What the registry is to be told, by root: whether it is the whole. */
  readonly held = new Map<string, boolean>();
  readonly #portNow: () => number;
  readonly #onHeld: () => void;

  /** @param onHeld told that {@link held} is another one */
  constructor(portNow: () => number, onHeld: () => void) {
    this.#portNow = portNow;
    this.#onHeld = onHeld;
  }

  get port(): number {
    return this.#portNow();
  }

  offer(part: ServedPart, onNeighbour: (neighbour: Neighbour) => void): void {
    this.parts.add(part, onNeighbour);
  }

  announce(root: string, isWhole: boolean): void {
    this.held.set(root, isWhole);
    this.#onHeld();
  }

  withdraw(part: ServedPart): void {
    this.parts.remove(part);
    if (this.held.delete(part.root)) this.#onHeld();
  }
}
