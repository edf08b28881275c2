// A peer put together: catalogue, server, announcer, downloads. Nothing else constructs its long-lived parts.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Network } from '../client/network.ts';
import { Identity } from '../lib/identity.ts';
import { pause, untilAborted, type Startable } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/log.ts';
import { RateLimit } from '../lib/rate-limit.ts';
import { reachProof } from '../lib/reach-proof.ts';
import { CodedError } from '../protocol/errors.ts';
import { Announcer, type AnnouncerState } from './announcer/announcer.ts';
import { Catalogue } from './catalogue/catalogue.ts';
import type { Indexing } from './catalogue/identities.ts';
import type { SharedFile } from './catalogue/shared-file.ts';
import type { Controlled } from './control/controlled.ts';
import { Desk } from './desk.ts';
import { Lock } from './download/lock.ts';
import { Downloads } from './downloads/downloads.ts';
import { offeredOf, offersOf } from './offers.ts';
import { ownIdentity } from './own-identity.ts';
import { membershipOf, type Membership } from './membership.ts';
import { PeerHost } from './peer-host.ts';
import { Listener } from './server/listener.ts';
import { Uploads } from './server/uploads.ts';
import { KeptSettings } from './settings.ts';

/** What is hashed within so long is announced in one go with the lease; the rest as it becomes ready. */
const FIRST_ANNOUNCEMENT_WITHIN_MS = 2_000;

export interface PeerOptions {
  /** The folders to share. */
  shares: string[];
  /** Where the roots of files are remembered. Default: `:memory:`, for this run only. */
  cacheFile?: string | undefined;
  network: Network;
  /** Whether the line protocol is open to everybody in a private network, too. Default: false. */
  openExercise?: boolean | undefined;
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
   * Where its key, downloads, settings and the shares that were added while running are kept; one peer at a
   * time has it. Default: nothing is kept.
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
  /** For this run, unless one is kept. */
  #identity = Identity.fresh();
  readonly #membership: Membership;
  readonly #uploads = new Uploads();
  readonly #settings: KeptSettings;
  readonly #catalogue: Catalogue;
  readonly #host: PeerHost;
  readonly #listener: Listener;
  readonly #downloads: Downloads;
  readonly #desk: Desk;
  readonly #stopping = new AbortController();
  readonly #stopped = untilAborted(this.#stopping.signal);
  #announcing: Promise<void> = Promise.resolve();
  #announcer: Announcer | undefined;
  #isAnnounced = false;
  #lock: Lock | undefined;

