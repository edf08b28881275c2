// What a peer is to a registry: an id that only the two of them know.
import { randomBytes } from 'node:crypto';
import { reachProof } from '../../lib/reach-proof.ts';

export class Identity {
  #peerId = newPeerId();

  get peerId(): string {
    return this.#peerId;
  }

  /** Another one from now on. */
  change(): void {
    this.#peerId = newPeerId();
  }

  /** What a registry that dials this peer wants to hear. */
  readonly proofOf = (nonce: string): string => reachProof(this.#peerId, nonce);
}

function newPeerId(): string {
  return randomBytes(16).toString('hex');
}
