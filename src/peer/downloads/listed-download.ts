// A download of the list: what is asked of it, what is known of it, and its attempts, one after the other.
import type { Download } from '../../protocol/control.ts';
import { MAX_TOLD_SOURCES } from '../../protocol/control.ts';
import { pieceCountOf } from '../../protocol/merkle.ts';
import type { DownloadStatus } from '../download/verified-download.ts';
import { PieceFile } from '../download/piece-file.ts';
import type { Downloader } from '../downloader.ts';
import { attemptDownload, type AttemptOptions } from './attempt.ts';
import { faultOf, isRegistryAway, isTriedAgain, stateAfter } from './faults.ts';
import { PieceMap } from './piece-map.ts';
import { retryPauseMs, type Queued } from './queue.ts';
import { Reading, type Readable } from './reading.ts';
import type { DownloadRecord } from './record.ts';

export interface ListedDownloadOptions extends AttemptOptions {
  /** Offers a finished file by its name, where it is in a share, and resolves when that is done. */
  adopt: (
    path: string,
    size: number,
    identity: { root: string; layer: Uint8Array },
  ) => Promise<void>;
  /** An attempt has ended, for whatever reason. @param received bytes that came */
  onEnded: (received: number) => void;
  /** Something else than the numbers has changed. */
  onChange: () => void;
}

interface Running {
  stopping: AbortController;
  ended: Promise<void>;
}

export class ListedDownload implements Queued, Readable {
  readonly record: DownloadRecord;
  readonly pieces: PieceMap;
  readonly reading: Reading;
  /** Not before that moment (`performance.now()`). */
  retryAt = 0;
  readonly #options: ListedDownloadOptions;
  #failures = 0;
  #running: Running | undefined;
  #downloader: Downloader | undefined;
  #isProven = false;
  #layer: Uint8Array | undefined;
  #partPath: string | undefined;
  /** How the last attempt went. */
  #last: DownloadStatus | undefined;
  /** What a finished download still does, until the catalogue has it. */
  #handingOver: Promise<void> = Promise.resolve();

  constructor(record: DownloadRecord, options: ListedDownloadOptions) {
    this.record = record;
    this.#options = options;
    this.pieces = new PieceMap(() => this.#downloader?.underWay ?? []);
    if (record.state === 'done') this.pieces.full(pieceCountOf(record.size ?? 0));
    this.reading = new Reading(this, () => {
      this.#setOrder();
    });
  }

  get priority(): DownloadRecord['priority'] {
    return this.record.priority;
  }

  get addedAt(): number {
    return this.record.addedAt;
  }

  /** Whether it is to run as soon as its turn comes. */
  get mayRun(): boolean {
    const { state, fault } = this.record;
    return state === 'waiting' || (state === 'failed' && fault !== null && isTriedAgain(fault));
  }

  /** Whether it runs, and is to go on. */
  get isRunning(): boolean {
    return this.#running !== undefined && !this.#running.stopping.signal.aborted;
  }

  /** Whether an attempt has not ended yet. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** Bytes that the attempt that runs has received. */
  get received(): number {
    return this.#downloader?.status?.received ?? 0;
  }

  /** Where its bytes are. */
  get file(): string[] {
    const { path } = this.record;
    return this.#partPath === undefined ? [path] : [this.#partPath, path];
  }

  get size(): number | null {
    return this.record.size;
  }

  /** Whether a piece is there. */
  has(piece: number): boolean {
    return this.record.state === 'done' || this.pieces.has(piece);
  }

  /** Whether what is missing may come. */
  get isComing(): boolean {
    return this.record.state === 'waiting';
  }

  /** Makes an attempt, unless one is being made. */
  start(): void {
    if (this.#running) return;
    const stopping = new AbortController();
    this.record.state = 'waiting';
    this.record.fault = null;
    const ended = this.#attempt(stopping.signal).finally(() => {
      this.#running = undefined;
      const received = this.received;
      this.#keepStatus();
      this.#downloader = undefined;
      this.reading.wake();
      this.#options.onEnded(received);
    });
    this.#running = { stopping, ended };
    this.#options.onChange();
  }

  /** Ends the attempt that is being made; what came stays. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#running?.stopping.abort();
    await this.#running?.ended;
  }

  /** Resolves when nothing of it is served any more. */
  async ended(): Promise<void> {
    await this.#running?.ended;
    await this.#handingOver;
  }

  pause(): void {
    if (this.record.state === 'done') return;
    this.record.state = 'paused';
    this.record.fault = null;
    this.#running?.stopping.abort();
    this.reading.wake();
  }

