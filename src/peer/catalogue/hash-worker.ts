// Runs in a worker thread: hashes some pieces of some files. Which pieces of which files, and what
// becomes of the hashes, is the hasher's.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { sha256 } from '../../lib/sha256.ts';
import { BLOCK_BYTES, HASH_BYTES, pieceAt, pieceHash } from '../../protocol/merkle.ts';
import { isSameState, stateOf, type FileState } from './shared-file.ts';

export interface HashJob {
  id: number;
  /** Without symlinks. */
  path: string;
  /** The state in which the file is meant. Its size decides how it is cut. */
  state: FileState;
  firstPiece: number;
  /** Behind the last piece of this job. */
  endPiece: number;
}

export interface HashAnswer {
  id: number;
  /** The hashes of the pieces, if the file was in that state all the time. */
  outcome: Uint8Array | 'changed' | 'unreadable';
}

/** So little that it is still in the core's cache when it is hashed. */
const READ_BYTES = 256 * 1024;

const buffer = new Uint8Array(READ_BYTES);

function outcomeOf({ path, state, firstPiece, endPiece }: HashJob): HashAnswer['outcome'] {
  // As openSharedFile does: not through a symlink, and not waiting for the other end of a pipe.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const isUnchanged = () => isSameState(stateOf(fstatSync(file, { bigint: true })), state);
    if (!isUnchanged()) return 'changed';
    const layer = new Uint8Array((endPiece - firstPiece) * HASH_BYTES);
    for (let index = firstPiece; index < endPiece; index++) {
      const { start, length } = pieceAt(index, state.size);
      const blocks = blockHashes(file, start, length);
      if (!blocks) return 'changed';
      layer.set(pieceHash(blocks, state.size, sha256), (index - firstPiece) * HASH_BYTES);
    }
    return isUnchanged() ? layer : 'changed';
  } finally {
    closeSync(file);
  }
}

/** The hashes of the blocks of one piece; an empty piece is one empty block. Undefined: the file ended. */
function blockHashes(file: number, start: number, length: number): Uint8Array | undefined {
  const blocks = new Uint8Array(Math.max(1, Math.ceil(length / BLOCK_BYTES)) * HASH_BYTES);
  if (length === 0) blocks.set(sha256());
  for (let done = 0; done < length; done += READ_BYTES) {
    const chunk = buffer.subarray(0, Math.min(READ_BYTES, length - done));
    if (!readFully(file, chunk, start + done)) return undefined;
    for (let at = 0; at < chunk.length; at += BLOCK_BYTES)
      blocks.set(
        sha256(chunk.subarray(at, at + BLOCK_BYTES)),
        ((done + at) / BLOCK_BYTES) * HASH_BYTES,
      );
  }
  return blocks;
}

function readFully(file: number, chunk: Uint8Array, position: number): boolean {
  for (let filled = 0; filled < chunk.length;) {
    const read = readSync(file, chunk, filled, chunk.length - filled, position + filled);
    if (read === 0) return false;
    filled += read;
  }
  return true;
}

parentPort?.on('message', (jobs: HashJob[]) => {
  const answers = jobs.map((job): HashAnswer => {
    try {
      return { id: job.id, outcome: outcomeOf(job) };
    } catch {
      return { id: job.id, outcome: 'unreadable' };
    }
  });
  parentPort?.postMessage(answers);
});
