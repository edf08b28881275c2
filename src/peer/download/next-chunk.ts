// The next bytes of a source, or its failure when none come. Only waiting for the source counts: while
// the sink is slow, a full pipe for example, nothing is asked of the source and it is not to blame.
import type { Readable } from 'node:stream';
import { SourceFailure } from './source-failure.ts';

/**
 * @param chunks the stream's own iterator
 * @throws SourceFailure `stalled`, or what the stream fails with
 */
export async function nextChunk(
  stream: Readable,
  chunks: AsyncIterator<Buffer>,
  stalledAfterMs: number,
): Promise<IteratorResult<Buffer>> {
  const deadline = setTimeout(() => {
    stream.destroy(new SourceFailure('stalled', `nothing for ${stalledAfterMs / 1000} s`));
  }, stalledAfterMs);
  try {
    return await chunks.next();
  } finally {
    clearTimeout(deadline);
  }
}
