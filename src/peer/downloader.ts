// A download put together: who gets a content is a source of it from its first verified piece on, for as
// long as it runs. Nothing else constructs these parts.
import type { NativeRegistry } from '../client/registry-client.ts';
import type { Logger } from '../lib/log.ts';
import type { RateLimit } from '../lib/rate-limit.ts';
import { OwnHost, type DownloadHost, type Neighbour } from './download-host.ts';
import type { ContentShape } from './download/content-shape.ts';
import type { PieceStore } from './download/piece-store.ts';
import {
  VerifiedDownload,
  type DownloadStatus,
  type VerifiedDownloaded,
  type VerifiedDownloadOptions,
} from './download/verified-download.ts';
import type { Membership } from './membership.ts';
import { ServedPart } from './served-part.ts';

/** Sources that are asked of the registry at once; when some of them fail, others are asked for. */
const SOURCES_AT_ONCE = 50;
/** An address may say of so many ports that it serves there. */
const NEIGHBOURS_PER_ADDRESS = 8;

export interface DownloaderOptions extends Pick<
  VerifiedDownloadOptions,
  'size' | 'signal' | 'waitMs' | 'inOrder' | 'downloadLimit' | 'onProgress' | 'onShape' | 'onPiece'
> {
  /** 64 hex digits. */
  root: string;
  name: string;
  registry: NativeRegistry;
  membership: Membership;
  store: PieceStore;
  log: Logger;
  /** Where to serve what has come: at a port of its own, 0 takes a free one, or by a host. Undefined: nowhere. */
  port: number | DownloadHost | undefined;
  /** What is sent at most from a port of its own. */
  uploadLimit?: RateLimit | undefined;
}

export class Downloader {
  readonly #options: DownloaderOptions;
  readonly #ownHost: OwnHost | undefined;
  readonly #host: DownloadHost | undefined;
  #served: ServedPart | undefined;
  #download: VerifiedDownload | undefined;
  /** What is being opened to be served. */
  #opening: Promise<void> = Promise.resolve();
  #isAnnounced = false;
  /** The ports of those who said where they serve. */
  readonly #neighbours = new Map<string, Set<number>>();
  /** Pieces that came before anything could be served. */
  readonly #early: number[] = [];

  constructor(options: DownloaderOptions) {
    this.#options = options;
    const { port } = options;
    if (port === undefined || options.store.descriptor === undefined) return;
    if (typeof port === 'number') this.#ownHost = new OwnHost({ ...options, port });
    this.#host = typeof port === 'number' ? this.#ownHost : port;
  }

  /**
   * Resolves when every piece is in the store, verified; what has come is served until {@link stop}.
   *
   * @throws CodedError as {@link VerifiedDownload.run} does, or `port-taken`, `cannot-listen`
   */
  async run(): Promise<VerifiedDownloaded> {
    const { root, registry, store, log, onShape, onPiece } = this.#options;
    await this.#ownHost?.start();
    const port = this.#host?.port;
    this.#download = new VerifiedDownload({
      ...this.#options,
      access: this.#options.membership.access,
      port,
      findSources: async (within) => {
        const { sources } = await registry.contentOf(root, SOURCES_AT_ONCE, within);
        // Also where it was before it began anew, which the registry may not know to be over yet.
        const { peerId: own } = this.#options.membership.identity;
        return sources
          .filter(({ peerId }) => peerId !== own)
          .map(({ endpoint, peerId, complete }) => ({ ...endpoint, peerId, complete }));
      },
      onBadSource: (endpoint, reason) => {
        registry.report(endpoint, reason, this.#options.signal, root).catch((err: unknown) => {
          log.info({ err }, 'a source could not be reported');
        });
      },
      onShape: (shape, have) => {
        onShape?.(shape, have);
        if (!this.#host) return;
        this.#opening = this.#serve(shape, have).catch((err: unknown) => {
          log.warn({ err }, 'what has come cannot be served');
        });
      },
      onPiece: (piece, from) => {
        onPiece?.(piece, from);
        this.#gain(piece);
      },
    });
    log.debug({ port, path: store.path }, 'downloading');
    return this.#download.run();
  }

  /** How it goes; undefined: it has not begun. */
  get status(): DownloadStatus | undefined {
    return this.#download?.status;
  }

  /** The pieces that somebody is sending now. */
  get underWay(): Iterable<{ piece: number; source: string }> {
    return this.#download?.underWay ?? [];
  }

  /** From now on pieces are wanted in order, from this one on; undefined: in any order. */
  readFrom(piece: number | undefined): void {
    this.#download?.readFrom(piece);
  }

  /** Everything is there, and the file has its final name: nothing of it is served once it changes. */
  async complete(): Promise<void> {
    await this.#opening;
    await this.#served?.finish();
    if (this.#isAnnounced) this.#host?.announce(this.#options.root, true);
  }

  /** Deregisters, then stops to serve. */
  async stop(): Promise<void> {
    await this.#ownHost?.stop();
    await this.#opening;
    const served = this.#served;
    this.#served = undefined;
    if (!served) return;
    this.#host?.withdraw(served);
    await served.close();
  }

  /** Somebody who downloads from here, and says where it serves. */
  #meet(neighbour: Neighbour): void {
    const ports = this.#neighbours.get(neighbour.ipAddress) ?? new Set();
    this.#neighbours.set(neighbour.ipAddress, ports.add(neighbour.port));
    if (ports.size <= NEIGHBOURS_PER_ADDRESS)
      this.#download?.join([{ ...neighbour, complete: false }]);
    else ports.delete(neighbour.port);
  }

  async #serve(shape: ContentShape, have: readonly number[]): Promise<void> {
    const { root, name, store } = this.#options;
    this.#served = await ServedPart.open({ root, name, shape }, store.path);
    this.#host?.offer(this.#served, (neighbour) => {
      this.#meet(neighbour);
    });
    for (const piece of [...have, ...this.#early]) this.#gain(piece);
  }

  #gain(piece: number): void {
    if (!this.#served) {
      if (this.#host) this.#early.push(piece);
      return;
    }
    if (!this.#served.gain(piece) || this.#isAnnounced) return;
    this.#isAnnounced = true;
    this.#host?.announce(this.#options.root, false);
  }
}
