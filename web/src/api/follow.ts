// Follows a stream of server-sent events for as long as somebody looks: connects again with growing pauses,
// says whether it is live, and lets go of the connection while the page is hidden. (A browser has six to a
// host, for all of its tabs.) Fetch rather than EventSource: the token goes in a header.
import { credentials, lookAtStatus } from './call.ts';
import { EventParser, type StreamEvent } from './event-stream.ts';
import { carriedToken } from './token.ts';

/** The host says something every 15 s; after so long it is taken for gone. */
const SILENCE_MS = 40_000;
const CONNECT_MS = 10_000;
const FIRST_PAUSE_MS = 400;
const MAX_PAUSE_MS = 10_000;
/** Looking at another tab for a moment costs no new connection. */
const HIDDEN_MS = 20_000;

export interface Follower {
  onEvent: (event: StreamEvent) => void;
  onLive: () => void;
  /** The connection was lost, or none came about. It is being tried again. */
  onAway: () => void;
  /** The host says no, for good: 401, 403, 404 … */
  onRefused: (status: number) => void;
}

/** Follows until aborted or refused; never rejects. */
export async function follow(
  url: string,
  token: string | undefined,
  follower: Follower,
  signal: AbortSignal,
): Promise<void> {
  let lastId = '';
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    await untilShown(signal);
    const attempt = new AbortController();
    const isOver = AbortSignal.any([signal, attempt.signal]);
    const patience = new Patience(() => {
      attempt.abort();
    });
    const stopHiding = whenHiddenFor(HIDDEN_MS, () => {
      attempt.abort();
    });
    try {
      patience.wait(CONNECT_MS);
      const headers: Record<string, string> = { accept: 'text/event-stream' };
      const carried = token ?? carriedToken();
      if (carried !== undefined) headers['authorization'] = `Bearer ${carried}`;
      if (lastId !== '') headers['last-event-id'] = lastId;
      const answer = await fetch(url, {
        headers,
        signal: isOver,
        cache: 'no-store',
        credentials: credentials(),
      });
      if (isFinal(answer.status)) {
        await answer.body?.cancel();
        lookAtStatus(answer.status);
        follower.onRefused(answer.status);
        return;
      }
      if (answer.ok && answer.body) {
        follower.onLive();
        const parser = new EventParser();
        const decoder = new TextDecoder();
        const reader = answer.body.getReader();
        for (;;) {
          patience.wait(SILENCE_MS);
          const { done, value } = await reader.read();
          if (done) break;
          pause = FIRST_PAUSE_MS;
          for (const event of parser.push(decoder.decode(value, { stream: true }))) {
            lastId = event.id;
            follower.onEvent(event);
          }
        }
      }
    } catch {
      // Whatever it was, the next attempt shows whether it lasts.
    } finally {
      patience.end();
      stopHiding();
      attempt.abort();
    }
    if (isAborted(signal)) return;
    follower.onAway();
    await rest(pause * (0.5 + Math.random() / 2), signal);
    pause = Math.min(MAX_PAUSE_MS, pause * 1.8);
  }
}

/** Asked through a function: the compiler believes that a signal once found calm stays so. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Asking again would bring the same; 408 and 429 pass. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Calls when it has been waited for longer than the last time that was given. */
class Patience {
  readonly #onEnd: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  wait(milliseconds: number): void {
    this.end();
    this.#timer = setTimeout(this.#onEnd, milliseconds);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function whenHiddenFor(milliseconds: number, tell: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(tell, milliseconds);
  };
  look();
  document.addEventListener('visibilitychange', look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
  };
}

function untilShown(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });
}

/** A pause that ends early when the network comes back, the page is looked at, or nobody waits any more. */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener('online', end);
      document.removeEventListener('visibilitychange', end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    addEventListener('online', end);
    document.addEventListener('visibilitychange', end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
