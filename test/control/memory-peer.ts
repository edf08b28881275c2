// A peer in memory that keeps what the control interface asks of one: state that changes, downloads whose
// pieces arrive when the test says so, and bytes that can be read as they do.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { EventEmitter } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Controlled, ReadableContent } from '../../src/peer/control/controlled.ts';
import { CodedError } from '../../src/protocol/errors.ts';
import type {
  ControlState,
  Download,
  DownloadChange,
  Limits,
  NewDownload,
  OfferedPage,
  Pieces,
  PiecesChange,
  Settings,
  ShareState,
} from '../../src/protocol/control.ts';

export const PIECE_BYTES = 8;
const SOURCE = '192.0.2.7:7771';

export class MemoryPeer implements Controlled {
  readonly state: ControlState;
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #arrived = new Map<string, Set<number>>();

  constructor(downloadFolder: string) {
    this.state = {
      peer: {
        version: '0.1.0',
        displayName: 'Ann',
        port: 7771,
        endpoint: { ipAddress: '192.0.2.1', port: 7771 },
        startedAt: 1,
        registry: {
          ...{ url: 'http://127.0.0.1:7770', at: 'announced', since: 1, contract: 'native' },
          fault: null,
        },
        ...{ sent: 0, received: 0, uploadRate: 0, downloadRate: 0 },
      },
      ...{ shares: [], downloads: [], uploads: [] },
      limits: { maxUpload: null, maxDownload: null },
      settings: { downloadFolder, atOnce: 3 },
    };
  }

  /** How many listen to what changes. */
  get listeners(): number {
    return this.#events.listenerCount('change');
  }

  onChange(tell: (part: keyof ControlState) => void): () => void {
    this.#events.on('change', tell);
    return () => this.#events.off('change', tell);
  }

  changed(part: keyof ControlState): void {
    this.#events.emit('change', part);
  }

  /** What a root stands for, from now on. */
  hold(root: string, bytes: Uint8Array): void {
    this.#bytes.set(root, bytes);
  }

  addDownload(wanted: NewDownload): Promise<Download> {
    const known = this.state.downloads.find(({ root }) => root === wanted.root);
    if (known) return Promise.resolve(known);
    const size = this.#bytes.get(wanted.root)?.length ?? null;
    const download: Download = {
      id: randomBytes(8).toString('hex'),
      ...{ name: wanted.name, root: wanted.root, size },
      path: join(wanted.folder ?? this.state.settings.downloadFolder, wanted.name),
      ...{ state: 'running', priority: wanted.priority ?? 'normal' },
      sequential: wanted.sequential ?? false,
      have: 0,
      pieceCount: size === null ? null : Math.ceil(size / PIECE_BYTES),
      ...{ rate: 0, secondsLeft: null, addedAt: 1, finishedAt: null },
      ...{ sources: [], dropped: [], wasted: 0, fault: null },
    };
    this.state.downloads.push(download);
    this.#arrived.set(download.id, new Set());
    this.changed('downloads');
    return Promise.resolve(download);
  }

  changeDownload(id: string, change: DownloadChange): Promise<Download> {
    const download = Object.assign(this.#download(id), change);
    this.changed('downloads');
    return Promise.resolve(download);
  }

  removeDownload(id: string): Promise<void> {
    this.state.downloads.splice(this.state.downloads.indexOf(this.#download(id)), 1);
    this.changed('downloads');
    this.#events.emit(`removed ${id}`);
    return Promise.resolve();
  }

  /** A piece has come. */
  arrive(id: string, piece: number): void {
    const download = this.#download(id);
    this.#arrived.get(id)?.add(piece);
    download.have += PIECE_BYTES;
    this.#events.emit(`arrived ${id}`, piece);
    this.changed('downloads');
  }

  /** Size and layer are proven now. */
  prove(id: string, bytes: Uint8Array): void {
    const download = this.#download(id);
    this.hold(download.root, bytes);
    download.size = bytes.length;
    download.pieceCount = Math.ceil(bytes.length / PIECE_BYTES);
    this.changed('downloads');
  }

  followPieces(
    id: string,
    tell: (change: PiecesChange) => void,
  ): { pieces: Pieces | undefined; stop: () => void } {
    const { pieceCount } = this.#download(id);
    const onArrived = (piece: number) => {
      tell({ sources: [SOURCE], arrived: [[piece, 0]], underWay: [] });
    };
    this.#events.on(`arrived ${id}`, onArrived);
    const runs = [...(this.#arrived.get(id) ?? [])].map((piece): [number, number, number] => [
      ...([piece, 1, 0] as const),
    ]);
    return {
      pieces: pieceCount === null ? undefined : { count: pieceCount, sources: [SOURCE], runs },
      stop: () => this.#events.off(`arrived ${id}`, onArrived),
    };
  }

  readDownload(id: string): Promise<ReadableContent> {
    const { name, root, size } = this.#download(id);
    const bytes = this.#bytes.get(root);
    if (size === null || !bytes)
      return Promise.reject(new CodedError('not-ready', 'Its size is not known yet.'));
    const arrived = this.#arrived.get(id) ?? new Set();
    const events = this.#events;
    async function* read(start: number, end: number, signal: AbortSignal) {
      for (let at = start; at <= end;) {
        const piece = Math.floor(at / PIECE_BYTES);
        while (!arrived.has(piece)) await once(events, `arrived ${id}`, { signal });
        const next = Math.min(end + 1, (piece + 1) * PIECE_BYTES);
        yield bytes?.subarray(at, next) ?? new Uint8Array();
        at = next;
      }
    }
    return Promise.resolve({ name, size, read });
  }

  async addShare(folder: string): Promise<ShareState> {
    const isFolder = await stat(folder).then(
      (state) => state.isDirectory(),
      () => false,
    );
    if (!isFolder) throw new CodedError('bad-share', `${folder} is no folder.`);
    const share: ShareState = {
      ...{ id: randomBytes(8).toString('hex'), folder, isDownloads: false },
      ...{ files: 0, bytes: 0, unnameable: 0, indexing: null, fault: null },
    };
    this.state.shares.push(share);
    this.changed('shares');
    return share;
  }

  removeShare(id: string): Promise<void> {
    const at = this.state.shares.findIndex((share) => share.id === id);
    if (at === -1) return Promise.reject(new CodedError('not-found', 'There is no such share.'));
    this.state.shares.splice(at, 1);
    this.changed('shares');
    return Promise.resolve();
  }

  offered(text: string, after: string, limit: number): OfferedPage {
    const names = ['a.txt', 'b.txt', 'c.md'].filter((each) => each.includes(text) && each > after);
    const page = names.slice(0, limit).map((name) => ({
      ...{ name, size: 1, modified: 1, root: null, fetched: 2, sent: 2 },
    }));
    return { offered: page, next: names.length > limit ? (page.at(-1)?.name ?? null) : null };
  }

  setLimits(limits: Limits): Promise<void> {
    this.state.limits = limits;
    this.changed('limits');
    return Promise.resolve();
  }

  setSettings(settings: Settings): Promise<void> {
    this.state.settings = settings;
    this.changed('settings');
    return Promise.resolve();
  }

  #download(id: string): Download {
    const download = this.state.downloads.find((each) => each.id === id);
    if (!download) throw new CodedError('not-found', 'There is no such download.');
    return download;
  }
}
