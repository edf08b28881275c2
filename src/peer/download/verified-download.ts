// Gets one content by its root from everyone who holds it: finds sources, has size and layer proven, looks
// what an earlier run left, and lets the swarm fetch the rest. It ends when all is there, or when nobody
// is left who could send it. Nothing that comes in is trusted.
import { isStopping, pause } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import type { RateLimit } from '../../lib/rate-limit.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import { hashInLayer, pieceAt, pieceLengthOf } from '../../protocol/merkle.ts';
import type { Access } from './access.ts';
import { proveContent } from './content-proof.ts';
import type { ContentShape } from './content-shape.ts';
import { PATIENCE, type Patience } from './patience.ts';
import { Picker } from './picker.ts';
import { PieceMemory } from './piece-memory.ts';
import type { PieceStore } from './piece-store.ts';
import { SourceBook, type BookedSource, type NamedSource } from './source-book.ts';
import { SourceFailure } from './source-failure.ts';
import { Swarm } from './swarm.ts';
import { Verifier } from './verifier.ts';
import { Meter } from '../../lib/meter.ts';

/** How often rates are taken, and idle sources offered work. */
const TICK_MS = 250;
/** Claims of an earlier run that are looked at at the same time. */
const CHECKED_AT_ONCE = 4;
/** At first sources are looked for at ever longer intervals: those who begin together find each other soon. */
const FIRST_LOOK_MS = 250;
/** Who has so many sources needs others less, and looks for them so many times less often. */
const MANY_SOURCES = 16;
const LOOK_LESS = 4;
/** Where nobody holds the whole, what is missing may still come from those who hold a part, for so long. */
const IN_PART_MS = 30_000;
/** A link on which nothing is offered is no hope after so long without a piece of anybody. */
const IN_WHOLE_MS = 120_000;
/** Who has sent nothing for so long makes room for others. */
const IDLE_MS = 30_000;
/** A message names so many of those who failed. */
const MAX_SHOWN = 5;

interface DownloadProgress {
  /** Bytes that are there, of how many. */
  have: number;
  size: number;
  /** Who sends now, at how many bytes a second; the quickest first. */
  sources: { endpoint: string; rate: number }[];
  /** How much is there of each of so many stretches of the content: 0 … 1. */
  filled: (stretches: number) => number[];
}

/** How it goes, for who looks. */
export interface DownloadStatus {
  /** Verified bytes that are there. */
  have: number;
  /** Bytes that came, verified or not. */
  received: number;
  /** Bytes a second, over the last few. */
  rate: number;
  /** Bytes of pieces that came a second time. */
  wasted: number;
  /** Those who may send, the quickest first. */
  sources: { endpoint: string; isWhole: boolean; rate: number; bytes: number }[];
  /** Who lied or went away, and why. */
  failed: { endpoint: string; reason: string }[];
}

export interface VerifiedDownloadOptions {
  /** 64 hex digits. */
  root: string;
  /** Who holds the content, as far as is known at the moment. */
  findSources: (signal: AbortSignal) => Promise<NamedSource[]>;
  /**
   * What the registry says of its size, in bytes; null: it does not know. It is not needed; where a source
   * says the same, it is believed without the last piece as its proof (docs/decisions/0010).
   */
  size?: number | null | undefined;
  store: PieceStore;
  access: Access;
  signal: AbortSignal;
  log: Logger;
  /** Default: {@link PATIENCE}. */
  patience?: Partial<Patience>;
  /** What is received of sources; it may be changed at any time. Default: no limit. */
  downloadLimit?: RateLimit | undefined;
  /** How long to wait for a source where there is none, in milliseconds. Default: 0. */
  waitMs?: number | undefined;
  /** Whether pieces are wanted in order. Default: false, in whichever order is the quickest for all. */
  inOrder?: boolean | undefined;
  /** Where this peer serves what has come; undefined: it does not serve. */
  port?: number | undefined;
  onProgress?: (progress: DownloadProgress) => void;
  /** A source is not there, or sent a wrong piece; told once of each. */
  onBadSource?: (endpoint: Endpoint, reason: 'unreachable' | 'bad-piece') => void;
  /** Size and layer are proven, and these pieces are there from an earlier run. */
  onShape?: ((shape: ContentShape, have: readonly number[]) => void) | undefined;
  /** A piece is there, verified. @param from the endpoint of who sent it */
  onPiece?: ((piece: number, from: string) => void) | undefined;
}

export interface VerifiedDownloaded {
  /** Bytes. */
  size: number;
  /** Bytes that were there from an earlier run. */
  kept: number;
  /** Bytes of pieces that came a second time. */
  wasted: number;
  /** Verified bytes by source. */
  sources: { endpoint: string; bytes: number }[];
  /** Who lied or went away, and why. */
  failed: { endpoint: string; reason: string }[];
}

