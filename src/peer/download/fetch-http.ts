// Fetches a file over the HTTP voice of a peer into a sink, and goes on where the sink is when the
// source has the very same state of the content (a matching strong entity tag).
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { namePath } from '../../protocol/names.ts';
import { isStrongTag, parseContentRange } from '../../protocol/ranges.ts';
import { nextChunk } from './next-chunk.ts';
import { SourceFailure, type FailureKind } from './source-failure.ts';
import type { Sink } from './sink.ts';

/** The whole head of an answer must have come by then, however steadily it drips. */
const HEAD_WITHIN_MS = 30_000;
const HEAD_LATE = `no answer within ${HEAD_WITHIN_MS / 1000} s`;

export interface FetchOptions {
  signal: AbortSignal;
  /** A source that sends nothing for so long is left, in milliseconds. */
  stalledAfterMs: number;
  onBytes: (count: number) => void;
}

/**
 * Resolves when the sink holds the whole file.
 *
 * @throws SourceFailure; `not-http` or `silent` when what is there may be no HTTP server
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
    const fail = (kind: FailureKind, message: string) => {
      call.destroy(new SourceFailure(kind, message));
    };
    const headDeadline = setTimeout(fail, HEAD_WITHIN_MS, 'stalled', HEAD_LATE);
    const onTimeout = () => {
      const hasSpoken = (call.socket?.bytesRead ?? 0) > 0;
      const what = hasSpoken ? 'stalled' : isConnected ? 'silent' : 'unreachable';
      fail(what, `nothing for ${stalledAfterMs / 1000} s`);
    };
    call
      .once('socket', (socket) => socket.once('connect', () => (isConnected = true)))
      .once('timeout', onTimeout)
      .on('error', (error) => {
        reject(error instanceof SourceFailure ? error : failureOf(error, call, isConnected));
      })
      .once('response', (response) => {
        // From here on it is `receive` that counts how long nothing comes.
        call.off('timeout', onTimeout).setTimeout(0);
        clearTimeout(headDeadline);
        resolve(response);
      })
      // Whatever else it ends with, a switch to another protocol for example, is no answer.
      .once('close', () => {
        clearTimeout(headDeadline);
        reject(new SourceFailure('wrong-answer', 'it closed without an answer'));
      })
      .end();
  });
}

/** Only who has said nothing, or nothing that begins like HTTP, may be one that speaks lines alone. */
function failureOf(
  error: NodeJS.ErrnoException,
  { socket }: ClientRequest,
  isConnected: boolean,
): SourceFailure {
  if (!isConnected) return new SourceFailure('unreachable', error.message);
  if (error.code === 'HPE_INVALID_CONSTANT') return new SourceFailure('not-http', error.message);
  if (error.code?.startsWith('HPE_')) return new SourceFailure('wrong-answer', error.message);
  return new SourceFailure(socket?.bytesRead ? 'closed-early' : 'not-http', error.message);
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
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  while (rest > 0) {
    const next = await nextChunk(response, chunks, stalledAfterMs).catch((error: unknown) => {
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
