// A download put together: who gets a content is a source of it from its first verified piece on, for as
// long as it runs. Nothing else constructs these parts.
import { open, type FileHandle } from 'node:fs/promises';
import type { NativeRegistry } from '../client/registry-client.ts';
import type { Logger } from '../lib/log.ts';
import type { RateLimit } from '../lib/rate-limit.ts';
import { parseEndpoint, type Endpoint } from '../protocol/endpoints.ts';
import { pieceCountOf, pieceLengthOf } from '../protocol/merkle.ts';
import { PieceSet } from '../protocol/piece-set.ts';
import { Identity } from './announcer/identity.ts';
import { SourceAnnouncer } from './announcer/source-announcer.ts';
import type { PieceStore } from './download/piece-store.ts';
import {
  VerifiedDownload,
  type VerifiedDownloaded,
  type VerifiedDownloadOptions,
} from './download/verified-download.ts';
import { Listener } from './server/listener.ts';
import type { Holding, OpenedOffer, Offers } from './server/offers.ts';

/** Sources that are asked of the registry at once; when some of them fail, others are asked for. */
const SOURCES_AT_ONCE = 50;
/** An address may say of so many ports that it serves there. */
const NEIGHBOURS_PER_ADDRESS = 8;

export interface DownloaderOptions extends Pick<
  VerifiedDownloadOptions,
  'size' | 'signal' | 'waitMs' | 'inOrder' | 'downloadLimit' | 'onProgress'
> {
  /** 64 hex digits. */
  root: string;
  name: string;
  registry: NativeRegistry;
  store: PieceStore;
  log: Logger;
  /** Where to serve what has come; 0 takes a free port. Undefined: it is not served. */
  port: number | undefined;
  /** What is sent at most. */
  uploadLimit?: RateLimit | undefined;
}

/** What is served of a content while it is being downloaded. */
interface Served extends Holding {
  layer: Uint8Array;
  handle: FileHandle;
  listeners: Set<(piece: number) => void>;
  /** The state of the file when it was complete. */
  finished: { mtimeNs: bigint; size: bigint } | undefined;
}

export class Downloader {
  readonly #options: DownloaderOptions;
  readonly #identity = new Identity();
  readonly #listener: Listener | undefined;
  #announcer: SourceAnnouncer | undefined;
  #served: Served | undefined;
  #download: VerifiedDownload | undefined;
  /** What is being opened to be served. */
  #opening: Promise<void> = Promise.resolve();
  /** The ports of those who said where they serve. */
  readonly #neighbours = new Map<string, Set<number>>();
  /** Pieces that came before anything could be served. */
  readonly #early: number[] = [];
  readonly #begun = Date.now();

