// The HTTP voice (RFC 9110): files by name and contents by root, with ranges and conditional requests,
// piece layers, and the list of what is offered. Which connections speak HTTP is the listener's to say.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Logger } from '../../lib/log.ts';
import { isNonce, REACH_PATH, type ReachProof } from '../../lib/reach-proof.ts';
import {
  CodedError,
  PROBLEM_TYPE,
  problemOf,
  type ProblemDocument,
} from '../../protocol/errors.ts';
import { parseRoot, SIZE_HEADER } from '../../protocol/merkle.ts';
import { parseNamePath } from '../../protocol/names.ts';
import { rangesText } from '../../protocol/piece-set.ts';
import { listHoldsTag, parseRange, type ByteRange } from '../../protocol/ranges.ts';
import { contentHeaders } from './content-types.ts';
import type { Admission, Gate } from './gate.ts';
import { listingOf, PAGE_POLICY, pageOf } from './listing.ts';
import type { OfferedFile, OpenedOffer, Offers } from './offers.ts';
import { sendFile, type SendLimits } from './send-file.ts';
import type { Uploads } from './uploads.ts';

const FILES = '/files/';
const CONTENTS = '/contents/';
const LAYER = '/layer';
const PIECES = '/pieces';

/** What a root stands for never changes. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Requests of one connection that wait for the answers before theirs; more than any client sends ahead. */
const MAX_WAITING = 100;
/**
 * Over TLS so many bytes are written at once, below the high water mark of a socket (64 KiB), in whole records.
 * While more waits to be written, Node's HTTP server wants no further request; over TLS one that comes all the
 * same, because it was asked ahead, ends the connection ("Parse Error: Paused").
 */
const MOST_OVER_TLS = 48 * 1024;

/** Told of each request that comes in; answers what to call when its answer is over. */
type Claim = (request: IncomingMessage) => ((isWhole: boolean) => void) | undefined;

export interface HttpVoiceOptions {
  offers: Offers;
  gate: Gate;
  log: Logger;
  limits: SendLimits;
  claim: Claim;
  uploads: Uploads;
  /** A request for a file was let in, until then (milliseconds since 1970). */
  onAdmitted: (request: IncomingMessage, until: number) => void;
  /** Who asks, for people. */
  receiverOf: (request: IncomingMessage) => string;
  /** What to say to a registry that dials this peer (lib/reach-proof). */
  proofOf: (nonce: string) => ReachProof;
}

export function httpVoice(options: HttpVoiceOptions) {
  const { log, claim } = options;
  /** The last answer of a connection, and how many there are under way or waiting. */
  const connections = new WeakMap<Socket, { last: Promise<void>; count: number }>();

  async function answerOrProblem(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      await answer(request, response, options);
    } catch (error) {
      const problem = problemOf(error);
      if (problem.status >= 500) log.error({ err: error }, 'a request failed here');
      if (response.headersSent) response.destroy();
      else sendProblem(request, response, problem);
    }
  }

  // One answer at a time, whatever is asked ahead (RFC 9112 section 9.3.2): what waits holds no open
  // file and no buffers.
  return (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    const connection = connections.get(socket) ?? { last: Promise.resolve(), count: 0 };
    connections.set(socket, connection);
    if (++connection.count > MAX_WAITING) socket.destroy();
    if (socket.destroyed) return;
    const over = claim(request);
    if (over)
      response.once('close', () => {
        over(response.writableFinished && response.statusCode === 206);
      });
    connection.last = connection.last.then(async () => {
      if (!socket.writable) return;
      const closed = new Promise((resolve) => response.once('close', resolve));
      await answerOrProblem(request, response);
      await closed;
      connection.count--;
    });
  };
}

function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  problem: ProblemDocument,
): void {
  const body = JSON.stringify(problem);
  response
    .writeHead(problem.status, {
      'content-type': PROBLEM_TYPE,
      'content-length': Buffer.byteLength(body),
      // It holds for now, whatever was to be said of the file.
      'cache-control': 'no-store',
    })
    .end(request.method === 'HEAD' ? undefined : body);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpVoiceOptions,
): Promise<void> {
  const { offers, gate, proofOf } = options;
  const [path, query] = splitOnce(request.url ?? '', '?');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    throw new CodedError('method-not-allowed', `${request.method ?? ''} is not for this path.`);
  }
  if (path === REACH_PATH) {
    answerProof(request, response, query, proofOf);
    return;
  }
  // Before anything is looked for: who is not let in learns nothing by what is found.
  const admission = await gate.admit(request);
  if (path.startsWith(FILES)) {
    await using opened = await offers.open(parseNamePath(path.slice(FILES.length)));
    admission.requireFor(opened?.file.root);
    if (!opened) throw new CodedError('not-found', 'Nothing is offered under this name.');
    response.setHeader('cache-control', 'no-cache');
    await answerFile(request, response, opened, admission, options);
  } else if (path.startsWith(CONTENTS)) {
    const part = [LAYER, PIECES].find((each) => path.endsWith(each)) ?? '';
    const root = parseRoot(path.slice(CONTENTS.length, path.length - part.length));
    admission.requireFor(root);
    if (part === LAYER) await answerLayer(request, response, offers, root);
    else if (part === PIECES) await answerPieces(request, response, offers, root);
    else {
      await using opened = await offers.openContent(root);
      if (!opened) throw new CodedError('not-found', 'No content of this root is offered.');
      response.setHeader('cache-control', FOR_EVER);
      await answerFile(request, response, opened, admission, options);
    }
  } else {
    admission.requireFor(undefined);
    if (path !== '/')
      throw new CodedError('not-found', 'There is no such path here; / lists what is offered.');
    answerListing(request, response, offers, query);
  }
}

