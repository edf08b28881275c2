// Hashes files in worker threads, all cores busy and the event loop free: the smallest file first, a
// large one cut into jobs that the workers share. What is hashed, and when, is the catalogue's.
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { sha256 } from '../../lib/sha256.ts';
import { startWorker } from '../../lib/worker.ts';
import {
  HASH_BYTES,
  hexOf,
  pieceCountOf,
  pieceLengthOf,
  rootOfLayer,
} from '../../protocol/merkle.ts';
import type { HashAnswer, HashJob } from './hash-worker.ts';
import type { FoundFile } from './shared-file.ts';

/** A job is at most about this large: short enough to be shared out between the workers. */
const JOB_BYTES = 32 * 1024 * 1024;
/** Small files are handed over together, until they have so many bytes, or are so many. */
const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_JOBS = 64;
/** Batches that a worker has in hand: the one it does, and the next, so that it never waits for it. */
const BATCHES_PER_WORKER = 2;

/** The identity of a content, and the hashes that prove its pieces. */
export interface Identity {
  /** 64 hex digits. */
  root: string;
  /** The piece layer: 32 bytes a piece. */
  layer: Uint8Array;
}

/** Why a file has no identity: it is not in the state that was meant, cannot be read, or need not be. */
export type NoIdentity = 'changed' | 'unreadable' | 'not-wanted';

interface Task {
  file: FoundFile;
  isWanted: () => boolean;
  onHashed: (bytes: number) => void;
  layer: Uint8Array;
  /** The first piece that no worker has been given. */
  nextPiece: number;
  piecesLeft: number;
  hashedBytes: number;
  isGivenUp: boolean;
  settle: (identity: Identity | NoIdentity) => void;
}

interface Thread {
  worker: Worker;
  jobs: Map<number, { task: Task; job: HashJob }>;
  batches: number;
}

export class Hasher {
  readonly #size: number;
  readonly #threads: Thread[] = [];
  /** Tasks of which no worker has been given everything, the smallest last. */
  #waiting: Task[] = [];
  #isSorted = true;
  #isStopped = false;
  #lastId = 0;
  /** Bytes that were hashed, of files that have an identity or may get one. */
  hashedBytes = 0;

  /** @param threads default: one a core */
  constructor(threads = availableParallelism()) {
    this.#size = threads;
  }

