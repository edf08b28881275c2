// What the peer is doing, part by part, as its stream of events tells it.
import { batch, computed, effect, signal } from '@preact/signals';
import type { ControlState, Download } from '../../../src/protocol/control.ts';
import { STATE_EVENTS_PATH } from '../api/control.ts';
import { follow } from '../api/follow.ts';
import { host, mainLine, refuseToken, setLine, token } from './host.ts';
import { noteRates } from './rate-history.ts';

export const peer = signal<ControlState['peer'] | undefined>(undefined);
export const shares = signal<ControlState['shares']>([]);
export const downloads = signal<ControlState['downloads']>([]);
export const uploads = signal<ControlState['uploads']>([]);
export const limits = signal<ControlState['limits']>({ maxUpload: null, maxDownload: null });
export const settings = signal<ControlState['settings'] | undefined>(undefined);

const PARTS = { peer, shares, downloads, uploads, limits, settings } as const;

/** Downloads by what they bring. */
export const downloadsByRoot = computed<ReadonlyMap<string, Download>>(
  () => new Map(downloads.value.map((download) => [download.root, download])),
);

export function downloadById(id: string): Download | undefined {
  return downloads.value.find((download) => download.id === id);
}

/** Follows the peer whenever there is a token for it. */
export function startFollowingPeer(): void {
  effect(() => {
    const held = token.value;
    if (host.value !== 'peer' || held === undefined) return undefined;
    const end = new AbortController();
    void follow(
      STATE_EVENTS_PATH,
      held,
      {
        onEvent: ({ kind, data }) => {
          take(kind, data);
        },
        // What is shown is live once the first state is there, not before.
        onLive: () => undefined,
        onAway: () => {
          setLine(mainLine, 'away');
        },
        onRefused: (status) => {
          if (status === 401 || status === 403) refuseToken();
          else setLine(mainLine, 'away');
        },
      },
      end.signal,
    );
    return () => {
      end.abort();
    };
  });
}

function take(kind: string, data: string): void {
  if (kind === 'state') {
    batch(() => {
      put(JSON.parse(data) as ControlState);
      setLine(mainLine, 'live');
    });
  } else if (Object.hasOwn(PARTS, kind)) put({ [kind]: JSON.parse(data) as unknown });
}

/** Puts what came of the state where it is kept; its shape is believed, as that of every answer. */
function put(state: Partial<Record<keyof ControlState, unknown>>): void {
  for (const [part, kept] of Object.entries<{ value: unknown }>(PARTS)) {
    const told = state[part as keyof ControlState];
    if (told !== undefined) kept.value = told;
  }
  if (state.downloads !== undefined) noteRates(downloads.peek(), Date.now());
}
