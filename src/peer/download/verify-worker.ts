// Runs in a worker thread: verifies pieces one after the other.
import { parentPort } from 'node:worker_threads';
import { verifyPiece, type Outcome, type VerifyJob } from './verify-piece.ts';

export interface VerifyCall {
  id: number;
  job: VerifyJob;
}

export interface VerifyAnswer {
  id: number;
  outcome: Outcome;
}

/** What a thread says first. */
export type VerifyReady = 'ready';

parentPort?.on('message', ({ id, job }: VerifyCall) => {
  const answer: VerifyAnswer = { id, outcome: verifyPiece(job) };
  parentPort?.postMessage(answer);
});
const ready: VerifyReady = 'ready';
parentPort?.postMessage(ready);
