// Everyone who holds a content whose shape is proven, asked for its pieces at once: one connection a source,
// what comes is verified where it lies and stored when it is right. Sources with which there is a link say
// which pieces they are to be asked for; of the others, the quick are asked for more. Who the sources are,
// and when the download is over, is the verified download's.
import { isStopping } from '../../lib/lifecycle.ts';
import { hashInLayer, pieceAt, pieceCountOf } from '../../protocol/merkle.ts';
import type { RateLimit } from '../../lib/rate-limit.ts';
import type { Access } from './access.ts';
import type { Proof } from './content-proof.ts';
import type { ContentShape } from './content-shape.ts';
import type { Link } from './link.ts';
import { Links } from './links.ts';
import { writeFailure } from './part.ts';
import type { Patience } from './patience.ts';
import type { Picker } from './picker.ts';
import type { PieceMemory } from './piece-memory.ts';
import type { PieceStore } from './piece-store.ts';
import type { BookedSource, SourceBook } from './source-book.ts';
import { SourceConnection, type Ask } from './source-connection.ts';
import { SourceFailure } from './source-failure.ts';
import type { Verifier } from './verifier.ts';

/**
 * Pieces that one source may have under way, until they are proven: the one that comes, and the next. What
 * is under way is lost should the process be killed.
 */
const UNDER_WAY = 2;
/** Where it is the only source, one of them may be with those who verify. */
const UNDER_WAY_ALONE = 3;
/** A content of fewer pieces is asked for without links. */
const LINKED_FROM = 3;
/** Nothing more is asked for while so many pieces wait to be verified: the disk is slower than the network. */
const VERIFIED_AT_ONCE = 8;
/** So much quicker must a source be to fetch a piece that another one has under way. */
const REPEAT_IF_QUICKER = 2;
/** While others wait for memory, the piece that holds some must come within so long. */
const PIECE_WITHIN_MS = 20_000;

export interface SwarmOptions {
  /** 64 hex digits. */
  root: string;
  shape: ContentShape;
  picker: Picker;
  memory: PieceMemory;
  book: SourceBook;
  store: PieceStore;
  access: Access;
  verifier: Verifier;
  patience: Patience;
  /** What all connections share. */
  downloadLimit: RateLimit | undefined;
  /** Nothing is asked for any more. */
  signal: AbortSignal;
  /** Where this peer listens; undefined: it does not serve. */
  port: number | undefined;
  /** A piece that was missing is there, verified and stored: so many bytes of a source. */
  onPiece: (piece: number, bytes: number, from: string) => void;
  onFailure: (source: BookedSource, failure: SourceFailure) => void;
  /** The store failed: the download cannot go on. */
  onError: (error: unknown) => void;
  /** Every piece is stored. */
  onDone: () => void;
}

export class Swarm {
  readonly #options: SwarmOptions;
  readonly #connections = new Map<BookedSource, SourceConnection>();
  /** Connections that wait for memory, the longest waiting first. */
  readonly #waiting = new Set<SourceConnection>();
  /** Pieces that are being verified or stored. */
  readonly #storing = new Set<Promise<void>>();
  /** How many of them are being verified, in all and of each source. */
  #verifying = 0;
  readonly #unproven = new Map<BookedSource, number>();
  readonly #links: Links;
  /** Whether pieces are wanted in order. */
  #isInOrder = false;
  /** Bytes of pieces that came and were there already. */
  wasted = 0;
  /** Bytes that came, of whatever use they are. */
  received = 0;

