// Who offers a name, and what of it: what the SQLite engine is asked all the time. Written down once, as finding a
// statement takes its text; who is live is asked of the peers in memory, which takes less time than joining them.
import type { Endpoint } from '../../protocol/endpoints.ts';
import type { Contract, Source, Version } from '../../protocol/schemas.ts';
import { chosen } from './large-contents.ts';
import type { SqliteFile } from './sqlite-file.ts';
import type { RecentEntries } from './sqlite-recent.ts';
import { sizeOf } from './sqlite-look-ups.ts';
import type { LookedUp } from './store.ts';

/** What is asked of the peers in memory. */
export interface LivePeers {
  live: (
    id: number,
    now: number,
  ) => { endpoint: Endpoint; contract: Contract; peerId: string | null; key: string } | undefined;
}

const OFFERED_BY = 'SELECT o.peer FROM by_name n JOIN offers o ON o.name = n.id WHERE n.name = ?';
const OFFERED_RECENTLY_BY = 'SELECT peer FROM offers WHERE name = ?';
/** Roots as text: a blob would take SQLite's callers longer than all the rest of a row. */
const ROOT = 'lower(hex(o.root))';
const TOLD_UNDER = `SELECT o.peer, o.size, o.modified, ${ROOT} FROM offers o WHERE o.name = ?`;
/** Grouped, as a peer may have a content under very many names. */
const HELD_BY = `SELECT peer, min(size), max(size) FROM by_root WHERE root = unhex(?) GROUP BY peer`;
/** Names with more rows than this, holders for each teller, are asked for in steps. */
const MAX_JOINED = 100;
/** All at once, for the many names that few offer: half of the time is beginning and ending to read. */
const TOLD_AND_HELD = `SELECT o.peer, o.size, o.modified, ${ROOT}, h.peer, h.size
  FROM by_name n JOIN offers o ON o.name = n.id LEFT JOIN by_root h ON h.root = o.root
  WHERE n.name = ? LIMIT ${MAX_JOINED + 1}`;

export function endpointsOf(
  file: SqliteFile,
  recent: RecentEntries,
  known: LivePeers,
  name: string,
  now: number,
): Endpoint[] {
  let rows = file.lists(OFFERED_BY, name);
  const id = rows.length === 0 ? recent.idOf(name) : undefined;
  if (id !== undefined) rows = file.lists(OFFERED_RECENTLY_BY, id);
  // One endpoint may be there through both contracts.
  const byKey = new Map<string, Endpoint>();
  for (const [holder] of rows) {
    const peer = known.live(holder as number, now);
    if (peer) byKey.set(peer.key, peer.endpoint);
  }
  return [...byKey.values()];
}

/** The root is empty where none is told. */
type ToldRow = [peer: number, size: number | null, modified: number | null, root: string];
type HeldRow = [peer: number, least: number | null, most: number | null];

/** What is kept of a name, whether its peers are live or not. */
interface Kept {
  told: ToldRow[];
  /** Who holds a root, as far as it is in the tree: a peer possibly several times, one after another. */
  heldBy: (root: string) => readonly HeldRow[];
}

/** Grouped here, for which SQLite needs several times as long. */
export function lookUp(
  file: SqliteFile,
  recent: RecentEntries,
  known: LivePeers,
  name: string,
  most: Record<keyof LookedUp, number>,
  now: number,
): LookedUp {
  const { told, heldBy } = keptOf(file, recent, name);
  const sources = new Map<string, Source>();
  const latest = new Map<string, number>();
  for (const [id, size, modified, toldRoot] of told) {
    const peer = known.live(id, now);
    if (!peer) continue;
    const { endpoint, contract, peerId, key } = peer;
    const root = toldRoot === '' ? null : toldRoot;
    // Of an endpoint's two contracts the native one.
    if (contract === 'native' || !sources.has(key))
      sources.set(key, { endpoint, contract, peerId, size, modified, root });
    if (root !== null && modified !== null)
      latest.set(root, Math.max(modified, latest.get(root) ?? modified));
  }
  const holders = (root: string) => {
    const came = recent.offersOf(root).map(({ peer, size }): HeldRow => [peer, size, size]);
    return came.length === 0 ? heldBy(root) : [...heldBy(root), ...came].sort(byPeer);
  };
  const versions: Version[] = [];
  for (const [root, modified] of latest)
    versions.push({ root, modified, ...countHeld(holders(root), known, now) });
  return {
    versions: versions.sort(byHolders).slice(0, most.versions),
    sources: chosen([...sources.values()], most.sources),
  };
}

function keptOf(file: SqliteFile, recent: RecentEntries, name: string): Kept {
  const rows = file.lists(TOLD_AND_HELD, name) as [...ToldRow, number | null, number | null][];
  if (rows.length === 0 || rows.length > MAX_JOINED) {
    const id = recent.idOf(name);
    return {
      told: id === undefined ? [] : (file.lists(TOLD_UNDER, id) as ToldRow[]),
      heldBy: (root) => file.lists(HELD_BY, root) as HeldRow[],
    };
  }
  const told: ToldRow[] = [];
  /** Of each root with the first who tells it: to the others they are joined again. */
  const held = new Map<string, { teller: number; rows: HeldRow[] }>();
  for (const [peer, size, modified, root, holder, heldSize] of rows) {
    if (told.at(-1)?.[0] !== peer) told.push([peer, size, modified, root]);
    if (holder === null) continue;
    let of = held.get(root);
    if (!of) held.set(root, (of = { teller: peer, rows: [] }));
    if (of.teller === peer) of.rows.push([holder, heldSize, heldSize]);
  }
  return { told, heldBy: (root) => held.get(root)?.rows ?? [] };
}

function byPeer([peer]: HeldRow, [other]: HeldRow): number {
  return peer - other;
}

/** A peer counts once: only native peers tell roots, one of which is at an endpoint. */
function countHeld(rows: readonly HeldRow[], known: LivePeers, now: number) {
  let [least, most, holders] = [Infinity, -Infinity, 0];
  let counted: number | undefined;
  for (const [peer, from, to] of rows) {
    if (!known.live(peer, now)) continue;
    if (peer !== counted) holders++;
    counted = peer;
    if (from !== null) least = Math.min(least, from);
    if (to !== null) most = Math.max(most, to);
  }
  return { size: sizeOf(least, most), holders };
}

function byHolders(a: Version, b: Version): number {
  return (
    b.holders - a.holders || Number(b.modified) - Number(a.modified) || (a.root < b.root ? -1 : 1)
  );
}
