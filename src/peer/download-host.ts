// Where running downloads are served: a port that others reach, and somebody who tells the registry. A peer
// is the host of its own downloads; a download that runs alone has a host of its own.
import type { NativeRegistry } from '../client/registry-client.ts';
import type { Startable } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/log.ts';
import type { RateLimit } from '../lib/rate-limit.ts';
import { reachProof } from '../lib/reach-proof.ts';
import { parseEndpoint } from '../protocol/endpoints.ts';
import { SourceAnnouncer } from './announcer/source-announcer.ts';
import type { Membership } from './membership.ts';
import type { ServedPart } from './served-part.ts';
import type { Neighbour } from './server/link-voice.ts';
import { Listener } from './server/listener.ts';
import type { Offers } from './server/offers.ts';

export type { Neighbour };

export interface DownloadHost {
  /** The port at which what is offered is reached. */
  readonly port: number;
  /** Serves a part from now on. @param onNeighbour told of those who come for it, and serve it as well */
  offer(part: ServedPart, onNeighbour: (neighbour: Neighbour) => void): void;
  /** Others may be sent here for it. @param isWhole whether all of it is there */
  announce(root: string, isWhole: boolean): void;
  /** Takes both back. */
  withdraw(part: ServedPart): void;
}

/** The parts that are served at one port. */
export class ServedParts {
  readonly #parts = new Map<
    string,
    { part: ServedPart; onNeighbour: (neighbour: Neighbour) => void }
  >();

  add(part: ServedPart, onNeighbour: (neighbour: Neighbour) => void): void {
    this.#parts.set(part.root, { part, onNeighbour });
  }

  remove(part: ServedPart): void {
    if (this.#parts.get(part.root)?.part === part) this.#parts.delete(part.root);
  }

  /** Somebody came over a link, and says where it serves. */
  readonly meet = (root: string, neighbour: Neighbour): void => {
    const { peerId } = neighbour;
    this.#parts.get(root)?.onNeighbour({ ...parseEndpoint(neighbour), peerId });
  };

  /** Names are for those who offer them; and the line protocol knows nothing else. */
  readonly offers: Offers = {
    open: () => Promise.resolve(undefined),
    openContent: (root) => Promise.resolve(this.#parts.get(root)?.part.opened()),
    shapeOf: (root) => Promise.resolve(this.#parts.get(root)?.part.shape),
    holding: (root) => Promise.resolve(this.#parts.get(root)?.part),
    page: () => [],
    count: 0,
  };
}

export interface OwnHostOptions {
  registry: NativeRegistry;
  membership: Membership;
  /** Where to serve; 0 takes a free port. */
  port: number;
  uploadLimit?: RateLimit | undefined;
  log: Logger;
}

/** The host of one download: a port and a lease for as long as it runs. */
export class OwnHost implements DownloadHost, Startable {
  readonly #options: OwnHostOptions;
  readonly #parts = new ServedParts();
  readonly #listener: Listener;
  #announcer: SourceAnnouncer | undefined;

  constructor(options: OwnHostOptions) {
    this.#options = options;
    const { port, log, uploadLimit, membership } = options;
    this.#listener = new Listener({
      ...{ port, log, uploadLimit },
      offers: this.#parts.offers,
      privacy: membership.privacy,
      proofOf: (nonce) => reachProof(membership.identity, nonce),
      onNeighbour: this.#parts.meet,
    });
  }

  /** @throws CodedError `port-taken`, `cannot-listen` */
  start(): Promise<void> {
    return this.#listener.start();
  }

  /** Deregisters, then stops to serve. */
  async stop(): Promise<void> {
    await this.#announcer?.stop();
    await this.#listener.stop();
  }

  get port(): number {
    return this.#listener.port;
  }

  offer(part: ServedPart, onNeighbour: (neighbour: Neighbour) => void): void {
    this.#parts.add(part, onNeighbour);
  }

  announce(root: string, isWhole: boolean): void {
    if (!this.#announcer) {
      const { registry, log, membership } = this.#options;
      this.#announcer = new SourceAnnouncer({
        ...{ registry, identity: membership.identity, port: this.port, root, log },
      });
      void this.#announcer.start();
    }
    if (isWhole) this.#announcer.complete();
  }

  withdraw(part: ServedPart): void {
    this.#parts.remove(part);
  }
}
