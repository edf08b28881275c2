// One call to the host that this page came from: JSON there and back, a deadline, and errors with the
// stable code of the problem document.

import { carriedToken } from './token.ts';

/** Whoever has not answered by then does not. */
const DEADLINE_MS = 15_000;

/** A call that failed. `code` is the problem document's, or `unreachable` where nothing answered. */
export class CallError extends Error {
  readonly code: string;
  /** 0 where there was no answer. */
  readonly status: number;

  constructor(code: string, status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

let tellRefused: () => void = () => undefined;

/** Told whenever the host does not know who this is any more: the session has ended, or the key of it. */
export function whenRefused(tell: () => void): void {
  tellRefused = tell;
}

/** What follows from the status of an answer, of a call or of a stream. */
export function lookAtStatus(status: number): void {
  if (status === 401 && carriedToken() === undefined) tellRefused();
}

/** A registry knows its page by a cookie; a peer has none, and its token goes nowhere but there. */
export function credentials(): RequestCredentials {
  return carriedToken() === undefined ? 'same-origin' : 'omit';
}

export interface CallOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  /** Default: the one that came with this page. */
  token?: string | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The answer's JSON, undefined where it has no body. Its shape is believed: the host that sent it also sent
 * this page.
 *
 * @throws CallError, or the signal's reason
 */
export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const { method = 'GET', body, token = carriedToken(), signal } = options;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  try {
    const answer = await fetch(path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      cache: 'no-store',
      credentials: credentials(),
    });
    const text = await answer.text();
    lookAtStatus(answer.status);
    if (!answer.ok) throw faultOf(answer.status, text);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  } catch (error) {
    if (error instanceof CallError) throw error;
    signal?.throwIfAborted();
    throw new CallError('unreachable', 0, 'There was no answer.', { cause: error });
  }
}

function faultOf(status: number, text: string): CallError {
  const problem = jsonOf(text);
  const code = member(problem, 'code') ?? `status-${status}`;
  return new CallError(code, status, member(problem, 'detail') ?? `It answered ${status}.`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function member(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found = (value as Record<string, unknown>)[key];
  return typeof found === 'string' ? found : undefined;
}
