// A peer put together: catalogue, server, announcer. Nothing else constructs its long-lived parts.
import { pause, type Startable } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/log.ts';
import { pieceCountOf } from '../protocol/merkle.ts';
import { PieceSet } from '../protocol/piece-set.ts';
import type { RateLimit } from '../lib/rate-limit.ts';
import { Announcer, type AnnouncerState } from './announcer/announcer.ts';
import { Identity } from './announcer/identity.ts';
import { Catalogue } from './catalogue/catalogue.ts';
import type { Indexing } from './catalogue/identities.ts';
import { modifiedOf, type OpenedFile, type SharedFile } from './catalogue/shared-file.ts';
import { Listener } from './server/listener.ts';
import type { OfferedFile, Offers } from './server/offers.ts';

/** What is hashed within so long is announced in one go with the lease; the rest as it becomes ready. */
const FIRST_ANNOUNCEMENT_WITHIN_MS = 2_000;

export interface PeerOptions {
  /** The folders to share. */
  shares: string[];
  /** Where the roots of files are remembered. Default: `:memory:`, for this run only. */
  cacheFile?: string | undefined;
  registry: URL;
  /** The port to listen on; 0 takes a free one. */
  port: number;
  /** The address to listen on. Default: every address of the machine. */
  host?: string | undefined;
  /** The address to be reached at. Default: as the registry sees this machine. */
  advertise?: string | undefined;
  /** What people call this peer. */
  displayName?: string | undefined;
  /** Default: true, changes are learnt from the system's notifications. Otherwise by polling. */
  notifications?: boolean | undefined;
  /** How long a client may take to say what it wants, or that it is done, in milliseconds. Default: 10,000. */
  openingTimeoutMs?: number | undefined;
  /** How long a client may take nothing of its answer, in milliseconds. Default: 30,000. */
  stalledAfterMs?: number | undefined;
  /** Connections at once; a further one is closed. Default: 512. */
  maxConnections?: number | undefined;
  /** What all files that are sent share; it may be changed at any time. Default: no limit. */
  uploadLimit?: RateLimit | undefined;
  /** What all downloads share; likewise. */
  downloadLimit?: RateLimit | undefined;
  /**
   * Where downloads, settings and the shares that were added while running are kept; one peer at a time has
   * it. Default: nothing is kept.
   */
  dataFolder?: string | undefined;
  /** Where downloads go unless the settings that are kept say otherwise. Default: the current folder. */
  downloadFolder?: string | undefined;
  /** How often a registry of the exercise is asked whether it still knows this peer. Default: 30,000. */
  lookEveryMs?: number | undefined;
  log: Logger;
  onState?: (state: AnnouncerState) => void;
}

export class Peer implements Startable {
  readonly #options: PeerOptions;
  readonly #identity = new Identity();
  readonly #catalogue: Catalogue;
  readonly #listener: Listener;
  readonly #stopping = new AbortController();
  #announcing: Promise<void> = Promise.resolve();
  #announcer: Announcer | undefined;

  constructor(options: PeerOptions) {
    const { shares, cacheFile, log, notifications } = options;
    this.#options = options;
    this.#catalogue = new Catalogue({
      folders: shares,
      cacheFile,
      onChange: (names) => this.#announcer?.changed(names),
      log,
      notifications,
    });
    this.#listener = new Listener({
      ...options,
      offers: offersOf(this.#catalogue),
      proofOf: this.#identity.proofOf,
    });
  }

  /**
   * Resolves when everything that is shared was found. Files are served, and the registry is told of
   * them, as they are hashed, the small ones first; see {@link indexed}.
   *
   * @throws CodedError `bad-share`, `port-taken`, `cannot-listen`
   */
  async start(): Promise<void> {
    try {
      await this.#listener.start();
      await this.#catalogue.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#announcing = this.#announce();
  }

  /** Begins to tell the registry, once there is something to tell. */
  async #announce(): Promise<void> {
    const { registry, advertise, displayName, lookEveryMs, log, onState } = this.#options;
    const indexed = new AbortController();
    void this.indexed().then(() => {
      indexed.abort();
    });
    const isOver = AbortSignal.any([indexed.signal, this.#stopping.signal]);
    await pause(FIRST_ANNOUNCEMENT_WITHIN_MS, isOver);
    if (this.#stopping.signal.aborted) return;
    const catalogue = this.#catalogue;
    this.#announcer = new Announcer({
      registry,
      identity: this.#identity,
      port: this.port,
      advertise,
      displayName,
      lookEveryMs,
      log,
      ...(onState && { onState }),
      offered: {
        entry: (name) => {
          const file = catalogue.find(name);
          return (
            file && { name, size: file.state.size, modified: modifiedOf(file), root: file.root }
          );
        },
        get names() {
          return catalogue.names;
        },
      },
    });
    await this.#announcer.start();
  }

  /** Deregisters, then closes: nobody is sent to a peer that is no longer there. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#announcing;
    await this.#announcer?.stop();
    await this.#listener.stop();
    await this.#catalogue.stop();
  }

  get port(): number {
    return this.#listener.port;
  }

  /** The smallest file that is offered and not empty: what a first try may fetch. */
  get smallestFile(): { name: string; path: string; size: number } | undefined {
    let smallest: SharedFile | undefined;
    for (const name of this.#catalogue.names) {
      const file = this.#catalogue.find(name);
      if (file && file.state.size > 0 && file.state.size < (smallest?.state.size ?? Infinity))
        smallest = file;
    }
    return smallest && { name: smallest.name, path: smallest.realPath, size: smallest.state.size };
  }

  /** How many files were found, and how many bytes they have; those are offered as they are hashed. */
  get found(): { files: number; bytes: number; unnameable: number } {
    return { ...this.#catalogue.found, unnameable: this.#catalogue.unnameable };
  }

  /** How far hashing is. */
  get indexing(): Indexing {
    return this.#catalogue.indexing;
  }

  /** Resolves when everything that was found so far is hashed. */
  indexed(): Promise<void> {
    return this.#catalogue.indexed();
  }
}

function offersOf(catalogue: Catalogue): Offers {
  const offered = (file: SharedFile): OfferedFile => ({
    name: file.name,
    size: file.state.size,
    modified: modifiedOf(file),
    root: file.root,
  });
  const opened = (found: { file: SharedFile; opened: OpenedFile } | undefined) =>
    found && Object.assign(found.opened, { file: offered(found.file) });
  return {
    open: async (name) => opened(await catalogue.open(name)),
    openContent: async (root) => opened(await catalogue.openContent(root)),
    shapeOf: (root) => catalogue.shapeOf(root),
    holding: async (root) => {
      const shape = await catalogue.shapeOf(root);
      return (
        shape && {
          size: shape.size,
          has: PieceSet.full(pieceCountOf(shape.size)),
          // It is whole.
          onGain: () => () => undefined,
        }
      );
    },
    page: (after, limit) => catalogue.page(after, limit).map(offered),
    get count() {
      return catalogue.names.length;
    },
  };
}
