// Buffers of one size that are used again: to make one for each chunk of a file that is sent costs more than to
// read it, and leaves the collector with most of the work.

export const CHUNK_BYTES = 256 * 1024;
/** So many lie ready at most; what is more is left to the collector. */
const MOST_KEPT = 64;

const kept: Buffer<ArrayBuffer>[] = [];

/** A buffer of {@link CHUNK_BYTES}, with whatever was in it. */
export function takeChunk(): Buffer<ArrayBuffer> {
  return kept.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
}

/** Nobody reads or writes it any more: not a stream either, to which it was written. */
export function giveChunk(chunk: Buffer<ArrayBuffer>): void {
  if (kept.length < MOST_KEPT) kept.push(chunk);
  // What is not kept may be much, at once: it is not to wait for the collector.
  else chunk.buffer.transfer(0);
}
