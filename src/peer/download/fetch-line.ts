// Fetches a file over the exercise's line protocol into a sink. Its end is the end of the connection,
// so a file that was cut short can be told from a whole one only where the size is known.
import { connect } from 'node:net';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { lineRequest } from '../../protocol/opening.ts';
import type { FetchOptions } from './fetch-http.ts';
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
  socket.setTimeout(stalledAfterMs, () => {
    socket.destroy(new SourceFailure('stalled', `nothing for ${stalledAfterMs / 1000} s`));
  });
  socket.write(lineRequest(name));
  let received = 0;
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      if (received === 0) await sink.begin({ size });
      await sink.write(chunk);
      received += chunk.length;
      onBytes(chunk.length);
      if (size !== undefined && received > size)
        throw new SourceFailure('wrong-answer', `it sent more than the ${size} bytes of the file`);
    }
  } catch (error) {
    if (!isFromSocket(error)) throw error;
    throw new SourceFailure(received === 0 ? 'unreachable' : 'closed-early', error.message);
  } finally {
    socket.destroy();
  }
  if (received === 0 && size !== 0)
    throw new SourceFailure('refused', 'it sent no bytes: it does not have it, or it is empty');
  if (received === 0) await sink.begin({ size });
  if (size !== undefined && received < size)
    throw new SourceFailure('closed-early', `it closed ${size - received} bytes before the end`);
}

/** What the system says of a connection, and no error of the sink's. */
function isFromSocket(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
