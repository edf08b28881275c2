// What long-lived parts share: they start once, and stop as often as asked.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

export interface Startable {
  start(): Promise<void>;
  /** Idempotent; resolves when the part has let go of everything. */
  stop(): Promise<void>;
}

/**
 * Does a piece of work again and again until stopped, a pause between two rounds; a failure is
 * handed to `onError` and ends nothing.
 */
export class Repeating implements Startable {
  readonly #work: (signal: AbortSignal) => Promise<void>;
  readonly #pauseMs: number;
  readonly #pauseFirst: boolean;
  readonly #onError: (error: unknown) => void;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: {
    work: (signal: AbortSignal) => Promise<void>;
    pauseMs: number;
    /** Default: false, the first round is at once. */
    pauseFirst?: boolean;
    onError: (error: unknown) => void;
  }) {
    this.#work = options.work;
    this.#pauseMs = options.pauseMs;
    this.#pauseFirst = options.pauseFirst ?? false;
    this.#onError = options.onError;
  }

  start(): Promise<void> {
    this.#running = this.#run(this.#stopping.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    if (this.#pauseFirst) await pause(this.#pauseMs, signal);
    while (!signal.aborted) {
      try {
        await this.#work(signal);
      } catch (error) {
        if (!isStopping(signal)) this.#onError(error);
      }
      await pause(this.#pauseMs, signal);
    }
  }
}

/** Asked anew each time: while a caller awaits, the answer changes. */
export function isStopping(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Resolves when the signal comes. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** Waits, or stops waiting when the signal comes; never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

/** After one turn so long for all others, in times of what it took: more while they have much to do. */
const REST = 1;
const REST_OF_BUSY = 8;

/** Does what there is to do, a little at a time, and leaves the time in between to others; until it answers false. */
export async function takingTurns(work: () => boolean, signal: AbortSignal): Promise<void> {
  let isBusy = false;
  for (;;) {
    const begun = performance.now();
    if (!work() || isStopping(signal)) return;
    const ended = performance.now();
    const rest: number = (isBusy ? REST_OF_BUSY : REST) * (ended - begun);
    await delay(rest);
    if (isStopping(signal)) return;
    // Others were in the middle of something when the time was over.
    isBusy = performance.now() - ended > rest + (ended - begun);
  }
}
