// Where a peer is looked at and told what to do: the control interface's way to all its parts.
import { isAbsolute, relative, sep } from 'node:path';
import type { Network } from '../client/network.ts';
import { VERSION } from '../lib/version.ts';
import {
  MAX_OFFERED_PAGE,
  type ControlState,
  type Download,
  type DownloadChange,
  type Limits,
  type NewDownload,
  type OfferedPage,
  type PeerState,
  type Pieces,
  type PiecesChange,
  type RegistryState,
  type Settings,
  type ShareState,
} from '../protocol/control.ts';
import type { Endpoint } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';
import type { AnnouncerState } from './announcer/announcer.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import type { Share } from './catalogue/share.ts';
import type { Controlled, ReadableContent } from './control/controlled.ts';
import { faultOf } from './downloads/faults.ts';
import type { Downloads } from './downloads/downloads.ts';
import { offeredOf } from './offers.ts';
import type { Uploads } from './server/uploads.ts';
import type { KeptSettings } from './settings.ts';

/** Those who follow are told of rates and counts so often. */
const LOOK_EVERY_MS = 500;
const MAX_SHARES = 1_000;

type Part = keyof ControlState;
/** Parts of which it is looked whether they are others now; downloads tell by themselves. */
const LOOKED_AT = ['peer', 'shares', 'uploads', 'limits'] as const satisfies Part[];

export interface DeskOptions {
  catalogue: Catalogue;
  uploads: Uploads;
  downloads: Downloads;
  settings: KeptSettings;
  network: Network;
  displayName: string | undefined;
  /** The port that the peer listens on. */
  portNow: () => number;
}

