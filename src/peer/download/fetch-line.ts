// Fetches a file over the exercise's line protocol into a sink. Its end is the end of the connection,
// so a file that was cut short can be told from a whole one only where the size is known.
import { lineRequest } from '../../protocol/opening.ts';
import type { Whereabouts } from './access.ts';
import type { FetchOptions } from './fetch-http.ts';
import { Incoming } from './incoming.ts';
import type { Sink } from './sink.ts';
import { SourceFailure } from './source-failure.ts';

/**
 * Resolves when the source has closed the connection behind the last byte.
 *
 * @param size what the file must have, where that is known
 * @throws SourceFailure for a source that sends nothing: the exercise's way to refuse
 */
export async function fetchOverLine(
  source: Whereabouts,
  name: string,
  size: number | undefined,
  sink: Sink,
  options: FetchOptions,
): Promise<void> {
  const incoming = new Incoming(source, options);
  let received = 0;
  try {
    incoming.send(lineRequest(name));
    for (let bytes = await incoming.next(); bytes; bytes = await incoming.next()) {
      if (received === 0) await sink.begin({ size });
      await sink.write(bytes);
      received += bytes.length;
      options.onBytes(bytes.length);
      if (size !== undefined && received > size)
        throw new SourceFailure('wrong-answer', `it sent more than the ${size} bytes of the file`);
    }
  } finally {
    incoming.close();
  }
  if (received === 0 && size !== 0)
    throw new SourceFailure('refused', 'it sent no bytes: it does not have it, or it is empty');
  if (received === 0) await sink.begin({ size });
  if (size !== undefined && received < size)
    throw new SourceFailure('closed-early', `it closed ${size - received} bytes before the end`);
}
