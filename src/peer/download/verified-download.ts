// Gets one content by its root from everyone who holds it, at once: pieces are asked for over one
// connection a source, verified where they arrive, and written when they are right. Whom to ask for
// what, and when to give a source up, is decided here; nothing that comes in is trusted.
import { isStopping, Repeating } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import { hashInLayer, pieceAt, pieceLengthOf } from '../../protocol/merkle.ts';
import { proveContent, type Proof } from './content-proof.ts';
import type { ContentShape } from './content-shape.ts';
import { writeFailure } from './part.ts';
import { PATIENCE, type Patience } from './patience.ts';
import { Picker } from './picker.ts';
import { PieceMemory } from './piece-memory.ts';
import type { PieceStore } from './piece-store.ts';
import { SourceBook, type BookedSource } from './source-book.ts';
import { SourceConnection, type Ask } from './source-connection.ts';
import { SourceFailure } from './source-failure.ts';
import { Verifier } from './verifier.ts';

/** Pieces asked of one source ahead: the one that comes, and the next. */
const ASKED_AHEAD = 2;
/** Nothing more is asked for while so many pieces wait to be verified: the disk is slower than the network. */
const VERIFIED_AT_ONCE = 4;
/** How often rates are taken, and idle sources offered work. */
const TICK_MS = 250;
/** So much quicker must a source be to fetch a piece that another one has under way. */
const REPEAT_IF_QUICKER = 2;
/** While others wait for memory, the piece that holds some must come within so long. */
const PIECE_WITHIN_MS = 20_000;

export interface VerifiedDownloadOptions {
  /** 64 hex digits. */
  root: string;
  /** Who holds the content, as far as is known at the moment. */
  findSources: (signal: AbortSignal) => Promise<Endpoint[]>;
  /**
   * What the registry says of its size, in bytes; null: it does not know. It is not needed, and not
   * believed, but for the one size that the root leaves open (see content-shape).
   */
  size?: number | null | undefined;
  store: PieceStore;
  signal: AbortSignal;
  log: Logger;
  /** Default: {@link PATIENCE}. */
  patience?: Partial<Patience>;
  /** How long to wait for a source where there is none, in milliseconds. Default: 0. */
  waitMs?: number | undefined;
  onProgress?: (progress: { have: number; size: number; sources: number }) => void;
}

export interface VerifiedDownloaded {
  /** Bytes. */
  size: number;
  /** Bytes that were there from an earlier run. */
  kept: number;
  /** Verified bytes by source. */
  sources: { endpoint: string; bytes: number }[];
  /** Who lied or went away, and why. */
  failed: { endpoint: string; reason: string }[];
}

/** What there is once size and layer are proven. */
interface Swarm {
  shape: ContentShape;
  picker: Picker;
  memory: PieceMemory;
  connections: Map<BookedSource, SourceConnection>;
  /** Connections that wait for memory, the longest waiting first. */
  waiting: Set<SourceConnection>;
}

export class VerifiedDownload {
  readonly #options: VerifiedDownloadOptions;
  readonly #patience: Patience;
  readonly #book: SourceBook;
  readonly #verifier = new Verifier();
  readonly #finished = Promise.withResolvers<undefined>();
  readonly #over = new AbortController();
  #swarm: Swarm | undefined;
  /** Pieces that are being verified or stored. */
  readonly #storing = new Set<Promise<void>>();
  /** How many of them are being verified. */
  #verifying = 0;
  /** When the last piece came, or the download began: so long it has been waiting for sources. */
  #waitsSince = performance.now();
  #givingUp: Promise<void> | undefined;
  #kept = 0;
  #have = 0;

  constructor(options: VerifiedDownloadOptions) {
    this.#options = options;
    this.#patience = { ...PATIENCE, ...options.patience };
    this.#book = new SourceBook(this.#patience);
  }

