// What a source sends, as it comes: one TCP connection, read into two buffers in turn, one being filled
// while the receiver is busy with the other, and not read from when both are full. What the bytes mean
// is the voices'.
import { connect, type Socket } from 'node:net';
import type { RateLimit } from '../../lib/rate-limit.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { SourceFailure } from './source-failure.ts';

const BUFFER_BYTES = 256 * 1024;
const BUFFERS = 2;

export interface IncomingOptions {
  signal: AbortSignal;
  /** A source that sends nothing for so long is left, in milliseconds. */
  stalledAfterMs: number;
  /** What is received counts there. Default: no limit. */
  downloadLimit?: RateLimit | undefined;
}

export class Incoming {
  readonly #socket: Socket;
  readonly #options: IncomingOptions;
  /** Which of the buffers is being filled. */
  #filling = 0;
  /** What came and was not asked for yet. */
  readonly #arrived: Buffer[] = [];
  /** Whether the receiver has a buffer in hand. */
  #isInUse = false;
  #isResting = false;
  #isEnded = false;
  #error: Error | undefined;
  #isConnected = false;
  #hasSpoken = false;
  /** Told that something of the above has changed. */
  #wake: () => void = () => undefined;

  constructor({ ipAddress, port }: Endpoint, options: IncomingOptions) {
    this.#options = options;
    const { signal, downloadLimit } = options;
    const buffers = Array.from({ length: BUFFERS }, () => Buffer.allocUnsafeSlow(BUFFER_BYTES));
    const filling = () => buffers[this.#filling] ?? Buffer.alloc(0);
    this.#socket = connect({
      host: ipAddress,
      port,
      signal,
      noDelay: true,
      onread: {
        buffer: () =>
          downloadLimit?.isOn ? filling().subarray(0, downloadLimit.portionBytes) : filling(),
        callback: (count) => {
          this.#hasSpoken = true;
          this.#arrived.push(filling().subarray(0, count));
          this.#filling = (this.#filling + 1) % BUFFERS;
          this.#isResting = this.#isFull;
          this.#wake();
          return !this.#isResting;
        },
      },
    });
    this.#socket
      .once('connect', () => (this.#isConnected = true))
      .on('error', (error) => {
        this.#error = error;
        this.#wake();
      })
      .once('end', () => {
        this.#isEnded = true;
        this.#wake();
      })
      .once('close', () => {
        this.#isEnded = true;
        this.#wake();
      });
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /**
   * The next bytes, good until the next call; undefined: the source has ended in order. Only waiting
   * for the source counts as its silence: while the receiver is busy, or our own limit lets nothing pass,
   * nothing is asked of it.
   *
   * @throws SourceFailure `unreachable`, `silent` (it never said anything), `stalled`, `closed-early`
   */
  async next(): Promise<Buffer | undefined> {
    const { signal, stalledAfterMs, downloadLimit } = this.#options;
    const deadline = performance.now() + stalledAfterMs;
    this.#isInUse = false;
    for (;;) {
      const arrived = this.#arrived.shift();
      this.#isInUse = arrived !== undefined;
      if (this.#isResting && !this.#isFull) {
        this.#isResting = false;
        this.#socket.resume();
      }
      if (arrived) {
        if (downloadLimit?.isOn) await downloadLimit.passed(arrived.length, signal);
        return arrived;
      }
      if (this.#error) throw this.#failureOf(this.#error);
      if (this.#isEnded) return undefined;
      const waitMs = deadline - performance.now();
      if (waitMs <= 0) throw this.#silence();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = () => undefined;
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Whether there is no buffer to read into. */
  get #isFull(): boolean {
    return this.#arrived.length + (this.#isInUse ? 1 : 0) === BUFFERS;
  }

  #silence(): SourceFailure {
    const kind = this.#hasSpoken ? 'stalled' : this.#isConnected ? 'silent' : 'unreachable';
    return new SourceFailure(kind, `nothing for ${this.#options.stalledAfterMs / 1000} s`);
  }

  #failureOf({ message }: Error): SourceFailure {
    return new SourceFailure(this.#isConnected ? 'closed-early' : 'unreachable', message);
  }
}