  /**
   * The identity of a file's bytes in the state in which it was found. Never rejects.
   *
   * @param isWanted asked before anything is read: whether it is still of use
   * @param onHashed told how many bytes more were hashed; less than none, where it was in vain
   */
  identityOf(
    file: FoundFile,
    isWanted: () => boolean,
    onHashed: (bytes: number) => void = () => undefined,
  ): Promise<Identity | NoIdentity> {
    return new Promise((settle) => {
      const pieces = pieceCountOf(file.state.size);
      const layer = new Uint8Array(pieces * HASH_BYTES);
      this.#waiting.push({
        file,
        isWanted,
        onHashed,
        layer,
        nextPiece: 0,
        piecesLeft: pieces,
        hashedBytes: 0,
        isGivenUp: false,
        settle,
      });
      this.#isSorted = false;
      // Those that are asked for in one go are sorted in one go.
      queueMicrotask(() => {
        this.#dispatch();
      });
    });
  }

  /** What is not finished is answered `not-wanted`. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const threads = this.#threads.splice(0);
    for (const task of this.#waiting.splice(0)) task.settle('not-wanted');
    for (const { worker, jobs } of threads) {
      for (const { task } of jobs.values()) task.settle('not-wanted');
      await worker.terminate();
    }
  }

  #dispatch(): void {
    if (this.#isStopped) for (const task of this.#waiting.splice(0)) task.settle('not-wanted');
    while (this.#waiting.length > 0) {
      const thread = this.#idlest();
      if (!thread) return;
      if (!this.#isSorted) this.#waiting.sort((a, b) => b.file.state.size - a.file.state.size);
      this.#isSorted = true;
      const batch = this.#nextBatch(thread);
      if (batch.length === 0) continue;
      thread.batches++;
      thread.worker.postMessage(batch);
    }
  }

  #nextBatch(thread: Thread): HashJob[] {
    const batch: HashJob[] = [];
    let bytes = 0;
    for (
      let task = this.#waiting.at(-1);
      task && bytes < BATCH_BYTES && batch.length < BATCH_JOBS;
      task = this.#waiting.at(-1)
    ) {
      const { realPath: path, state } = task.file;
      if (!task.isWanted()) {
        this.#giveUp(task, 'not-wanted');
        continue;
      }
      const pieces = pieceCountOf(state.size);
      const pieceBytes = Math.min(state.size, pieceLengthOf(state.size));
      const firstPiece = task.nextPiece;
      const endPiece = Math.min(
        firstPiece + Math.max(1, Math.floor(JOB_BYTES / Math.max(1, pieceBytes))),
        pieces,
      );
      // A large job is not put behind small ones: another worker may be free for it.
      const jobBytes = (endPiece - firstPiece) * pieceBytes;
      if (batch.length > 0 && bytes + jobBytes > 2 * BATCH_BYTES) break;
      const job: HashJob = { id: ++this.#lastId, path, state, firstPiece, endPiece };
      thread.jobs.set(job.id, { task, job });
      batch.push(job);
      bytes += jobBytes;
      task.nextPiece = endPiece;
      if (endPiece === pieces) this.#waiting.pop();
    }
    return batch;
  }

  /** A thread that can take a batch, started where there is room for one more. */
  #idlest(): Thread | undefined {
    if (this.#threads.length < this.#size && this.#threads.every(({ batches }) => batches > 0))
      this.#threads.push(this.#begin());
    const [idlest] = [...this.#threads].sort((a, b) => a.batches - b.batches);
    return idlest && idlest.batches < BATCHES_PER_WORKER ? idlest : undefined;
  }

  #begin(): Thread {
    const thread: Thread = {
      worker: startWorker('hash-worker', import.meta.url),
      jobs: new Map(),
      batches: 0,
    };
    // A process need not stay for a thread that has nothing to do.
    thread.worker.unref();
    thread.worker
      .on('message', (answers: HashAnswer[]) => {
        thread.batches--;
        for (const answer of answers) this.#take(thread, answer);
        this.#dispatch();
      })
      .on('error', () => {
        this.#threads.splice(this.#threads.indexOf(thread), 1);
        for (const id of [...thread.jobs.keys()]) this.#take(thread, { id, outcome: 'unreadable' });
        this.#dispatch();
      });
    return thread;
  }

  #take(thread: Thread, { id, outcome }: HashAnswer): void {
    const done = thread.jobs.get(id);
    thread.jobs.delete(id);
    if (!done) return;
    const { task, job } = done;
    if (task.isGivenUp) return;
    if (typeof outcome === 'string') {
      this.#giveUp(task, outcome);
      return;
    }
    const { size } = task.file.state;
    task.layer.set(outcome, job.firstPiece * HASH_BYTES);
    task.piecesLeft -= job.endPiece - job.firstPiece;
    const bytes = Math.min(size, (job.endPiece - job.firstPiece) * pieceLengthOf(size));
    task.hashedBytes += bytes;
    this.hashedBytes += bytes;
    task.onHashed(bytes);
    if (task.piecesLeft === 0)
      task.settle({ root: hexOf(rootOfLayer(task.layer, size, sha256)), layer: task.layer });
  }

  #giveUp(task: Task, why: NoIdentity): void {
    task.isGivenUp = true;
    this.hashedBytes -= task.hashedBytes;
    task.onHashed(-task.hashedBytes);
    if (this.#waiting.at(-1) === task) this.#waiting.pop();
    else if (task.nextPiece < pieceCountOf(task.file.state.size))
      this.#waiting = this.#waiting.filter((each) => each !== task);
    task.settle(why);
  }
}
