// One JSON call to a registry: a deadline, a bounded answer, no redirects. What the answer means is
// the contracts' to say.
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { CodedError, crossesTheWire, isErrorCode } from '../protocol/errors.ts';
import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/schema';
import { agentOf, placeOf, type Network } from './network.ts';

/** A registry that has not answered by then is not there. */
const DEADLINE_MS = 10_000;
/** A page of 1,000 names of 1 KiB, with endpoints, is below this. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** A stranger's explanation is cut after so many characters. */
const MAX_DETAIL = 500;

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  /** Undefined for a body that is empty or not JSON. */
  json: unknown;
  /** When to ask again, in seconds, where a refusal says so (RFC 9110 section 10.2.3). */
  retryAfter?: number;
}

/** What a call may have; what is left out is GET, without a body. */
export interface CallOptions {
  method?: string;
  /** The JSON text. */
  body?: string | undefined;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/**
 * @param path at the registry, with its query
 * @throws CodedError `registry-unreachable` when nobody answers, `wrong-certificate`,
 * `registry-misbehaves` for an answer that is too large
 */
export async function callJson(
  network: Network,
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  return withinDeadline(network, options.signal, async (signal) => {
    const response = await responseTo(network, path, { ...options, signal });
    const { statusCode: status = 0, headers } = response;
    const text = await boundedText(response, network);
    const retryAfter = /^\d{1,9}$/.exec(headers['retry-after'] ?? '')?.[0];
    return {
      ...{ status, headers, json: parsed(text) },
      ...(retryAfter !== undefined && { retryAfter: Number(retryAfter) }),
    };
  });
}

/**
 * Begins a call whose answer goes on: the deadline is for its head alone, the signal for all of it.
 *
 * @throws CodedError `registry-unreachable`, `wrong-certificate`
 */
export async function beginCall(
  network: Network,
  path: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return withinDeadline(network, signal, (within) =>
    responseTo(network, path, { headers, signal: within }),
  );
}

/** Sends a request; answers when the head of the response is there. */
async function responseTo(
  network: Network,
  path: string,
  options: CallOptions & { signal: AbortSignal },
): Promise<IncomingMessage> {
  try {
    return await sent(network, path, options);
  } catch (error) {
    // A kept connection that the registry closed just then; what is not asked twice for nothing fails.
    if (!(error instanceof StaleConnection) || options.method === 'POST') throw error;
    return await sent(network, path, options);
  }
}

/** A connection that had served before ended before there was any answer. */
class StaleConnection extends Error {}

function sent(
  network: Network,
  path: string,
  { method = 'GET', body, headers, signal }: CallOptions,
): Promise<IncomingMessage> {
  const { url, key } = network;
  const isTls = url.protocol === 'https:';
  const options: RequestOptions = {
    ...placeOf(url),
    ...{ path, method, agent: agentOf(network), signal },
    headers: {
      ...headers,
      // Never in the clear, whoever asks for it.
      ...(key !== undefined && isTls && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
    },
  };
  return new Promise((resolve, reject) => {
    const call = isTls ? requestOverTls(options) : request(options);
    call
      .on('response', resolve)
      .on('error', (cause: NodeJS.ErrnoException) => {
        const isStale = call.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(cause.code ?? '');
        reject(isStale ? new StaleConnection(cause.message, { cause }) : cause);
      })
      .end(body);
  });
}

async function withinDeadline<T>(
  { url }: Network,
  signal: AbortSignal | undefined,
  call: (within: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const deadline = setTimeout(() => {
    late.abort();
  }, DEADLINE_MS);
  try {
    return await call(signal ? AbortSignal.any([signal, late.signal]) : late.signal);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    if (signal?.aborted) throw new CodedError('interrupted', 'Interrupted.', { cause: error });
    const why = late.signal.aborted ? `no answer within ${DEADLINE_MS / 1000} s` : reasonOf(error);
    throw new CodedError(
      'registry-unreachable',
      `No registry answers at ${url.origin}: ${why}. "sp2p registry" runs one, --registry names another.`,
      { cause: error },
    );
  } finally {
    clearTimeout(deadline);
  }
}

/** The answer of a call that has to succeed: a problem document becomes the error that it tells of. */
export async function callJsonOrThrow(...call: Parameters<typeof callJson>): Promise<unknown> {
  const answer = await callJson(...call);
  if (answer.status >= 200 && answer.status < 300) return answer.json;
  throw refusalOf(call[0], answer);
}

/** The same for an answer that has a shape. @throws CodedError `registry-misbehaves` for one of another */
export async function callFor<S extends TSchema>(
  schema: S,
  ...call: Parameters<typeof callJson>
): Promise<Static<S>> {
  const json = await callJsonOrThrow(...call);
  if (Check(schema, json)) return json;
  throw misbehaves(call[0], 'an answer of another shape');
}

/** What an answer says that is none of success. */
export function refusalOf(network: Network, { status, json, retryAfter }: Answer): CodedError {
  const problem = (typeof json === 'object' ? json : null) as Record<string, unknown> | null;
  const { code, detail } = problem ?? {};
  const facts = retryAfter === undefined ? {} : { retryAfter };
  return typeof code === 'string' && isErrorCode(code) && crossesTheWire(code)
    ? new CodedError(code, typeof detail === 'string' ? detail.slice(0, MAX_DETAIL) : code, {
        facts,
      })
    : misbehaves(network, `status ${status}`, { status, ...facts });
}

/** When to ask again, in seconds, if a registry that refused said so. */
export function retryAfterOf(error: unknown): number | undefined {
  const told = error instanceof CodedError ? error.facts['retryAfter'] : undefined;
  return typeof told === 'number' ? told : undefined;
}

export function misbehaves({ url }: Network, what: string, facts = {}): CodedError {
  return new CodedError(
    'registry-misbehaves',
    `The registry at ${url.origin} answered something that it should not: ${what}.`,
    { facts },
  );
}

async function boundedText(response: IncomingMessage, network: Network): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop closes the connection.
    if (length > MAX_ANSWER_BYTES) throw misbehaves(network, `more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  return first instanceof Error ? first.message : String(first);
}
