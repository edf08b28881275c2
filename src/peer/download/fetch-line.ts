// Fetches a file over the exercise's line protocol into a sink. Its end is the end of the connection,
// so a file that was cut short can be told from a whole one only where the size is known.
import { connect } from 'node:net';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { lineRequest } from '../../protocol/opening.ts';
import type { FetchOptions } from './fetch-http.ts';
import { nextChunk } from './next-chunk.ts';
import type { Sink } from './sink.ts';
import { SourceFailure } from './source-failure.ts';

/**
 * Resolves when the source has closed the connection behind the last byte.
 *
 * @param size what the file must have, where that is known
 * @throws SourceFailure for a source that sends nothing: the exercise's way to refuse
 */
export async function fetchOverLine(
  { ipAddress, port }: Endpoint,
  name: string,
  size: number | undefined,
  sink: Sink,
  { signal, stalledAfterMs, onBytes }: FetchOptions,
): Promise<void> {
  const socket = connect({ host: ipAddress, port, signal });
  socket.write(lineRequest(name));
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let received = 0;
  try {
    for (;;) {
      const next = await nextChunk(socket, chunks, stalledAfterMs).catch((error: unknown) => {
        throw failureOf(error, received);
      });
      if (next.done) break;
      if (received === 0) await sink.begin({ size });
      await sink.write(next.value);
      received += next.value.length;
      onBytes(next.value.length);
      if (size !== undefined && received > size)
        throw new SourceFailure('wrong-answer', `it sent more than the ${size} bytes of the file`);
    }
  } finally {
    socket.destroy();
  }
  if (received === 0 && size !== 0)
    throw new SourceFailure('refused', 'it sent no bytes: it does not have it, or it is empty');
  if (received === 0) await sink.begin({ size });
  if (size !== undefined && received < size)
    throw new SourceFailure('closed-early', `it closed ${size - received} bytes before the end`);
}

function failureOf(error: unknown, received: number): SourceFailure {
  if (error instanceof SourceFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new SourceFailure(received === 0 ? 'unreachable' : 'closed-early', message);
}
