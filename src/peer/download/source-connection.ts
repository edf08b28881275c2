// One kept-alive HTTP connection to a source, on which pieces of a content are asked for, the next
// before the last has ended. Bytes go from the socket straight into the memory of their piece. Which
// pieces, and what becomes of them, is the verified download's.
import type { Socket } from 'node:net';
import type { RateLimit } from '../../lib/rate-limit.ts';
import { endpointText } from '../../protocol/endpoints.ts';
import { LINK_HEADER } from '../../protocol/link.ts';
import { parseContentRange } from '../../protocol/ranges.ts';
import type { Access, Whereabouts } from './access.ts';
import { MAX_HEAD_BYTES, parseAnswerHead, type AnswerHead } from './answer-head.ts';
import type { Patience } from './patience.ts';
import { isNotThere, SourceFailure } from './source-failure.ts';

/**
 * To look at each packet of a slow line costs more than all else that is done with its bytes: they are left to
 * gather for as long as so many take to come, in milliseconds, where that is worth while.
 */
const GATHER_BYTES = 16 * 1024;
const GATHER_AT_LEAST_MS = 5;
const GATHER_AT_MOST_MS = 100;
/** No more than so many bytes a second are a trickle. */
const TRICKLE_BYTES_A_SECOND = 1024;

export interface Ask {
  piece: number;
  /** The first byte, and how many; at least one. */
  start: number;
  length: number;
  /** The link over which it was offered (see protocol/link). */
  link?: string | undefined;
}

export interface ConnectionOptions {
  source: Whereabouts;
  access: Access;
  /** 64 hex digits. */
  root: string;
  /** Bytes of the content. */
  size: number;
  patience: Patience;
  /** What all connections share. Default: no limit. */
  downloadLimit?: RateLimit | undefined;
  /** Memory for a piece that begins to come; undefined: there is none now, `resume` when there is. */
  memoryFor: (ask: Ask) => SharedArrayBuffer | undefined;
  onPiece: (ask: Ask, memory: SharedArrayBuffer) => void;
  onBytes: (count: number) => void;
  /** The connection is over: what was asked for and did not come, and the memory that is left over. */
  onOver: (failure: SourceFailure, asked: Ask[], memory: SharedArrayBuffer | undefined) => void;
}

/** The piece that is coming: its head was read. */
interface Body {
  ask: Ask;
  memory: SharedArrayBuffer;
  bytes: Uint8Array;
  filled: number;
  since: number;
}

