// Verifies pieces and writes the right ones in worker threads, so that the event loop is left to the
// network. While that takes next to no time, and until the first thread is ready, it does so itself: a
// small content is there by then, a slow line needs no threads, and what has come of a large content is
// not lost should the process be killed.
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { startWorker } from '../../lib/worker.ts';
import { verifyPiece, type Outcome, type VerifyJob } from './verify-piece.ts';
import type { VerifyAnswer, VerifyCall, VerifyReady } from './verify-worker.ts';

/** Threads are started when so many pieces, verified without one, took so large a part of the time. */
const PIECES_WITHOUT_THREADS = 8;
const PART_WITHOUT_THREADS = 0.1;

interface Thread {
  worker: Worker;
  isReady: boolean;
  waiting: Map<number, (outcome: Outcome) => void>;
}

export class Verifier {
  readonly #most: number;
  readonly #threads: Thread[] = [];
  #lastId = 0;
  /** Whether threads are worth their start. */
  #needsThreads = false;
  /** Since when pieces were verified without a thread, how many, and how long that took. */
  #own = { since: performance.now(), pieces: 0, ms: 0 };
  #isStopped = false;

  /** @param threads at most so many; default: one a core */
  constructor(threads = availableParallelism()) {
    this.#most = threads;
  }

  /** Never rejects. A piece in memory is written if it is right, and not touched otherwise. */
  async verify(job: VerifyJob): Promise<Outcome> {
    const id = ++this.#lastId;
    const thread = this.#needsThreads ? this.#idlest() : undefined;
    if (thread)
      return new Promise((resolve) => {
        thread.waiting.set(id, resolve);
        const call: VerifyCall = { id, job };
        thread.worker.postMessage(call);
      });
    // The network, and a thread that has become ready, are heard in between.
    await setImmediate();
    return this.#isStopped ? { failed: 'it was stopped' } : this.#verifyHere(job);
  }

  /** Resolves when the threads have ended; what they had in hand has failed, or is done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  #verifyHere(job: VerifyJob): Outcome {
    const begun = performance.now();
    const outcome = verifyPiece(job);
    const now = performance.now();
    this.#own.ms += now - begun;
    if (++this.#own.pieces >= PIECES_WITHOUT_THREADS) {
      this.#needsThreads ||= this.#own.ms > PART_WITHOUT_THREADS * (now - this.#own.since);
      this.#own = { since: now, pieces: 0, ms: 0 };
    }
    return outcome;
  }

  /** Undefined: none is ready. */
  #idlest(): Thread | undefined {
    const isBusy = this.#threads.every(({ isReady, waiting }) => isReady && waiting.size > 0);
    if (isBusy && this.#threads.length < this.#most && !this.#isStopped)
      this.#threads.push(this.#begin());
    return this.#threads
      .filter(({ isReady }) => isReady)
      .sort((a, b) => a.waiting.size - b.waiting.size)[0];
  }

  #begin(): Thread {
    const worker = startWorker('verify-worker', import.meta.url);
    const thread: Thread = { worker, isReady: false, waiting: new Map() };
    const failAll = (failed: string) => {
      const at = this.#threads.indexOf(thread);
      if (at !== -1) this.#threads.splice(at, 1);
      for (const resolve of thread.waiting.values()) resolve({ failed });
      thread.waiting.clear();
    };
    worker
      .on('message', (message: VerifyAnswer | VerifyReady) => {
        if (message === 'ready') {
          thread.isReady = true;
          return;
        }
        thread.waiting.get(message.id)?.(message.outcome);
        thread.waiting.delete(message.id);
      })
      .on('error', (error: NodeJS.ErrnoException) => {
        failAll(error.code ?? error.message);
      })
      .on('exit', () => {
        failAll('the thread ended');
      });
    return thread;
  }
}
