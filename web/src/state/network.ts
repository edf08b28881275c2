// What is on this network, as far as the registry says: counts, peers and what changes just now.
import { effect, signal } from '@preact/signals';
import type { Change, PeerSummary } from '../../../src/protocol/schemas.ts';
import { follow } from '../api/follow.ts';
import { EVENTS_PATH, peers as askPeers, stats as askStats, type Stats } from '../api/registry.ts';
import { findAccess } from './access.ts';
import { host, mainLine, setLine, type Line } from './host.ts';
import { endpointText } from '../parts/format.ts';

export interface Seen {
  id: number;
  at: number;
  change: Change;
}

/** Newest first. */
const MAX_SEEN = 40;
export const MAX_PEERS = 500;
/** However much changes, so often and no more it is asked anew. */
const ASK_EVERY_MS = 2_000;

export const stats = signal<Stats | undefined>(undefined);
export const peers = signal<readonly PeerSummary[] | undefined>(undefined);
export const hasMorePeers = signal(false);
export const seen = signal<readonly Seen[]>([]);
/** Counts the changes: whoever shows an answer of before may ask again. */
export const changes = signal(0);
export const registryLine = signal<Line>({ at: 'connecting', since: Date.now() });
/** Whether the last answers are still what the registry would say. */
export const isStatsTrue = signal(false);

/** What people call the peers that said so, by endpoint. */
export const peerNames = signal<ReadonlyMap<string, string>>(new Map());

/** How many views want it. */
const lookers = signal(0);
let lastSeen = 0;
let asked = 0;
let planned: ReturnType<typeof setTimeout> | undefined;

/** Follows the registry for as long as a view looks; at a registry, always. */
export function startFollowingNetwork(): void {
  const isWanted = signal(false);
  effect(() => {
    isWanted.value = host.value === 'registry' || (host.value === 'peer' && lookers.value > 0);
  });
  effect(() => {
    if (!isWanted.value) return undefined;
    const end = new AbortController();
    void follow(
      EVENTS_PATH,
      undefined,
      {
        onEvent: ({ kind, data }) => {
          if (kind !== 'reset') note(JSON.parse(data) as Change);
          askSoon();
        },
        onLive: () => {
          setAt('live');
          askSoon();
          // Whether it is the same network as before, and one's role in it.
          void findAccess(end.signal).catch(() => undefined);
        },
        onAway: () => {
          setAt('away');
        },
        onRefused: () => {
          setAt('away');
        },
      },
      end.signal,
    );
    return () => {
      end.abort();
      setAt('connecting');
    };
  });
}

/** For an effect of a view: looks until called back. */
export function lookAtNetwork(): () => void {
  lookers.value++;
  return () => {
    lookers.value--;
  };
}

function setAt(at: Line['at']): void {
  setLine(registryLine, at);
  if (host.peek() === 'registry') setLine(mainLine, at);
  if (at !== 'live') isStatsTrue.value = false;
}

function note(change: Change): void {
  seen.value = [{ id: ++lastSeen, at: Date.now(), change }, ...seen.value].slice(0, MAX_SEEN);
  changes.value++;
}

function askSoon(): void {
  if (planned !== undefined) return;
  const wait = Math.max(0, asked + ASK_EVERY_MS - Date.now());
  planned = setTimeout(() => {
    planned = undefined;
    asked = Date.now();
    void ask();
  }, wait);
}

async function ask(): Promise<void> {
  try {
    const [counts, listed] = await Promise.all([askStats(), askPeers(MAX_PEERS)]);
    stats.value = counts;
    peers.value = listed.peers;
    hasMorePeers.value = listed.more;
    isStatsTrue.value = registryLine.peek().at === 'live';
    peerNames.value = new Map(
      listed.peers.flatMap(({ endpoint, displayName }) =>
        displayName === null ? [] : [[endpointText(endpoint), displayName] as const],
      ),
    );
  } catch {
    isStatsTrue.value = false;
    if (registryLine.peek().at === 'live') askSoon();
  }
}