export class Desk implements Controlled {
  readonly #options: DeskOptions;
  readonly #startedAt = Date.now();
  readonly #tellers = new Set<(part: Part) => void>();
  readonly #told = new Map<Part, string>();
  #looking: NodeJS.Timeout | undefined;
  #isDownloadsTold = true;
  #endpoint: Endpoint | null = null;
  #registry: RegistryState;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#registry = {
      ...{ url: options.network.url.href, at: 'connecting', since: Date.now() },
      ...{ contract: null, fault: null },
    };
  }

  /** Each part is put together when it is looked at: most who ask look at one. */
  readonly state: ControlState = Object.defineProperties({} as ControlState, {
    peer: part(() => this.#peer),
    shares: part(() => this.#shares),
    downloads: part(() => this.#options.downloads.told),
    uploads: part(() => this.#options.uploads.now),
    limits: part(() => this.#options.settings.limits),
    settings: part(() => this.#options.settings.settings),
  } satisfies Record<Part, PropertyDescriptor>);

  onChange(tell: (part: Part) => void): () => void {
    this.#tellers.add(tell);
    this.#looking ??= setInterval(() => {
      this.#look();
    }, LOOK_EVERY_MS).unref();
    return () => {
      this.#tellers.delete(tell);
      if (this.#tellers.size === 0) this.#stopLooking();
    };
  }

  /** Nothing is told any more. */
  stop(): Promise<void> {
    this.#tellers.clear();
    this.#stopLooking();
    return Promise.resolve();
  }

  /** The list of downloads, or how one of them stands, is another now. */
  readonly downloadsChanged = (): void => {
    if (!this.#isDownloadsTold) return;
    this.#isDownloadsTold = false;
    setImmediate(() => {
      this.#isDownloadsTold = true;
      this.#tell('downloads');
    });
  };

  /** How the registry stands. */
  registryIs(state: AnnouncerState): void {
    const fault = state.at === 'away' ? faultOf(state.error) : null;
    if (state.at === 'announced') this.#endpoint = state.endpoint;
    const contract = state.at === 'announced' ? state.contract : this.#registry.contract;
    const since = state.at === this.#registry.at ? this.#registry.since : Date.now();
    const { url } = this.#registry;
    const before = JSON.stringify(this.#registry);
    this.#registry = { url, at: state.at, since, contract, fault };
    if (JSON.stringify(this.#registry) !== before) this.#tell('peer');
  }

  addDownload(wanted: NewDownload): Promise<Download> {
    const { downloads, settings } = this.#options;
    return downloads.add(wanted, wanted.folder ?? settings.settings.downloadFolder);
  }

  changeDownload(id: string, change: DownloadChange): Promise<Download> {
    return this.#options.downloads.change(id, change);
  }

  removeDownload(id: string): Promise<void> {
    return this.#options.downloads.remove(id);
  }

  followPieces(
    id: string,
    tell: (change: PiecesChange) => void,
  ): { pieces: Pieces | undefined; stop: () => void } {
    const { pieces } = this.#options.downloads.get(id);
    return { pieces: pieces.pieces, stop: pieces.follow(tell) };
  }

  readDownload(id: string): Promise<ReadableContent> {
    const { record, size, reading } = this.#options.downloads.get(id);
    if (size === null)
      return Promise.reject(
        new CodedError('not-ready', 'Its size is not known yet: nobody has proven it.'),
      );
    const { name } = record;
    return Promise.resolve({
      ...{ name, size },
      read: (start, end, signal) => reading.read(start, Math.min(end, size - 1), signal),
    });
  }

  async addShare(folder: string): Promise<ShareState> {
    const { catalogue, settings } = this.#options;
    if (!isAbsolute(folder))
      throw new CodedError(
        'bad-share',
        `${folder} cannot be shared: it is no path from the root on.`,
      );
    if (catalogue.shares.length >= MAX_SHARES)
      throw new CodedError('bad-share', `There are ${MAX_SHARES} shares already.`);
    const share = await catalogue.add(folder);
    void share.look();
    await settings.addShare(share.folder);
    this.#tell('shares');
    return this.#stateOf(share);
  }

  async removeShare(id: string): Promise<void> {
    const { catalogue, settings } = this.#options;
    const share = catalogue.shares.find((each) => each.id === id);
    if (!share) throw new CodedError('not-found', 'There is no such share.');
    catalogue.remove(share);
    await settings.removeShare(share.folder);
    this.#tell('shares');
  }

  offered(text: string, after: string, limit: number): OfferedPage {
    const { catalogue, uploads } = this.#options;
    const most = Math.min(limit, MAX_OFFERED_PAGE);
    const { names, next } = catalogue.namesWith(text, after, most);
    const offered = names.flatMap((name) => {
      const file = catalogue.find(name);
      if (!file) return [];
      const entry = offeredOf(file);
      const sent = uploads.sentOf(entry.root);
      return [{ ...entry, fetched: entry.size > 0 ? Math.floor(sent / entry.size) : 0, sent }];
    });
    return { offered, next };
  }

  async setLimits(limits: Limits): Promise<void> {
    await this.#options.settings.setLimits(limits);
    this.#tell('limits');
  }

  async setSettings(settings: Settings): Promise<void> {
    await this.#options.settings.setSettings(settings);
    this.#options.downloads.schedule();
    this.#tell('settings');
    this.#tell('shares');
  }

  get #peer(): PeerState {
    const { uploads, downloads, displayName = null, portNow } = this.#options;
    return {
      ...{ version: VERSION, displayName, port: portNow(), endpoint: this.#endpoint },
      ...{ startedAt: this.#startedAt, registry: this.#registry },
      ...{ sent: uploads.sent, received: downloads.received },
      ...{ uploadRate: uploads.rate, downloadRate: downloads.rate },
    };
  }

  get #shares(): ShareState[] {
    return this.#options.catalogue.shares.map((share) => this.#stateOf(share));
  }

  #stateOf({ id, folder, counts, unnameable, fault }: Share): ShareState {
    const { downloadFolder } = this.#options.settings.settings;
    return {
      ...{ id, folder, files: counts.files, bytes: counts.bytes, unnameable },
      isDownloads: isAtOrBelow(downloadFolder, folder),
      indexing: counts.hashing ?? null,
      fault: fault ? faultOf(fault) : null,
    };
  }

  #stopLooking(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #look(): void {
    if (this.#options.downloads.isAnyRunning) this.downloadsChanged();
    const { uploads, settings } = this.#options;
    const now: Record<(typeof LOOKED_AT)[number], unknown> = {
      peer: this.#peer,
      shares: this.#shares,
      uploads: uploads.now,
      limits: settings.limits,
    };
    for (const part of LOOKED_AT) {
      const text = JSON.stringify(now[part]);
      if (this.#told.get(part) === text) continue;
      this.#told.set(part, text);
      this.#tell(part);
    }
  }

  #tell(part: Part): void {
    for (const tell of this.#tellers) tell(part);
  }
}

function part(get: () => unknown): PropertyDescriptor {
  return { enumerable: true, get };
}

function isAtOrBelow(path: string, folder: string): boolean {
  const within = relative(folder, path);
  return within === '' || !(within === '..' || within.startsWith(`..${sep}`) || isAbsolute(within));
}