export class VerifiedDownload {
  readonly #options: VerifiedDownloadOptions;
  readonly #patience: Patience;
  readonly #book: SourceBook;
  readonly #verifier = new Verifier();
  readonly #finished = Promise.withResolvers<undefined>();
  readonly #over = new AbortController();
  #swarm: Swarm | undefined;
  /** When the last piece came, or the download began: so long it has been waiting for sources. */
  #waitsSince = performance.now();
  #givingUp: Promise<void> | undefined;
  /** Who sent something since the last tick. */
  #sending: BookedSource[] = [];
  /** Where pieces are wanted in order from; undefined: in any order. */
  #readsFrom: number | undefined;
  readonly #meter = new Meter();
  #kept = 0;
  #have = 0;

  constructor(options: VerifiedDownloadOptions) {
    this.#options = options;
    this.#patience = { ...PATIENCE, ...options.patience };
    this.#book = new SourceBook(this.#patience);
    if (options.inOrder) this.#readsFrom = 0;
  }

  /**
   * Resolves when every piece is in the store, verified.
   *
   * @throws CodedError `no-source`, `interrupted`, `registry-…`, or what the store fails with
   */
  async run(): Promise<VerifiedDownloaded> {
    const { signal } = this.#options;
    const finished = this.#finished.promise;
    // It may be rejected before anybody waits for it.
    finished.catch(() => undefined);
    const onAbort = () => {
      this.#finished.reject(new CodedError('interrupted', 'Interrupted.'));
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    let ticking: NodeJS.Timeout | undefined;
    let beginning: Promise<void> | undefined;
    let looking: Promise<void> | undefined;
    try {
      await Promise.race([this.#findSources(), finished]);
      ticking = setInterval(() => {
        this.#tick();
      }, TICK_MS);
      looking = this.#keepLooking();
      beginning = this.#begin().catch((error: unknown) => {
        this.#finished.reject(error);
      });
      await finished;
      const { delivered: sources, failed } = this.#book;
      const wasted = this.#swarm?.wasted ?? 0;
      return { size: this.#have, kept: this.#kept, wasted, sources, failed };
    } finally {
      this.#over.abort();
      signal.removeEventListener('abort', onAbort);
      clearInterval(ticking);
      await looking;
      await this.#givingUp;
      await beginning;
      this.#swarm?.close();
      this.#options.store.abandon();
      await this.#verifier.stop();
      await this.#swarm?.settled();
    }
  }

  /** Has size and layer proven, looks what is there, and lets everyone send. */
  async #begin(): Promise<void> {
    const { root, size: told, store, access } = this.#options;
    const { signal } = this.#over;
    const proof = await proveContent({
      root,
      told,
      book: this.#book,
      access,
      patience: this.#patience,
      downloadLimit: this.#options.downloadLimit,
      signal,
      onFailure: (source, failure) => {
        this.#fail(source, failure);
      },
    });
    if (!proof || isStopping(signal)) return;
    const { shape } = proof;
    const memory = new PieceMemory(pieceLengthOf(shape.size));
    const claimed = await store.prepare(shape.size, Math.floor(memory.slots / 2));
    const picker = new Picker(await this.#checked(claimed, shape));
    if (isStopping(signal)) return;
    const { port, onShape, onPiece } = this.#options;
    onShape?.(shape, picker.present);
    this.#swarm = new Swarm({
      root,
      shape,
      picker,
      memory,
      book: this.#book,
      store,
      access,
      verifier: this.#verifier,
      patience: this.#patience,
      downloadLimit: this.#options.downloadLimit,
      signal,
      port,
      onPiece: (piece, bytes, from) => {
        this.#waitsSince = performance.now();
        this.#have += bytes;
        onPiece?.(piece, from);
      },
      onFailure: (source, failure) => {
        this.#fail(source, failure);
      },
      onError: (error) => {
        this.#finished.reject(error);
      },
      onDone: () => {
        this.#tellProgress();
        this.#finished.resolve(undefined);
      },
    });
    this.#swarm.readFrom(this.#readsFrom);
    this.#swarm.begin(proof);
  }

