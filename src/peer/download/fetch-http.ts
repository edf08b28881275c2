// Fetches a file over the HTTP voice of a peer into a sink, and goes on where the sink is when the
// source has the very same state of the content (a matching strong entity tag).
import { request, type IncomingMessage } from 'node:http';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { namePath } from '../../protocol/names.ts';
import { isStrongTag, parseContentRange } from '../../protocol/ranges.ts';
import { SourceFailure } from './source-failure.ts';
import type { Sink } from './sink.ts';

/** The whole head of an answer must have come by then, however steadily it drips. */
const HEAD_WITHIN_MS = 30_000;

export interface FetchOptions {
  signal: AbortSignal;
  /** A source that sends nothing for so long is left, in milliseconds. */
  stalledAfterMs: number;
  onBytes: (count: number) => void;
}

/**
 * Resolves when the sink holds the whole file.
 *
 * @throws SourceFailure `not-http` when what answers is no HTTP server
 * @throws CodedError what the sink fails with
 */
export async function fetchOverHttp(
  endpoint: Endpoint,
  name: string,
  sink: Sink,
  options: FetchOptions,
): Promise<void> {
  const { tag, size } = sink.state;
  // At least one byte is always asked for: an answer to it is what proves the tag.
  const from = tag === undefined || size === undefined ? 0 : Math.min(sink.length, size - 1);
  const headers: Record<string, string> =
    tag !== undefined && from > 0 ? { range: `bytes=${from}-`, 'if-range': tag } : {};
  const response = await answerTo(endpoint, `/files/${namePath(name)}`, headers, options);
  try {
    const rest = await bodyLength(response, sink, from);
    await receive(response, sink, rest, options);
  } finally {
    response.destroy();
  }
}

function answerTo(
  { ipAddress, port }: Endpoint,
  path: string,
  headers: Record<string, string>,
  { signal, stalledAfterMs }: FetchOptions,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request({
      host: ipAddress,
      port,
      path,
      headers: { ...headers, 'accept-encoding': 'identity' },
      agent: false,
      signal,
      timeout: stalledAfterMs,
    });
    let isConnected = false;
    const headDeadline = setTimeout(() => {
      call.destroy(new SourceFailure('stalled', `no answer within ${HEAD_WITHIN_MS / 1000} s`));
    }, HEAD_WITHIN_MS);
    call
      .once('socket', (socket) => socket.once('connect', () => (isConnected = true)))
      .once('timeout', () => {
        const what = isConnected ? 'not-http' : 'unreachable';
        call.destroy(new SourceFailure(what, `nothing for ${stalledAfterMs / 1000} s`));
      })
      .once('error', (error) => {
        clearTimeout(headDeadline);
        reject(
          error instanceof SourceFailure
            ? error
            : new SourceFailure(isConnected ? 'not-http' : 'unreachable', error.message),
        );
      })
      .once('response', (response) => {
        clearTimeout(headDeadline);
        resolve(response);
      })
      .end();
  });
}

/** Checks the head of an answer, brings the sink in line with it, and says how many bytes follow. */
async function bodyLength(response: IncomingMessage, sink: Sink, from: number): Promise<number> {
  const { statusCode: status = 0, headers } = response;
  const length = /^\d{1,15}$/.test(headers['content-length'] ?? '')
    ? Number(headers['content-length'])
    : undefined;
  const { etag } = headers;
  if (status === 404) throw new SourceFailure('refused', 'it does not have it (404)');
  if (status !== 200 && status !== 206) throw new SourceFailure('refused', `status ${status}`);
  if ((headers['content-encoding'] ?? 'identity') !== 'identity' || length === undefined)
    throw new SourceFailure('wrong-answer', 'an encoded body, or one of unknown length');
  if (status === 206) {
    const range = parseContentRange(headers['content-range']);
    const fits =
      range?.start === from &&
      range.size === sink.state.size &&
      range.end === range.size - 1 &&
      range.end - range.start + 1 === length &&
      etag === sink.state.tag;
    if (!fits || from === 0)
      throw new SourceFailure('wrong-answer', 'another range than was asked for');
    sink.rewindTo(from);
    return length;
  }
  await sink.begin({ tag: isStrongTag(etag) ? etag : undefined, size: length });
  return length;
}

async function receive(
  response: IncomingMessage,
  sink: Sink,
  length: number,
  { stalledAfterMs, onBytes }: FetchOptions,
): Promise<void> {
  let rest = length;
  response.setTimeout(stalledAfterMs, () => {
    response.destroy(new SourceFailure('stalled', `nothing for ${stalledAfterMs / 1000} s`));
  });
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  while (rest > 0) {
    const next = await chunks.next().catch((error: unknown) => {
      throw error instanceof SourceFailure
        ? error
        : new SourceFailure('closed-early', `it closed ${rest} bytes before the end`);
    });
    if (next.done)
      throw new SourceFailure('closed-early', `it closed ${rest} bytes before the end`);
    await sink.write(next.value);
    rest -= next.value.length;
    onBytes(next.value.length);
  }
}