  constructor(options: PeerOptions) {
    const { shares, cacheFile, network, displayName, log, notifications, dataFolder } = options;
    const { uploadLimit = new RateLimit(), downloadLimit = new RateLimit() } = options;
    const fileOf = (name: string) =>
      dataFolder === undefined ? undefined : join(dataFolder, name);
    const portNow = () => this.port;
    this.#options = options;
    this.#membership = membershipOf({ ...options, identity: () => this.#identity });
    this.#settings = new KeptSettings({
      file: fileOf('settings.json'),
      downloadFolder: options.downloadFolder ?? '.',
      ...{ uploadLimit, downloadLimit, log },
    });
    this.#catalogue = new Catalogue({
      folders: shares,
      cacheFile,
      onChange: (names) => this.#announcer?.changed(names),
      log,
      notifications,
    });
    this.#host = new PeerHost(portNow, () => this.#announcer?.heldChanged());
    this.#listener = new Listener({
      ...options,
      uploadLimit,
      uploads: this.#uploads,
      offers: offersOf(this.#catalogue, this.#host.parts.offers),
      privacy: this.#membership.privacy,
      proofOf: (nonce) => reachProof(this.#identity, nonce),
      onNeighbour: this.#host.parts.meet,
    });
    this.#downloads = new Downloads({
      ...{
        network,
        membership: this.#membership,
        downloadLimit,
        log,
        host: this.#host,
        file: fileOf('downloads.json'),
      },
      atOnce: () => this.#settings.settings.atOnce,
      adopt: async (...finished) => {
        // Hashing may take long, and nobody waits for it at the end.
        await Promise.race([this.#catalogue.adopt(...finished), this.#stopped]);
      },
      placeOf: async (root) => {
        const found = await this.#catalogue.openContent(root);
        await found?.opened[Symbol.asyncDispose]();
        return found?.file.realPath;
      },
      onChange: () => {
        this.#desk.downloadsChanged();
      },
    });
    this.#desk = new Desk({
      ...{ catalogue: this.#catalogue, uploads: this.#uploads, downloads: this.#downloads },
      ...{ settings: this.#settings, network, displayName, portNow },
    });
  }

  /**
   * Resolves when everything that is shared was found. Files are served, and the registry is told of
   * them, as they are hashed, the small ones first; see {@link indexed}.
   *
   * @throws CodedError `bad-share`, `port-taken`, `cannot-listen`, `cannot-open-data`, `data-in-use`
   */
  async start(): Promise<void> {
    try {
      await this.#openData();
      await this.#listener.start();
      await this.#catalogue.start();
      for (const folder of this.#settings.shares)
        void (await this.#catalogue.add(folder, false)).look();
      await this.#downloads.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#announcing = this.#announce();
  }

  /** Reads what is kept, of which no other peer may have hold. */
  async #openData(): Promise<void> {
    const { dataFolder } = this.#options;
    if (dataFolder === undefined) return;
    try {
      await mkdir(dataFolder, { recursive: true, mode: 0o700 });
      this.#lock = await Lock.take(join(dataFolder, 'lock'));
    } catch (cause) {
      if (cause instanceof CodedError)
        throw new CodedError(
          'data-in-use',
          `Another peer has its data in ${dataFolder}; each needs a folder of its own.`,
          { cause },
        );
      throw new CodedError('cannot-open-data', `${dataFolder} cannot be opened: ${String(cause)}`, {
        cause,
      });
    }
    this.#identity = await ownIdentity(dataFolder);
    await this.#settings.load();
  }

  /** Begins to tell the registry, once there is something to tell. */
  async #announce(): Promise<void> {
    const { network, advertise, displayName, lookEveryMs, log } = this.#options;
    const indexed = new AbortController();
    void this.indexed().then(() => {
      indexed.abort();
    });
    const isOver = AbortSignal.any([indexed.signal, this.#stopping.signal]);
    await pause(FIRST_ANNOUNCEMENT_WITHIN_MS, isOver);
    if (this.#stopping.signal.aborted) return;
    const catalogue = this.#catalogue;
    this.#announcer = new Announcer({
      network,
      identity: this.#identity,
      port: this.port,
      advertise,
      displayName,
      lookEveryMs,
      log,
      onState: (state) => {
        this.#registryIs(state);
      },
      held: this.#host.held,
      offered: {
        entry: (name) => {
          const file = catalogue.find(name);
          return file && offeredOf(file);
        },
        get names() {
          return catalogue.names;
        },
      },
    });
    await this.#announcer.start();
  }

  #registryIs(state: AnnouncerState): void {
    if (state.at === 'announced' && !this.#isAnnounced) this.#downloads.registryIsBack();
    this.#isAnnounced = state.at === 'announced';
    this.#desk.registryIs(state);
    this.#options.onState?.(state);
  }

  /** Deregisters, then closes: nobody is sent to a peer that is no longer there. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#announcing;
    await this.#announcer?.stop();
    await this.#desk.stop();
    await this.#downloads.stop();
    await this.#listener.stop();
    await this.#catalogue.stop();
    await this.#lock?.release();
    this.#lock = undefined;
  }

  /** Looks at it, and tells it what to do. */
  get controlled(): Controlled {
    return this.#desk;
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