export class SourceConnection {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #scratch = new Uint8Array(MAX_HEAD_BYTES);
  readonly #trickleWatch: NodeJS.Timeout;
  #asked: Ask[] = [];
  /** Resolves when all of that was sent. */
  #sending: Promise<void> = Promise.resolve();
  #body: Body | undefined;
  /** Bytes that came and could not be taken in yet: an unfinished head, or a body without memory. */
  #pending: Uint8Array = new Uint8Array(0);
  #waitsForMemory = false;
  /** While our own limit keeps it from reading: since when, and how to leave the line. */
  #held: { since: number; leave: () => void } | undefined;
  #gathering: NodeJS.Timeout | undefined;
  /** Whether the socket reads into the body, not into the scratch. */
  #isDirect = false;
  #isOver = false;
  /** Bytes since the watch last looked, and whether there was a while in which none were wanted. */
  #received = 0;
  #hasRested = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { source, access } = options;
    const { stalledAfterMs, trickleOverMs } = options.patience;
    this.#socket = access.connect(source, {
      onread: { buffer: () => this.#room(), callback: (count) => this.#take(count) },
    });
    this.#socket.setTimeout(stalledAfterMs, () => {
      if (this.#isResting) return;
      const kind = this.#socket.connecting ? 'unreachable' : 'stalled';
      this.#fail(new SourceFailure(kind, `nothing for ${stalledAfterMs / 1000} s`));
    });
    this.#socket.once('error', (error: NodeJS.ErrnoException) => {
      this.#fail(
        new SourceFailure(isNotThere(error) ? 'unreachable' : 'closed-early', error.message),
      );
    });
    for (const event of ['end', 'close'] as const)
      this.#socket.once(event, () => {
        this.#fail(new SourceFailure('closed-early', 'it closed the connection'));
      });
    this.#trickleWatch = setInterval(() => {
      const isTrickle = this.#received < (TRICKLE_BYTES_A_SECOND * trickleOverMs) / 1000;
      if (isTrickle && !this.#hasRested)
        this.#fail(new SourceFailure('stalled', 'it sends next to nothing'));
      this.#received = 0;
      this.#hasRested = this.#isResting;
    }, trickleOverMs);
  }

  /** Whether it has ended; `onOver` is told soon. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether it waits for memory. */
  get isHeldUp(): boolean {
    return this.#waitsForMemory;
  }

  /**
   * Since when the piece comes that holds memory (`performance.now()`), without the time that our own limit
   * took; undefined: none does, or it is the limit that keeps it from coming.
   */
  get holdsMemorySince(): number | undefined {
    return this.#held ? undefined : this.#body?.since;
  }

  /** What was asked for and has not come whole. */
  get asked(): readonly Ask[] {
    return this.#asked;
  }

  ask(ask: Ask): void {
    this.#asked.push(ask);
    // In the order in which they are asked for, since they are answered in the order in which they are sent.
    this.#sending = this.#sending
      .then(() => this.#send(ask))
      .catch((error: unknown) => {
        this.#fail(new SourceFailure('closed-early', `not let in: ${(error as Error).message}`));
      });
  }

  async #send(ask: Ask): Promise<void> {
    const { source, root, access } = this.#options;
    const authorization = await access.authorization(root);
    if (this.#isOver) return;
    this.#socket.write(
      `GET /contents/${root} HTTP/1.1\r\nHost: ${endpointText(source.endpoint)}\r\n` +
        (authorization === undefined ? '' : `Authorization: ${authorization}\r\n`) +
        `Range: bytes=${ask.start}-${ask.start + ask.length - 1}\r\n` +
        (ask.link === undefined ? '\r\n' : `${LINK_HEADER}: ${ask.link}\r\n\r\n`),
    );
  }

  /** There may be memory again. */
  resume(): void {
    if (!this.#waitsForMemory || this.#isOver) return;
    this.#waitsForMemory = false;
    if (this.#takeInOrFail(new Uint8Array(0)) && !this.#held) this.#socket.resume();
  }

  /** Ends it; `onOver` is told what had been asked for. */
  close(failure = new SourceFailure('closed-early', 'it was not needed any more')): void {
    this.#fail(failure);
  }

  /** Whether nothing is wanted of it now. */
  get #isResting(): boolean {
    return this.#asked.length === 0 || this.#waitsForMemory || this.#held !== undefined;
  }

  /** Where the next bytes are to be read to. */
  #room(): Uint8Array {
    this.#isDirect = this.#body !== undefined;
    const room = this.#body ? this.#body.bytes.subarray(this.#body.filled) : this.#scratch;
    const { downloadLimit } = this.#options;
    return downloadLimit?.isOn ? room.subarray(0, downloadLimit.portionBytes) : room;
  }

  /** False: reading has to stop. */
  #take(count: number): boolean {
    if (this.#isOver) return false;
    this.#received += count;
    this.#options.onBytes(count);
    // TLS deciphers what it has, even where reading was to stop: it waits with what waits already.
    if (this.#waitsForMemory) {
      this.#pending = Buffer.concat([this.#pending, this.#scratch.subarray(0, count)]);
      return false;
    }
    let goesOn = true;
    if (this.#isDirect) this.#grow(count);
    else goesOn = this.#takeInOrFail(this.#scratch.subarray(0, count));
    if (this.#options.downloadLimit?.isOn) goesOn = this.#mayReadOn(count) && goesOn;
    return goesOn && !this.#gathers(count);
  }

  /** Whether reading is to wait, because little came, and little more would have come by now. */
  #gathers(count: number): boolean {
    if (!this.#body?.filled || count >= GATHER_BYTES || this.#isOver) return false;
    const { filled, since, ask } = this.#body;
    const wanted = Math.min(GATHER_BYTES, ask.length - filled);
    const ms = Math.min(GATHER_AT_MOST_MS, (wanted * (performance.now() - since)) / filled);
    if (ms < GATHER_AT_LEAST_MS) return false;
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      if (!this.#waitsForMemory && !this.#held) this.#socket.resume();
    }, ms);
    return true;
  }

  /** Whether so many bytes were within our limit; if not, reading goes on when they are. */
  #mayReadOn(count: number): boolean {
    if (this.#isOver || this.#held) return false;
    const leave = this.#options.downloadLimit?.hold(count, () => {
      const heldMs = performance.now() - (this.#held?.since ?? 0);
      this.#held = undefined;
      if (this.#body) this.#body.since += heldMs;
      // Its silence counts from now on.
      this.#socket.setTimeout(this.#options.patience.stalledAfterMs);
      if (!this.#waitsForMemory) this.#socket.resume();
    });
    if (!leave) return true;
    this.#held = { since: performance.now(), leave };
    this.#hasRested = true;
    return false;
  }

  #takeInOrFail(bytes: Uint8Array): boolean {
    try {
      return this.#takeIn(bytes);
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error;
      this.#fail(error);
      return false;
    }
  }

  /** Takes in what came to the scratch: heads, and what came with them. False: reading has to stop. */
  #takeIn(bytes: Uint8Array): boolean {
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, bytes]) : bytes;
    this.#pending = new Uint8Array(0);
    for (;;) {
      if (this.#body) {
        const { filled, ask } = this.#body;
        const count = Math.min(rest.length, ask.length - filled);
        this.#body.bytes.set(rest.subarray(0, count), filled);
        rest = rest.subarray(count);
        this.#grow(count);
      }
      if (rest.length === 0) return true;
      const bodyStart = this.#begin(rest);
      if (bodyStart === undefined) {
        this.#pending = rest.slice();
        return !this.#waitsForMemory;
      }
      rest = rest.subarray(bodyStart);
    }
  }

  /**
   * Begins the body whose head these bytes start with, and answers where it starts in them. Undefined:
   * the head is not whole, or there is no memory for the body.
   *
   * @throws SourceFailure for a head that is not the answer
   */
  #begin(bytes: Uint8Array): number | undefined {
    const [ask] = this.#asked;
    if (!ask) throw new SourceFailure('wrong-answer', 'it sent more than was asked for');
    const head = parseAnswerHead(bytes);
    if (head === 'incomplete') return undefined;
    if (head === 'not-http' || head === 'malformed')
      throw new SourceFailure('wrong-answer', 'its answer is not HTTP');
    const { root, size } = this.#options;
    requireRange(head, ask, root, size);
    const memory = this.#options.memoryFor(ask);
    if (!memory) {
      this.#waitsForMemory = true;
      this.#hasRested = true;
      return undefined;
    }
    const place = new Uint8Array(memory, 0, ask.length);
    this.#body = { ask, memory, bytes: place, filled: 0, since: performance.now() };
    return head.length;
  }

  /** More of the body has come. */
  #grow(count: number): void {
    const body = this.#body;
    if (!body) return;
    body.filled += count;
    if (body.filled < body.ask.length) return;
    this.#body = undefined;
    this.#asked = this.#asked.filter((ask) => ask !== body.ask);
    if (this.#asked.length === 0) this.#hasRested = true;
    this.#options.onPiece(body.ask, body.memory);
  }

  #fail(failure: SourceFailure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#trickleWatch);
    this.#held?.leave();
    clearTimeout(this.#gathering);
    this.#socket.destroy();
    // Not within a read: the memory that is given back may be the one that is being read into.
    setImmediate(() => {
      this.#options.onOver(failure, this.#asked, this.#body?.memory);
    });
  }
}

/** @throws SourceFailure for anything but the very range that was asked for, of this content */
function requireRange({ status, headers }: AnswerHead, ask: Ask, root: string, size: number): void {
  if (status === 401) throw new SourceFailure('closed-early', 'it lets nobody in like that (401)');
  if (status === 503) throw new SourceFailure('closed-early', 'it is busy (503)');
  if (status === 404) throw new SourceFailure('refused', 'it does not have it (404)');
  const range = parseContentRange(headers.get('content-range'));
  const fits =
    status === 206 &&
    range?.start === ask.start &&
    range.end === ask.start + ask.length - 1 &&
    range.size === size &&
    headers.get('content-length') === String(ask.length) &&
    headers.get('etag') === `"${root}"` &&
    !headers.has('transfer-encoding') &&
    (headers.get('content-encoding') ?? 'identity') === 'identity';
  if (!fits)
    throw new SourceFailure('wrong-answer', `not the range that was asked for (status ${status})`);
}
