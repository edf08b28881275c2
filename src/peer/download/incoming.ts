// What a source sends, piece by piece as it comes: one TCP connection, read into one buffer that is
// used again and again, and not read from while the receiver is busy. What the bytes mean is the voices'.
import { connect, type Socket } from 'node:net';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { SourceFailure } from './source-failure.ts';

const BUFFER_BYTES = 256 * 1024;

export interface IncomingOptions {
  signal: AbortSignal;
  /** A source that sends nothing for so long is left, in milliseconds. */
  stalledAfterMs: number;
}

export class Incoming {
  readonly #socket: Socket;
  readonly #stalledAfterMs: number;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** What came and was not asked for yet. Reading rests until it is. */
  #arrived: Buffer | undefined;
  #isEnded = false;
  #error: Error | undefined;
  #isConnected = false;
  #hasSpoken = false;
  /** Told that something of the above has changed. */
  #wake: () => void = () => undefined;

  constructor({ ipAddress, port }: Endpoint, { signal, stalledAfterMs }: IncomingOptions) {
    this.#stalledAfterMs = stalledAfterMs;
    this.#socket = connect({
      host: ipAddress,
      port,
      signal,
      noDelay: true,
      onread: {
        buffer: this.#buffer,
        callback: (count) => {
          this.#hasSpoken = true;
          this.#arrived = this.#buffer.subarray(0, count);
          this.#wake();
          return false;
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
   * for the source counts as its silence: while the receiver is busy, nothing is asked of it.
   *
   * @throws SourceFailure `unreachable`, `silent` (it never said anything), `stalled`, `closed-early`
   */
  async next(): Promise<Buffer | undefined> {
    const deadline = performance.now() + this.#stalledAfterMs;
    for (;;) {
      const arrived = this.#arrived;
      if (arrived) {
        this.#arrived = undefined;
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
        this.#socket.resume();
      });
      this.#wake = () => undefined;
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #silence(): SourceFailure {
    const kind = this.#hasSpoken ? 'stalled' : this.#isConnected ? 'silent' : 'unreachable';
    return new SourceFailure(kind, `nothing for ${this.#stalledAfterMs / 1000} s`);
  }

  #failureOf({ message }: Error): SourceFailure {
    return new SourceFailure(this.#isConnected ? 'closed-early' : 'unreachable', message);
  }
}