  constructor(options: SwarmOptions) {
    this.#options = options;
    const { root, port, access, patience, picker, onFailure } = options;
    this.#links = new Links({
      ...{ root, port, access, patience },
      has: () => picker.present,
      readsAt: () => (this.#isInOrder ? picker.firstMissing : undefined),
      onOffer: (source, pieces, link) => {
        this.#choose(source, pieces, link);
      },
      onPlain: (source) => {
        this.#feed(source);
      },
      onFailure: (source, failure) => {
        this.#connections.get(source)?.close(failure);
        onFailure(source, failure);
      },
    });
  }

  /** Takes what came with the proof, and asks everyone for pieces. */
  begin({ source, last }: Proof): void {
    const { picker } = this.#options;
    this.received += last?.ask.length ?? 0;
    if (last && !picker.has(last.ask.piece)) {
      picker.take(source.key, last.ask.piece);
      this.#verify(source, last.ask, last.memory);
    }
    // Nothing is to be fetched of an empty content.
    if (this.#options.shape.size === 0) picker.arrive(0);
    this.feedAll();
    this.#tellIfDone();
  }

  /** Bytes of the content. */
  get size(): number {
    return this.#options.shape.size;
  }

  /** How much is there of each of so many stretches of the content: 0 … 1. */
  readonly filled = (stretches: number): number[] => this.#options.picker.filled(stretches);

  /** The pieces that somebody is sending, or has been asked for. */
  get underWay(): Iterable<{ piece: number; source: string }> {
    return this.#options.picker.allUnderWay;
  }

  /** From now on pieces are wanted in order, from this one on; undefined: in any order. */
  readFrom(piece: number | undefined): void {
    const { picker } = this.#options;
    const before = this.#isInOrder ? picker.firstMissing : undefined;
    this.#isInOrder = piece !== undefined;
    picker.wantedFrom = piece ?? 0;
    const now = this.#isInOrder ? picker.firstMissing : undefined;
    if (now !== before) this.#links.reorder();
  }

  /** Whether a source is sending, so that its rate can be taken. */
  isSending(source: BookedSource): boolean {
    const connection = this.#connections.get(source);
    return connection !== undefined && !connection.isHeldUp && connection.asked.length > 0;
  }

  /** Whether what is missing is on its way, or nothing is missing. */
  get needsNobodyElse(): boolean {
    const { picker } = this.#options;
    return picker.isDone || picker.isWaiting;
  }

  /** Asks every source for as much as it is to be asked ahead. */
  feedAll(): void {
    for (const source of this.#options.book.live) this.#feed(source);
  }

  /** Sources that send next to nothing must not keep others from sending at all. */
  takeMemoryFromTheSlow(): void {
    const begunBefore = performance.now() - PIECE_WITHIN_MS;
    if (this.#waiting.size === 0) return;
    for (const connection of this.#connections.values())
      if ((connection.holdsMemorySince ?? Infinity) < begunBefore)
        connection.close(new SourceFailure('stalled', 'it is too slow while others wait'));
  }

  /** A source is not to be asked any more. */
  leave(source: BookedSource): void {
    this.#links.close(source);
    this.#connections.get(source)?.close();
  }

  /** Hangs up. What is being stored goes on: see {@link settled}. */
  close(): void {
    this.#links.flush();
    this.#links.closeAll();
    for (const connection of this.#connections.values()) connection.close();
  }

  /** Resolves when nothing is being verified or stored any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#storing);
  }

  /** Makes a link to a source; asks one that knows no links for as much as it is to be asked ahead. */
  #feed(source: BookedSource): void {
    const { shape, picker, store, signal } = this.#options;
    if (isStopping(signal) || picker.isDone || source.retryAt > performance.now()) return;
    const isLinked = pieceCountOf(shape.size) >= LINKED_FROM && !this.#links.isPlain(source);
    if (isLinked) {
      this.#links.open(source);
      return;
    }
    while (this.#mayAsk(source)) {
      const piece = picker.next(source.key, this.#mayRepeat(source), store.horizon);
      if (piece === undefined) return;
      this.#ask(source, piece);
    }
  }

  /** Answers an offer: asks for one of the pieces, or passes. */
  #choose(source: BookedSource, pieces: number[], link: Link): void {
    const { picker, store, memory, signal } = this.#options;
    const isReady = !isStopping(signal) && source.retryAt <= performance.now();
    // Who offers much must not fill the memory with what waits for it.
    const hasMemory = picker.underWay < memory.slots;
    if (!isReady || !hasMemory || !this.#mayAsk(source)) {
      link.later();
      return;
    }
    const piece = picker.choose(source.key, pieces, this.#mayRepeat(source), store.horizon);
    if (piece === undefined) link.pass();
    else this.#ask(source, piece, link.id);
  }

  #mayAsk(source: BookedSource): boolean {
    const asked = this.#connections.get(source)?.asked.length ?? 0;
    const underWay = asked + (this.#unproven.get(source) ?? 0);
    const most = this.#options.book.live.length > 1 ? UNDER_WAY : UNDER_WAY_ALONE;
    return this.#verifying < VERIFIED_AT_ONCE && underWay < most;
  }

  #mayRepeat(source: BookedSource): (slower: string) => boolean {
    const { book } = this.#options;
    return (slower) => source.rate > REPEAT_IF_QUICKER * (book.get(slower)?.rate ?? 0);
  }

  #ask(source: BookedSource, piece: number, link?: string): void {
    const ask = { piece, ...pieceAt(piece, this.#options.shape.size), link };
    const open = this.#connections.get(source);
    (open && !open.isOver ? open : this.#connect(source)).ask(ask);
  }

  #connect(source: BookedSource): SourceConnection {
    const { root, shape, access, memory: memories, picker, patience, onFailure } = this.#options;
    const connection: SourceConnection = new SourceConnection({
      source,
      access,
      root,
      size: shape.size,
      patience,
      downloadLimit: this.#options.downloadLimit,
      memoryFor: () => {
        const memory = memories.take();
        if (memory) this.#waiting.delete(connection);
        else this.#waiting.add(connection);
        return memory;
      },
      onBytes: (count) => {
        source.bytesSinceRate += count;
        this.received += count;
      },
      onPiece: (ask, memory) => {
        this.#verify(source, ask, memory);
        this.#feed(source);
      },
      onOver: (failure, asked, memory) => {
        if (this.#connections.get(source) === connection) this.#connections.delete(source);
        this.#waiting.delete(connection);
        if (memory) memories.give(memory);
        // It may have been woken in place of another one.
        this.#wakeNext();
        for (const { piece, link } of asked) {
          picker.fail(source.key, piece);
          // The holder may wait for an answer that got lost.
          if (link !== undefined) this.#links.later(source);
        }
        // A connection on which nothing was asked may be closed by either side.
        if (asked.length > 0 || failure.kind !== 'closed-early') onFailure(source, failure);
      },
    });
    this.#connections.set(source, connection);
    return connection;
  }

  #verify(source: BookedSource, ask: Ask, memory: SharedArrayBuffer): void {
    const storing = this.#verifyAndStore(source, ask, memory)
      .catch((error: unknown) => {
        this.#options.onError(error);
      })
      .finally(() => {
        this.#storing.delete(storing);
        this.#tellIfDone();
      });
    this.#storing.add(storing);
  }

  async #verifyAndStore(
    source: BookedSource,
    { piece, length }: Ask,
    memory: SharedArrayBuffer,
  ): Promise<void> {
    const { store, picker, shape, book, verifier, signal, onPiece, onFailure } = this.#options;
    const { size } = shape;
    const hash = hashInLayer(shape.layer, piece);
    const { descriptor } = store;
    this.#verifying++;
    this.#unproven.set(source, (this.#unproven.get(source) ?? 0) + 1);
    const outcome = await verifier.verify({ piece, size, hash, memory, descriptor });
    this.#verifying--;
    this.#unproven.set(source, (this.#unproven.get(source) ?? 0) - 1);
    if (outcome === 'right') {
      const isNew = !picker.has(piece);
      book.deliver(source, isNew ? length : 0);
      if (isNew) {
        picker.arrive(piece);
        // Another one may be verified now, while this one waits for an ordered store.
        this.#links.gain(piece, length, source);
        this.feedAll();
        await store.take(piece, new Uint8Array(memory, 0, length));
        onPiece(piece, length, source.key);
      } else this.wasted += length;
    } else if (outcome === 'wrong') {
      picker.fail(source.key, piece);
      const failure = new SourceFailure('bad-piece', `piece ${piece} is not what the root says`);
      onFailure(source, failure);
      this.#connections.get(source)?.close(failure);
    } else if (!isStopping(signal)) throw writeFailure(store.path, outcome.failed);
    this.#giveBack(memory);
    // An ordered store may want further pieces now.
    this.feedAll();
  }

  #giveBack(memory: SharedArrayBuffer): void {
    this.#options.memory.give(memory);
    this.#wakeNext();
  }

  #wakeNext(): void {
    const [next] = this.#waiting;
    next?.resume();
  }

  #tellIfDone(): void {
    if (this.#options.picker.isDone && this.#storing.size === 0) this.#options.onDone();
  }
}
