// Fetches a file over the HTTP voice of a peer into a sink, and goes on where the sink is when the
// source has the very same state of the content (a matching strong entity tag).
import { endpointText } from '../../protocol/endpoints.ts';
import { namePath } from '../../protocol/names.ts';
import { isStrongTag, parseContentRange } from '../../protocol/ranges.ts';
import type { Whereabouts } from './access.ts';
import { parseAnswerHead, type AnswerHead } from './answer-head.ts';
import { Incoming, type IncomingOptions } from './incoming.ts';
import { SourceFailure } from './source-failure.ts';
import type { Sink } from './sink.ts';

/** The whole head of an answer must have come by then, however steadily it drips. */
const HEAD_WITHIN_MS = 30_000;

export interface FetchOptions extends IncomingOptions {
  /** Of the content, where the source tells it. */
  root: string | null;
  onBytes: (count: number) => void;
}

/**
 * Resolves when the sink holds the whole file.
 *
 * @throws SourceFailure; `not-http` or `silent` when what is there may be no HTTP server
 * @throws CodedError what the sink fails with
 */
export async function fetchOverHttp(
  source: Whereabouts,
  name: string,
  sink: Sink,
  options: FetchOptions,
): Promise<void> {
  const { tag, size } = sink.state;
  // At least one byte is always asked for: an answer to it is what proves the tag.
  const from = tag === undefined || size === undefined ? 0 : Math.min(sink.length, size - 1);
  const range =
    tag !== undefined && from > 0 ? `range: bytes=${from}-\r\nif-range: ${tag}\r\n` : '';
  const authorization = await options.access.authorization(options.root);
  const letIn = authorization === undefined ? '' : `authorization: ${authorization}\r\n`;
  const incoming = new Incoming(source, options);
  try {
    incoming.send(
      `GET /files/${namePath(name)} HTTP/1.1\r\nhost: ${endpointText(source.endpoint)}\r\n` +
        `accept-encoding: identity\r\nconnection: close\r\n${letIn}${range}\r\n`,
    );
    const { head, rest } = await readHead(incoming);
    const length = await bodyLength(head, sink, from);
    await receive(incoming, rest, length, sink, options.onBytes);
  } finally {
    incoming.close();
  }
}

/** The head of the answer, and what came of its body in the same bytes. */
async function readHead(incoming: Incoming): Promise<{ head: AnswerHead; rest: Buffer }> {
  const lateAt = performance.now() + HEAD_WITHIN_MS;
  let bytes = Buffer.alloc(0);
  for (;;) {
    const head = parseAnswerHead(bytes);
    if (head === 'not-http') throw new SourceFailure('not-http', 'it does not answer with HTTP');
    if (head === 'malformed') throw new SourceFailure('wrong-answer', 'its head is no head');
    if (head === 'incomplete') {
      if (performance.now() > lateAt)
        throw new SourceFailure('stalled', `no answer within ${HEAD_WITHIN_MS / 1000} s`);
      const next = await nextOfHead(incoming, bytes.length > 0);
      bytes = Buffer.concat([bytes, next]);
      continue;
    }
    bytes = bytes.subarray(head.length);
    // An interim answer (RFC 9110 section 15.2) comes before the answer.
    if (head.status >= 200) return { head, rest: bytes };
    if (head.status === 101) throw new SourceFailure('wrong-answer', 'another protocol (101)');
  }
}

/** Only who has said nothing, or nothing that begins like HTTP, may be one that speaks lines alone. */
async function nextOfHead(incoming: Incoming, hasBegun: boolean): Promise<Buffer> {
  let message = 'it closed without an answer';
  try {
    const next = await incoming.next();
    if (next) return next;
  } catch (error) {
    if (!(error instanceof SourceFailure) || error.kind !== 'closed-early') throw error;
    message = error.message;
  }
  throw new SourceFailure(hasBegun ? 'closed-early' : 'not-http', message);
}

/** Checks the head of an answer, brings the sink in line with it, and says how many bytes follow. */
async function bodyLength(
  { status, headers }: AnswerHead,
  sink: Sink,
  from: number,
): Promise<number> {
  const contentLength = headers.get('content-length') ?? '';
  const length = /^\d{1,15}$/.test(contentLength) ? Number(contentLength) : undefined;
  const etag = headers.get('etag');
  if (status === 404) throw new SourceFailure('refused', 'it does not have it (404)');
  if (status !== 200 && status !== 206) throw new SourceFailure('refused', `status ${status}`);
  const isAsItIs =
    (headers.get('content-encoding') ?? 'identity') === 'identity' &&
    !headers.has('transfer-encoding');
  if (!isAsItIs || length === undefined)
    throw new SourceFailure('wrong-answer', 'an encoded body, or one of unknown length');
  if (status === 206) {
    const range = parseContentRange(headers.get('content-range'));
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

/** @param first what of the body came with the head */
async function receive(
  incoming: Incoming,
  first: Buffer,
  length: number,
  sink: Sink,
  onBytes: (count: number) => void,
): Promise<void> {
  let rest = length;
  const closedEarly = () =>
    new SourceFailure('closed-early', `it closed ${rest} bytes before the end`);
  for (let bytes = first; rest > 0;) {
    // What comes behind the promised length is no part of the file.
    const wanted = bytes.subarray(0, rest);
    if (wanted.length > 0) {
      await sink.write(wanted);
      rest -= wanted.length;
      onBytes(wanted.length);
      if (rest === 0) return;
    }
    const next = await incoming.next().catch((error: unknown) => {
      throw error instanceof SourceFailure && error.kind === 'closed-early' ? closedEarly() : error;
    });
    if (!next) throw closedEarly();
    bytes = next;
  }
}