  /** Which of the claimed pieces are right. */
  async #checked(claimed: Uint8Array, { size, layer }: ContentShape): Promise<Uint8Array> {
    const { descriptor } = this.#options.store;
    const have = new Uint8Array(claimed.length);
    let checked = 0;
    const checkNext = async (): Promise<void> => {
      for (let piece = checked++; piece < claimed.length; piece = checked++) {
        if (claimed[piece] === 0 || isStopping(this.#over.signal)) continue;
        const hash = hashInLayer(layer, piece);
        const job = { piece, size, hash, memory: undefined, descriptor };
        if ((await this.#verifier.verify(job)) !== 'right') continue;
        have[piece] = 1;
        this.#kept += pieceAt(piece, size).length;
      }
    };
    await Promise.all(Array.from({ length: CHECKED_AT_ONCE }, checkNext));
    this.#have = this.#kept;
    return have;
  }

  get status(): DownloadStatus {
    const isSending = new Set(this.#sending);
    const sources = this.#book.live
      .map((source) => ({
        ...{ endpoint: source.key, isWhole: source.isWhole, bytes: source.bytes },
        rate: isSending.has(source) ? source.rate : 0,
      }))
      .sort((a, b) => b.rate - a.rate || b.bytes - a.bytes);
    return {
      ...{
        have: this.#have,
        received: this.#swarm?.received ?? 0,
        sources,
        failed: this.#book.failed,
      },
      rate: this.#meter.rate(performance.now()),
      wasted: this.#swarm?.wasted ?? 0,
    };
  }

  /** The pieces that somebody is sending, or has been asked for. */
  get underWay(): Iterable<{ piece: number; source: string }> {
    return this.#swarm?.underWay ?? [];
  }

  /** From now on pieces are wanted in order, from this one on; undefined: in any order. */
  readFrom(piece: number | undefined): void {
    this.#readsFrom = piece;
    this.#swarm?.readFrom(piece);
  }

  /** Somebody who may be a source, too. */
  join(sources: Iterable<NamedSource>): void {
    if (this.#book.join(sources, performance.now())) this.#swarm?.feedAll();
  }

  async #findSources(): Promise<void> {
    this.join(await this.#options.findSources(this.#over.signal));
  }

  async #keepLooking(): Promise<void> {
    const { lookForSourcesMs } = this.#patience;
    const { signal } = this.#over;
    for (let pauseMs = FIRST_LOOK_MS; !isStopping(signal); pauseMs *= 2) {
      const isRich = this.#book.live.length >= MANY_SOURCES;
      await pause(Math.min(pauseMs, lookForSourcesMs * (isRich ? LOOK_LESS : 1)), signal);
      if (isStopping(signal)) return;
      await this.#findSources().catch((err: unknown) => {
        if (!isStopping(signal)) this.#options.log.info({ err }, 'looking for sources failed');
      });
    }
  }

  #tick(): void {
    const swarm = this.#swarm;
    const isSending = (source: BookedSource) =>
      source.bytesSinceRate > 0 || (swarm?.isSending(source) ?? false);
    this.#sending = this.#book.live.filter(isSending);
    const received = swarm?.received ?? 0;
    this.#meter.add(received - this.#meter.total, performance.now());
    this.#book.takeRates(TICK_MS / 1000, (source) => swarm?.isSending(source) ?? false);
    swarm?.takeMemoryFromTheSlow();
    for (const idler of this.#book.idlers(performance.now(), IDLE_MS))
      this.#fail(idler, new SourceFailure('stalled', 'it sends nothing while others wait'));
    swarm?.feedAll();
    this.#tellProgress();
    this.#giveUpIfHopeless();
  }

  #tellProgress(): void {
    const swarm = this.#swarm;
    if (!swarm || !this.#options.onProgress) return;
    const sources = this.#sending
      .map(({ key, rate }) => ({ endpoint: key, rate }))
      .sort((a, b) => b.rate - a.rate);
    const { size, filled } = swarm;
    this.#options.onProgress({ have: this.#have, size, sources, filled });
  }

  /** Whether what is missing may come from those who are known. */
  get #hasHope(): boolean {
    const { live } = this.#book;
    const patienceMs = live.some(({ isWhole }) => isWhole) ? IN_WHOLE_MS : IN_PART_MS;
    if (live.length > 0 && performance.now() - this.#waitsSince < patienceMs) return true;
    return this.#swarm?.needsNobodyElse ?? false;
  }

  #giveUpIfHopeless(): void {
    const waited = performance.now() - this.#waitsSince;
    if (this.#hasHope || waited < (this.#options.waitMs ?? 0)) return;
    this.#givingUp ??= this.#giveUp().finally(() => {
      this.#givingUp = undefined;
    });
  }

  /** Ends it, unless the registry names somebody new. */
  async #giveUp(): Promise<void> {
    await this.#findSources().catch((err: unknown) => {
      this.#options.log.info({ err }, 'looking for sources failed');
    });
    if (!this.#hasHope) this.#finished.reject(this.#noSource());
  }

  #fail(source: BookedSource, failure: SourceFailure): void {
    if (isStopping(this.#over.signal)) return;
    const { kind, message } = failure;
    this.#options.log.info({ source: source.key, kind }, message);
    if ((kind === 'unreachable' || kind === 'bad-piece') && source.reason === undefined)
      this.#options.onBadSource?.(source.endpoint, kind);
    this.#book.fail(source, failure, performance.now());
    if (source.state !== 'live') this.#swarm?.leave(source);
    this.#swarm?.feedAll();
    this.#giveUpIfHopeless();
  }

  #noSource(): CodedError {
    const { failed } = this.#book;
    const shown = failed
      .slice(0, MAX_SHOWN)
      .map(({ endpoint, reason }) => `${endpoint} (${reason})`);
    const more = failed.length > shown.length ? ` and ${failed.length - shown.length} more` : '';
    const who = failed.length === 0 ? 'nobody holds it now' : `${shown.join(', ')}${more}`;
    return new CodedError('no-source', `No source could deliver it intact: ${who}.`, {
      facts: { failed },
    });
  }
}