  /**
   * Resolves when every piece is in the store, verified.
   *
   * @throws CodedError `no-source`, `interrupted`, `registry-…`, or what the store fails with
   */
  async run(): Promise<VerifiedDownloaded> {
    const { signal, log } = this.#options;
    const finished = this.#finished.promise;
    // It may be rejected before anybody waits for it.
    finished.catch(() => undefined);
    const onAbort = () => {
      this.#finished.reject(new CodedError('interrupted', 'Interrupted.'));
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    const looking = new Repeating({
      work: () => this.#findSources(),
      pauseMs: this.#patience.lookForSourcesMs,
      pauseFirst: true,
      onError: (err) => {
        log.info({ err }, 'looking for sources failed');
      },
    });
    let ticking: NodeJS.Timeout | undefined;
    let beginning: Promise<void> | undefined;
    try {
      await Promise.race([this.#findSources(), finished]);
      ticking = setInterval(() => {
        this.#tick();
      }, TICK_MS);
      await looking.start();
      beginning = this.#begin().catch((error: unknown) => {
        this.#finished.reject(error);
      });
      await finished;
      const { delivered: sources, failed } = this.#book;
      return { size: this.#have, kept: this.#kept, sources, failed };
    } finally {
      this.#over.abort();
      signal.removeEventListener('abort', onAbort);
      clearInterval(ticking);
      await looking.stop();
      await this.#givingUp;
      await beginning;
      for (const connection of this.#swarm?.connections.values() ?? []) connection.close();
      this.#options.store.abandon();
      await this.#verifier.stop();
      await Promise.all(this.#storing);
    }
  }

  /** Has size and layer proven, looks what is there, and lets everyone send. */
  async #begin(): Promise<void> {
    const { root, size: told, store } = this.#options;
    const { signal } = this.#over;
    const proof = await proveContent({
      root,
      told,
      book: this.#book,
      patience: this.#patience,
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
    this.#start({ shape, picker, memory, connections: new Map(), waiting: new Set() }, proof);
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
        this.#options.onProgress?.({ have: this.#kept, size, sources: 0 });
      }
    };
    await Promise.all(Array.from({ length: VERIFIED_AT_ONCE }, checkNext));
    this.#have = this.#kept;
    return have;
  }

  /** From now on pieces are asked of everyone. */
  #start(swarm: Swarm, { source, last }: Proof): void {
    const { picker } = swarm;
    this.#swarm = swarm;
    if (last && !picker.has(last.ask.piece)) {
      picker.take(source.key, last.ask.piece);
      this.#verify(swarm, source, last.ask, last.memory);
    }
    // Nothing is to be fetched of an empty content.
    if (!last) picker.arrive(0);
    this.#feedAll();
    this.#finishIfDone(swarm);
  }

  async #findSources(): Promise<void> {
    const endpoints = await this.#options.findSources(this.#over.signal);
    if (this.#book.join(endpoints, performance.now())) this.#feedAll();
  }

  #tick(): void {
    const connections = this.#swarm?.connections;
    this.#book.takeRates(TICK_MS / 1000, (source) => {
      const connection = connections?.get(source);
      return connection !== undefined && !connection.isHeldUp && connection.asked.length > 0;
    });
    if (this.#swarm) this.#takeMemoryFromTheSlow(this.#swarm);
    this.#feedAll();
    this.#giveUpIfHopeless();
  }