  constructor(options: DownloaderOptions) {
    this.#options = options;
    const { port, log, root, uploadLimit } = options;
    if (port === undefined || options.store.descriptor === undefined) return;
    this.#listener = new Listener({
      ...{ port, log, uploadLimit },
      offers: this.#offers(),
      proofOf: this.#identity.proofOf,
      onNeighbour: (ofRoot, neighbour) => {
        if (ofRoot === root) this.#meet(parseEndpoint(neighbour));
      },
    });
  }

  /**
   * Resolves when every piece is in the store, verified; what has come is served until {@link stop}.
   *
   * @throws CodedError as {@link VerifiedDownload.run} does, or `port-taken`, `cannot-listen`
   */
  async run(): Promise<VerifiedDownloaded> {
    const { root, registry, store, log } = this.#options;
    await this.#listener?.start();
    const port = this.#listener?.port;
    this.#download = new VerifiedDownload({
      ...this.#options,
      port,
      findSources: async (within) => {
        const { sources } = await registry.contentOf(root, SOURCES_AT_ONCE, within);
        const own = this.#announcer?.endpoint;
        return sources
          .filter(
            ({ endpoint: { ipAddress, port: at } }) =>
              !(ipAddress === own?.ipAddress && at === own.port),
          )
          .map(({ endpoint, complete }) => ({ ...endpoint, complete }));
      },
      onBadSource: (endpoint, reason) => {
        registry.report(endpoint, reason, this.#options.signal, root).catch((err: unknown) => {
          log.info({ err }, 'a source could not be reported');
        });
      },
      onShape: ({ size, layer }, have) => {
        if (port === undefined) return;
        this.#opening = this.#serve(size, layer, have).catch((err: unknown) => {
          log.warn({ err }, 'what has come cannot be served');
        });
      },
      onPiece: (piece) => {
        this.#gain(piece);
      },
    });
    log.debug({ port, path: store.path }, 'downloading');
    return this.#download.run();
  }

  /** Everything is there, and the file has its final name: nothing of it is served once it changes. */
  async complete(): Promise<void> {
    await this.#opening;
    const served = this.#served;
    if (!served) return;
    const { mtimeNs, size } = await served.handle.stat({ bigint: true });
    served.finished = { mtimeNs, size };
    this.#announcer?.complete();
  }

  /** Deregisters, then stops to serve. */
  async stop(): Promise<void> {
    await this.#announcer?.stop();
    await this.#listener?.stop();
    await this.#opening;
    await this.#served?.handle.close();
    this.#served = undefined;
  }

  /** Somebody who downloads from here, and says where it serves. */
  #meet(neighbour: Endpoint): void {
    const ports = this.#neighbours.get(neighbour.ipAddress) ?? new Set();
    this.#neighbours.set(neighbour.ipAddress, ports.add(neighbour.port));
    if (ports.size <= NEIGHBOURS_PER_ADDRESS)
      this.#download?.join([{ ...neighbour, complete: false }]);
    else ports.delete(neighbour.port);
  }

  async #serve(size: number, layer: Uint8Array, have: readonly number[]): Promise<void> {
    const handle = await open(this.#options.store.path);
    const listeners = new Set<(piece: number) => void>();
    this.#served = {
      ...{ size, layer, handle, listeners },
      has: new PieceSet(pieceCountOf(size)),
      finished: undefined,
      onGain: (tell) => {
        listeners.add(tell);
        return () => listeners.delete(tell);
      },
    };
    for (const piece of [...have, ...this.#early]) this.#gain(piece);
  }

  #gain(piece: number): void {
    const { registry, root, log } = this.#options;
    const served = this.#served;
    if (!served) {
      if (this.#listener) this.#early.push(piece);
      return;
    }
    if (!served.has.add(piece)) return;
    for (const tell of served.listeners) tell(piece);
    if (this.#announcer || !this.#listener) return;
    this.#announcer = new SourceAnnouncer({
      ...{ registry, identity: this.#identity, port: this.#listener.port, root, log },
    });
    void this.#announcer.start();
  }

  #offers(): Offers {
    const served = (root: string) => (root === this.#options.root ? this.#served : undefined);
    return {
      // Names are for those who offer them; and the line protocol knows nothing else.
      open: () => Promise.resolve(undefined),
      openContent: (root) => {
        const content = served(root);
        return Promise.resolve(content && this.#opened(content));
      },
      shapeOf: (root) => Promise.resolve(served(root)),
      holding: (root) => Promise.resolve(served(root)),
      page: () => [],
      count: 0,
    };
  }

  #opened({ size, has, handle, finished }: Served): OpenedOffer {
    const { name, root } = this.#options;
    const isUnchanged = async () => {
      if (!finished) return true;
      const now = await handle.stat({ bigint: true });
      return now.mtimeNs === finished.mtimeNs && now.size === finished.size;
    };
    return {
      file: { name, size, modified: this.#begun, root },
      handle,
      isUnchanged,
      holds: (start, end) => {
        for (
          let at = Math.floor(start / pieceLengthOf(size));
          at * pieceLengthOf(size) <= end;
          at++
        )
          if (!has.has(at)) return false;
        return true;
      },
      // It stays open for the next one.
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}
