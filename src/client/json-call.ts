// One JSON call to a registry: a deadline, a bounded answer, no redirects. What the answer means is
// the contracts' to say.
import { CodedError, crossesTheWire, isErrorCode } from '../protocol/errors.ts';

/** A registry that has not answered by then is not there. */
const DEADLINE_MS = 10_000;
/** A page of 1,000 names of 1 KiB, with endpoints, is below this. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** A stranger's explanation is cut after so many characters. */
const MAX_DETAIL = 500;

export interface Answer {
  status: number;
  /** Undefined for a body that is empty or not JSON. */
  json: unknown;
  /** When to ask again, in seconds, where a refusal says so (RFC 9110 section 10.2.3). */
  retryAfter?: number;
}

/** What a call may have; what is left out is GET, without a body. */
interface CallOptions {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/**
 * @throws CodedError `registry-unreachable` when nobody answers, `registry-misbehaves` for an answer
 * that is too large or a redirect
 */
export async function callJson(url: URL, options: CallOptions = {}): Promise<Answer> {
  const { method = 'GET', body, headers = {}, signal } = options;
  return withinDeadline(url, signal, async (within) => {
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      signal: within,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await boundedText(response, url);
    const retryAfter = /^\d{1,9}$/.exec(response.headers.get('retry-after') ?? '')?.[0];
    return {
      status: response.status,
      json: parsed(text),
      ...(retryAfter !== undefined && { retryAfter: Number(retryAfter) }),
    };
  });
}

/**
 * Begins a call whose answer goes on: the deadline is for its head alone, the signal for all of it.
 *
 * @throws CodedError `registry-unreachable`
 */
export function beginCall(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  return withinDeadline(url, signal, (within) =>
    fetch(url, { redirect: 'manual', signal: within, headers }),
  );
}

async function withinDeadline<T>(
  url: URL,
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
    const why = late.signal.aborted ? `no answer within ${DEADLINE_MS / 1000} s` : causeOf(error);
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

/** What an answer says that is none of success. */
export function refusalOf(url: URL, { status, json, retryAfter }: Answer): CodedError {
  const problem = (typeof json === 'object' ? json : null) as Record<string, unknown> | null;
  const { code, detail } = problem ?? {};
  const facts = retryAfter === undefined ? {} : { retryAfter };
  return typeof code === 'string' && isErrorCode(code) && crossesTheWire(code)
    ? new CodedError(code, typeof detail === 'string' ? detail.slice(0, MAX_DETAIL) : code, {
        facts,
      })
    : misbehaves(url, `status ${status}`, { status, ...facts });
}

/** When to ask again, in seconds, if a registry that refused said so. */
export function retryAfterOf(error: unknown): number | undefined {
  const told = error instanceof CodedError ? error.facts['retryAfter'] : undefined;
  return typeof told === 'number' ? told : undefined;
}

export function misbehaves(url: URL, what: string, facts = {}): CodedError {
  return new CodedError(
    'registry-misbehaves',
    `The registry at ${url.origin} answered something that it should not: ${what}.`,
    { facts },
  );
}

async function boundedText(response: Response, url: URL): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop cancels the body.
    if (length > MAX_ANSWER_BYTES) throw misbehaves(url, `more than ${MAX_ANSWER_BYTES} bytes`);
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

/** fetch says only "fetch failed"; what failed is in its cause. */
function causeOf(error: unknown): string {
  const { cause, message } = error as Error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error)
    return cause.errors[0].message;
  return cause instanceof Error ? cause.message : message;
}