function answerProof(
  request: IncomingMessage,
  response: ServerResponse,
  query: string,
  proofOf: (nonce: string) => ReachProof,
): void {
  const nonce = new URLSearchParams(query).get('nonce') ?? '';
  if (!isNonce(nonce)) throw new CodedError('bad-request', 'A nonce has 16 to 64 hex digits.');
  const body = JSON.stringify(proofOf(nonce));
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function answerListing(
  request: IncomingMessage,
  response: ServerResponse,
  offers: Offers,
  query: string,
): void {
  const listing = listingOf(offers, new URLSearchParams(query).get('after') ?? '');
  const asPage = /\btext\/html\b/i.test(request.headers.accept ?? '');
  const body = asPage ? pageOf(listing) : JSON.stringify(listing);
  response.writeHead(200, {
    'content-type': asPage ? 'text/html; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    vary: 'accept',
    'x-content-type-options': 'nosniff',
    ...(asPage && { 'content-security-policy': PAGE_POLICY, 'referrer-policy': 'no-referrer' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerLayer(
  request: IncomingMessage,
  response: ServerResponse,
  offers: Offers,
  root: string,
): Promise<void> {
  const shape = await offers.shapeOf(root);
  if (!shape) throw new CodedError('not-found', 'No content of this root is offered.');
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': shape.layer.length,
    [SIZE_HEADER]: shape.size,
    'cache-control': FOR_EVER,
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : shape.layer);
}

/** Which pieces are here now. */
async function answerPieces(
  request: IncomingMessage,
  response: ServerResponse,
  offers: Offers,
  root: string,
): Promise<void> {
  const holding = await offers.holding(root);
  if (!holding) throw new CodedError('not-found', 'No content of this root is offered.');
  const { size, has } = holding;
  const body = JSON.stringify({ size, pieces: has.length, have: rangesText(has) });
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerFile(
  request: IncomingMessage,
  response: ServerResponse,
  opened: OpenedOffer,
  { until }: Admission,
  { limits, uploads, receiverOf, onAdmitted }: HttpVoiceOptions,
): Promise<void> {
  const { file } = opened;
  onAdmitted(request, until);
  response.setHeader('etag', tagOf(file));
  response.setHeader('last-modified', new Date(file.modified).toUTCString());
  response.setHeader('accept-ranges', 'bytes');

  if (isAnotherWanted(request, file))
    throw new CodedError(
      'precondition-failed',
      'The file is in another state than the one wanted.',
    );
  if (isNotModified(request, file)) {
    response.writeHead(304).end();
    return;
  }
  const range = rangeOf(request, file);
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${file.size}`);
    throw new CodedError('range-not-satisfiable', `The file has ${file.size} bytes.`);
  }
  const sent = range === 'whole' ? { start: 0, end: file.size - 1 } : range;
  if (opened.holds && !opened.holds(sent.start, sent.end))
    throw new CodedError('not-found', 'Not all of this is here yet; see its /pieces.');
  response.writeHead(range === 'whole' ? 200 : 206, {
    ...contentHeaders(file.name),
    'content-length': sent.end - sent.start + 1,
    ...(range !== 'whole' && { 'content-range': `bytes ${sent.start}-${sent.end}/${file.size}` }),
  });
  if (request.method === 'HEAD' || file.size === 0) {
    response.end();
    return;
  }
  // It would go out with the first bytes, which may have to wait.
  if (limits.uploadLimit.isOn) response.flushHeaders();
  using sending = uploads.begin(receiverOf(request), file);
  const ending = until === Infinity ? undefined : setTimeout(end, until - Date.now(), response);
  const isEncrypted = request.socket instanceof TLSSocket;
  const bounds = isEncrypted ? { ...limits, mostAtOnce: MOST_OVER_TLS } : limits;
  const result = await sendFile(opened, sent, response, bounds, sending.add);
  clearTimeout(ending);
  // A promise of so many bytes that cannot be kept: the connection breaks, and the client knows.
  if (result === 'sent') response.end();
  else response.destroy();
}

/** Whatever is still to come of an answer does not. */
function end(response: ServerResponse): void {
  response.destroy();
}

/** The root as a strong entity tag (RFC 9110 section 8.8.1): equal tags mean equal bytes. */
function tagOf({ root }: OfferedFile): string {
  return `"${root}"`;
}

/** RFC 9110 section 13.1.1 and 13.1.4: the date counts only where there is no tag. */
function isAnotherWanted({ headers }: IncomingMessage, file: OfferedFile): boolean {
  const tags = headers['if-match'];
  if (tags !== undefined)
    return !tags.split(',').some((tag) => ['*', tagOf(file)].includes(tag.trim()));
  return wholeSeconds(file.modified) > Date.parse(headers['if-unmodified-since'] ?? '');
}

/** RFC 9110 section 13.1.2 and 13.1.3: the date counts only where there is no tag. */
function isNotModified({ headers }: IncomingMessage, file: OfferedFile): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined) return listHoldsTag(tags, tagOf(file));
  return wholeSeconds(file.modified) <= Date.parse(headers['if-modified-since'] ?? '');
}

/** A date of HTTP has whole seconds. */
function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000;
}

/** RFC 9110 section 13.1.5: a range of another state of the file is no range of this one. */
function rangeOf(
  { headers, method }: IncomingMessage,
  file: OfferedFile,
): ByteRange | 'whole' | 'unsatisfiable' {
  if (method !== 'GET') return 'whole';
  const condition = headers['if-range'];
  if (condition !== undefined && condition !== tagOf(file)) return 'whole';
  return parseRange(headers.range, file.size);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