  /** It is to run, at once if it may. */
  resume(): void {
    if (this.record.state === 'done') return;
    this.#failures = 0;
    this.retryAt = 0;
    this.record.state = 'waiting';
    this.record.fault = null;
  }

  /** The file was removed: it is to be fetched anew. */
  again(): void {
    Object.assign(this.record, { state: 'paused', have: 0, finishedAt: null });
    this.pieces.begin(pieceCountOf(this.record.size ?? 0), []);
    this.resume();
  }

  /** It may go right now, if it failed because of the registry. */
  tryRegistryAgain(): void {
    if (this.record.fault && isRegistryAway(this.record.fault)) this.retryAt = 0;
  }

  set sequential(sequential: boolean) {
    this.record.sequential = sequential;
    this.#setOrder();
  }

  /** Ends it, and removes what came unless it is whole. */
  async remove(): Promise<void> {
    if (this.record.state !== 'done') this.record.state = 'paused';
    this.reading.wake();
    await this.stop();
    await this.#handingOver;
    if (this.#isNotDone) await PieceFile.remove(this.record.path, this.record.root);
  }

  /** As it is told, and kept: numbers and words alone. */
  get told(): Download {
    const { id, name, root, path, state, priority, sequential, addedAt, finishedAt, fault, size } =
      this.record;
    const status = this.#downloader?.status ?? this.#last;
    const { rate } = this;
    const sources = status?.sources ?? [];
    return {
      ...{ id, name, root, size, path, priority, sequential, addedAt, finishedAt, fault, rate },
      state: state === 'waiting' && this.isRunning ? 'running' : state,
      have: this.have,
      pieceCount: size === null ? null : pieceCountOf(size),
      secondsLeft: rate > 0 && size !== null ? (size - this.have) / rate : null,
      sources: sources.slice(0, MAX_TOLD_SOURCES),
      dropped: (status?.failed ?? []).slice(0, MAX_TOLD_SOURCES),
      wasted: status?.wasted ?? 0,
    };
  }

  /** Bytes a second that come. */
  get rate(): number {
    return this.isRunning ? (this.#downloader?.status?.rate ?? 0) : 0;
  }

  get have(): number {
    const status = this.#downloader?.status;
    return status && this.#isProven ? status.have : this.record.have;
  }

  /** Asked anew: while it is stopped it may get done. */
  get #isNotDone(): boolean {
    return this.record.state !== 'done';
  }

  #keepStatus(): void {
    const status = this.#downloader?.status;
    if (!status) return;
    if (this.#isNotDone) this.record.have = this.have;
    const sources = status.sources.map((source) => ({ ...source, rate: 0 }));
    this.#last = { ...status, sources, rate: 0 };
    this.#isProven = false;
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const { record } = this;
    try {
      const { size, downloader } = await attemptDownload(
        record,
        this.#options,
        {
          onBegin: (begun, partPath) => {
            this.#downloader = begun;
            this.#partPath = partPath;
            this.#setOrder();
          },
          onShape: (shape, have) => {
            this.#layer = shape.layer;
            record.size = shape.size;
            this.#isProven = true;
            this.pieces.begin(pieceCountOf(shape.size), have);
            this.reading.wake();
            this.#options.onChange();
          },
          onPiece: (piece, from) => {
            this.#failures = 0;
            this.pieces.arrive(piece, from);
            this.reading.wake();
          },
        },
        signal,
      );
      this.#partPath = undefined;
      Object.assign(record, {
        state: 'done',
        size,
        have: size,
        fault: null,
        finishedAt: Date.now(),
      });
      this.pieces.full(pieceCountOf(size));
      if (downloader) this.#handingOver = this.#handOver(downloader, size);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** Others can have it of the catalogue before they can have it of the download no more. */
  async #handOver(downloader: Downloader, size: number): Promise<void> {
    const { log, adopt } = this.#options;
    const { path, root } = this.record;
    try {
      await adopt(path, size, { root, layer: this.#layer ?? new Uint8Array(0) });
    } catch (err) {
      log.warn({ err, path }, 'a finished download could not be taken over');
    }
    this.#layer = undefined;
    await downloader.stop();
  }

  #fail(error: unknown): void {
    const fault = faultOf(error);
    const { log } = this.#options;
    log.info({ err: error, name: this.record.name }, 'a download failed');
    this.record.fault = fault;
    this.record.state = stateAfter(fault);
    this.retryAt = performance.now() + retryPauseMs(++this.#failures);
  }

  #setOrder(): void {
    const { wantedFrom } = this.reading;
    this.#downloader?.readFrom(wantedFrom ?? (this.record.sequential ? 0 : undefined));
  }
}
