// Buffers that are used again: to make one for each chunk of a file that is sent costs more than to read it, and
// leaves the collector with most of the work. Who shares them with many gets small ones, which are not kept.

/** Half of it takes a third more of the processor's time for a byte, a quarter twice as much. */
const CHUNK_BYTES = 256 * 1024;
const SMALL_CHUNK_BYTES = 64 * 1024;
/** So many lie ready at most; what is more is given back. */
const MOST_KEPT = 64;
/** With more than so many in use, 16 MiB of the usual size, it matters how large they are. */
const MANY = 64;

const kept: Buffer<ArrayBuffer>[] = [];
let inUse = 0;

/**
 * A buffer with whatever was in it: of 256 KiB, or of 64 KiB where many are in use.
 *
 * @param isSoonGivenBack it is large all the same
 */
export function takeChunk(isSoonGivenBack: boolean): Buffer<ArrayBuffer> {
  inUse++;
  if (inUse > MANY && !isSoonGivenBack) return Buffer.allocUnsafeSlow(SMALL_CHUNK_BYTES);
  return kept.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
}

/** Nobody reads or writes it any more: not a stream either, to which it was written. */
export function giveChunk(chunk: Buffer<ArrayBuffer>): void {
  inUse--;
  if (chunk.length === CHUNK_BYTES && kept.length < MOST_KEPT) kept.push(chunk);
  // What is not kept may be much, at once: it is not to wait for the collector.
  else chunk.buffer.transfer(0);
}

/** Somebody may still read or write it: it is left to the collector. */
export function leaveChunk(): void {
  inUse--;
}
