// Hashes a piece where it lies in shared memory, and writes it into an open file if it is what it should
// be. Also looks whether pieces of an earlier run are still right.
import { readSync, writeSync } from 'node:fs';
import { sha256 } from '../../lib/sha256.ts';
import { hashOfPiece, isSameHash, pieceAt } from '../../protocol/merkle.ts';

export interface VerifyJob {
  piece: number;
  /** Bytes of the content. */
  size: number;
  /** What the piece must hash to. */
  hash: Uint8Array;
  /** Where the piece lies; undefined: in the file, from an earlier run. */
  memory: SharedArrayBuffer | undefined;
  /** The file, open in this process; undefined: nothing is written. */
  descriptor: number | undefined;
}

/** Right, and written; not what it should be; or the code of what the file system failed with. */
export type Outcome = 'right' | 'wrong' | { failed: string };

let readBuffer: Uint8Array = new Uint8Array(0);

/** Never throws. A piece in memory is written if it is right, and not touched otherwise. */
export function verifyPiece(job: VerifyJob): Outcome {
  try {
    return outcomeOf(job);
  } catch (error) {
    return { failed: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

function outcomeOf({ piece, size, hash, memory, descriptor }: VerifyJob): Outcome {
  const { start, length } = pieceAt(piece, size);
  const bytes = memory
    ? new Uint8Array(memory, 0, length)
    : descriptor !== undefined && bytesOf(descriptor, start, length);
  if (!bytes || !isSameHash(hashOfPiece(bytes, size, sha256), hash)) return 'wrong';
  if (memory && descriptor !== undefined)
    for (let written = 0; written < length;)
      written += writeSync(descriptor, bytes, written, length - written, start + written);
  return 'right';
}

/** What the file holds there; undefined: it ends before. */
function bytesOf(descriptor: number, start: number, length: number): Uint8Array | undefined {
  if (readBuffer.length < length) readBuffer = new Uint8Array(length);
  const bytes = readBuffer.subarray(0, length);
  for (let filled = 0; filled < length;) {
    const read = readSync(descriptor, bytes, filled, length - filled, start + filled);
    if (read === 0) return undefined;
    filled += read;
  }
  return bytes;
}