  /** Whether what is missing may come from those who are known. */
  get #hasHope(): boolean {
    if (this.#book.live.length > 0) return true;
    const picker = this.#swarm?.picker;
    return picker !== undefined && (picker.isDone || picker.isWaiting);
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

  #feedAll(): void {
    if (this.#swarm) for (const source of this.#book.live) this.#feed(this.#swarm, source);
  }

  /** Asks a source for as much as it is to be asked ahead. */
  #feed(swarm: Swarm, source: BookedSource): void {
    if (isStopping(this.#over.signal) || source.retryAt > performance.now()) return;
    while (this.#verifying < VERIFIED_AT_ONCE) {
      const connection = swarm.connections.get(source);
      if ((connection?.asked.length ?? 0) >= ASKED_AHEAD) return;
      const mayRepeat = (slower: string) =>
        source.rate > REPEAT_IF_QUICKER * (this.#book.get(slower)?.rate ?? 0);
      const piece = swarm.picker.next(source.key, mayRepeat, this.#options.store.horizon);
      if (piece === undefined) return;
      const ask = { piece, ...pieceAt(piece, swarm.shape.size) };
      (connection ?? this.#connect(swarm, source)).ask(ask);
    }
  }

  #connect(swarm: Swarm, source: BookedSource): SourceConnection {
    const connection: SourceConnection = new SourceConnection({
      endpoint: source.endpoint,
      root: this.#options.root,
      size: swarm.shape.size,
      patience: this.#patience,
      memoryFor: () => {
        const memory = swarm.memory.take();
        if (memory) swarm.waiting.delete(connection);
        else swarm.waiting.add(connection);
        return memory;
      },
      onBytes: (count) => {
        source.bytesSinceRate += count;
      },
      onPiece: (ask, memory) => {
        this.#verify(swarm, source, ask, memory);
        this.#feed(swarm, source);
      },
      onOver: (failure, asked, memory) => {
        if (swarm.connections.get(source) === connection) swarm.connections.delete(source);
        swarm.waiting.delete(connection);
        if (memory) swarm.memory.give(memory);
        // It may have been woken in place of another one.
        this.#wakeNext(swarm);
        for (const { piece } of asked) swarm.picker.fail(source.key, piece);
        // A connection on which nothing was asked may be closed by either side.
        if (asked.length > 0 || failure.kind !== 'closed-early') this.#fail(source, failure);
      },
    });
    swarm.connections.set(source, connection);
    return connection;
  }

  #verify(swarm: Swarm, source: BookedSource, ask: Ask, memory: SharedArrayBuffer): void {
    const storing = this.#verifyAndStore(swarm, source, ask, memory)
      .catch((error: unknown) => {
        this.#finished.reject(error);
      })
      .finally(() => {
        this.#storing.delete(storing);
        this.#finishIfDone(swarm);
      });
    this.#storing.add(storing);
  }

  async #verifyAndStore(
    swarm: Swarm,
    source: BookedSource,
    { piece, length }: Ask,
    memory: SharedArrayBuffer,
  ): Promise<void> {
    const { store, onProgress } = this.#options;
    const { picker, shape } = swarm;
    const { size } = shape;
    const hash = hashInLayer(shape.layer, piece);
    const { descriptor } = store;
    this.#verifying++;
    const outcome = await this.#verifier.verify({ piece, size, hash, memory, descriptor });
    this.#verifying--;
    if (outcome === 'right') {
      const isNew = !picker.has(piece);
      this.#book.deliver(source, isNew ? length : 0);
      if (isNew) {
        picker.arrive(piece);
        this.#waitsSince = performance.now();
        this.#have += length;
        onProgress?.({ have: this.#have, size, sources: swarm.connections.size });
        // Another one may be verified now, while this one waits for an ordered store.
        this.#feedAll();
        await store.take(piece, new Uint8Array(memory, 0, length));
      }
    } else if (outcome === 'wrong') {
      picker.fail(source.key, piece);
      const failure = new SourceFailure('bad-piece', `piece ${piece} is not what the root says`);
      this.#fail(source, failure);
      swarm.connections.get(source)?.close(failure);
    } else if (!isStopping(this.#over.signal)) throw writeFailure(store.path, outcome.failed);
    this.#giveBack(swarm, memory);
    // An ordered store may want further pieces now.
    this.#feedAll();
  }

  #giveBack(swarm: Swarm, memory: SharedArrayBuffer): void {
    swarm.memory.give(memory);
    this.#wakeNext(swarm);
  }

  #wakeNext({ waiting }: Swarm): void {
    const [next] = waiting;
    next?.resume();
  }

  /** Sources that send next to nothing must not keep others from sending at all. */
  #takeMemoryFromTheSlow({ connections, waiting }: Swarm): void {
    const begunBefore = performance.now() - PIECE_WITHIN_MS;
    if (waiting.size === 0) return;
    for (const connection of connections.values())
      if ((connection.holdsMemorySince ?? Infinity) < begunBefore)
        connection.close(new SourceFailure('stalled', 'it is too slow while others wait'));
  }

  #finishIfDone({ picker }: Swarm): void {
    if (picker.isDone && this.#storing.size === 0) this.#finished.resolve(undefined);
  }

  #fail(source: BookedSource, failure: SourceFailure): void {
    if (isStopping(this.#over.signal)) return;
    const { kind, message } = failure;
    this.#options.log.info({ source: source.key, kind }, message);
    this.#book.fail(source, failure, performance.now());
    this.#feedAll();
    this.#giveUpIfHopeless();
  }

  #noSource(): CodedError {
    const { failed } = this.#book;
    const shown = failed.slice(0, 5).map(({ endpoint, reason }) => `${endpoint} (${reason})`);
    const more = failed.length > shown.length ? ` and ${failed.length - shown.length} more` : '';
    const who = failed.length === 0 ? 'nobody holds it now' : `${shown.join(', ')}${more}`;
    return new CodedError('no-source', `No source could deliver it intact: ${who}.`, {
      facts: { failed },
    });
  }
}
