// Where this page came from, a registry or the peer itself, and whether what it shows is live.
import { computed, signal } from '@preact/signals';
import { controlCalls, isPeerHost } from '../api/control.ts';
import { findAccess, isSignedOut } from './access.ts';
import { forgetToken, takeToken } from '../api/token.ts';

export type Host = 'unknown' | 'registry' | 'peer';

export interface Line {
  at: 'connecting' | 'live' | 'away';
  /** Milliseconds since 1970. */
  since: number;
}

const AGAIN_MS = 2_000;

export const host = signal<Host>('unknown');
/** What lets this page steer the peer; undefined: nobody has given it, or it is not right any more. */
export const token = signal<string | undefined>(undefined);
export const control = computed(() =>
  token.value === undefined ? undefined : controlCalls(token.value),
);
/** The stream that keeps this page true: the peer's at a peer, the registry's at a registry. */
export const mainLine = signal<Line>({ at: 'connecting', since: Date.now() });
export const isLive = computed(() => mainLine.value.at === 'live');

export function setLine(line: typeof mainLine, at: Line['at']): void {
  if (line.value.at !== at) line.value = { at, since: Date.now() };
}

export function refuseToken(): void {
  forgetToken();
  token.value = undefined;
}

/** Finds out where the page came from, and asks until somebody answers. */
export async function findHost(signal: AbortSignal): Promise<void> {
  token.value = takeToken();
  addEventListener('hashchange', () => {
    token.value = takeToken();
  });
  while (!signal.aborted) {
    try {
      const isPeer = await isPeerHost(signal);
      // A peer asks its registry, which may be away; a registry knows at once, and nothing is shown before.
      if (!isPeer) await findAccess(signal);
      host.value = isPeer ? 'peer' : 'registry';
      return;
    } catch {
      if (isSignedOut.peek()) return;
      setLine(mainLine, 'away');
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
