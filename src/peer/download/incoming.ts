// What a source sends, as it comes: one connection, read into buffers in turn, one being filled while the
// receiver is busy with another, and not read from when two are full. What the bytes mean is the voices'.
import type { Socket } from 'node:net';
import type { RateLimit } from '../../lib/rate-limit.ts';
import type { Access, Whereabouts } from './access.ts';
import { isNotThere, SourceFailure } from './source-failure.ts';

const BUFFER_BYTES = 256 * 1024;
const BUFFERS = 3;

export interface IncomingOptions {
  access: Access;
  signal: AbortSignal;
  /** A source that sends nothing for so long is left, in milliseconds. */
  stalledAfterMs: number;
  /** What is received counts there. Default: no limit. */
  downloadLimit?: RateLimit | undefined;
}

interface Arrived {
  bytes: Buffer;
  /** What they are in, where it is to be filled again. */
  buffer?: Buffer;
}

export class Incoming {
  readonly #socket: Socket;
  readonly #options: IncomingOptions;
  /** What is being filled, and what may be next. */
  #filling: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly #free: Buffer[] = Array.from({ length: BUFFERS - 1 }, () =>
    Buffer.allocUnsafeSlow(BUFFER_BYTES),
  );
  /** What came and was not asked for yet. */
  readonly #arrived: Arrived[] = [];
  /** The buffer that the receiver has in hand. */
  #inUse: Buffer | undefined;
  #isResting = false;
  #isEnded = false;
  #error: Error | undefined;
  #isConnected = false;
  #hasSpoken = false;
  /** Told that something of the above has changed. */
  #wake: () => void = () => undefined;

  constructor(source: Whereabouts, options: IncomingOptions) {
    this.#options = options;
    const { access, signal, downloadLimit } = options;
    this.#socket = access.connect(source, {
      signal,
      onread: {
        buffer: () =>
          downloadLimit?.isOn
            ? this.#filling.subarray(0, downloadLimit.portionBytes)
            : this.#filling,
        callback: (count) => {
          this.#take(count);
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
    if (this.#inUse) this.#free.push(this.#inUse);
    this.#inUse = undefined;
    for (;;) {
      const arrived = this.#arrived.shift();
      this.#inUse = arrived?.buffer;
      if (this.#isResting && this.#free.length > 0) {
        this.#isResting = false;
        this.#socket.resume();
      }
      if (arrived) {
        const { bytes } = arrived;
        if (downloadLimit?.isOn) await downloadLimit.passed(bytes.length, signal);
        return bytes;
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

  #take(count: number): void {
    this.#hasSpoken = true;
    const bytes = this.#filling.subarray(0, count);
    const next = this.#isResting ? undefined : this.#free.pop();
    // TLS deciphers what it has, even where reading was to stop: that little is copied.
    if (!next) this.#arrived.push({ bytes: Buffer.from(bytes) });
    else {
      this.#arrived.push({ bytes, buffer: this.#filling });
      this.#filling = next;
      this.#isResting = this.#free.length === 0;
    }
    this.#wake();
  }

  #silence(): SourceFailure {
    const kind = this.#hasSpoken ? 'stalled' : this.#isConnected ? 'silent' : 'unreachable';
    return new SourceFailure(kind, `nothing for ${this.#options.stalledAfterMs / 1000} s`);
  }

  #failureOf(error: Error): SourceFailure {
    const wasThere = this.#isConnected && !isNotThere(error);
    return new SourceFailure(wasThere ? 'closed-early' : 'unreachable', error.message);
  }
}
