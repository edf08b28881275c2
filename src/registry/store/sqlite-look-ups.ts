// What the SQLite engine is asked: queries over its file, and rows made into answers.
import { setImmediate } from 'node:timers/promises';
import type { Endpoint } from '../../protocol/endpoints.ts';
import {
  MAX_CONTENT_NAMES,
  type Content,
  type Contract,
  type Found,
  type PeerSummary,
  type RegisteredName,
  type Source,
  type Version,
} from '../../protocol/schemas.ts';
import { chosen } from './large-contents.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';
import type { Counts, LookedUp } from './store.ts';

const OFFERS = 'names n JOIN offers o ON o.name = n.id JOIN peers p ON p.id = o.peer';

/** A peer without a lease is probed instead; one with a lease is there until it ends. */
const IS_LIVE = '(p.expires_at IS NULL OR p.expires_at > :now)';

/** A JSON array of endpoints as SQL puts it together. */
const ENDPOINTS = `json_group_array(DISTINCT json_array(p.ip_address, p.port))`;

/** What `sizeOf` reads. */
const SIZES = 'min(o.size) AS least, max(o.size) AS most';

/** What is asked of the peers in memory. */
export interface LivePeers {
  live: (
    id: number,
    now: number,
  ) => { endpoint: Endpoint; contract: Contract; peerId: string | null; key: string } | undefined;
}

// The next are asked for every look-up: written down once, as finding a statement takes its text. Who is live
// is asked of the peers in memory, which takes less time than joining them.
const OFFERED_BY = 'SELECT o.peer FROM names n JOIN offers o ON o.name = n.id WHERE n.name = ?';
/** Roots as text: a blob would take SQLite's callers longer than all the rest of a row. */
const ROOT = 'lower(hex(o.root))';
const TOLD_UNDER = `SELECT o.peer, o.size, o.modified, ${ROOT}
  FROM names n JOIN offers o ON o.name = n.id WHERE n.name = ?`;
/**
 * A peer counts once, however many of its names have the content: only native peers tell roots, one of which
 * is at an endpoint. To group them is faster than DISTINCT.
 */
const HELD_BY = `SELECT o.peer, min(o.size), max(o.size) FROM offers o
  WHERE o.root = unhex(?) GROUP BY o.peer`;
/** Names with more rows than this, holders for each teller, are asked for in two steps. */
const MAX_JOINED = 100;
/** Both at once, for the many names that few offer: half of the time is beginning and ending to read. */
const TOLD_AND_HELD = `SELECT o.peer, o.size, o.modified, ${ROOT}, h.peer, h.size
  FROM names n JOIN offers o ON o.name = n.id LEFT JOIN offers h ON h.root = o.root
  WHERE n.name = ? LIMIT ${MAX_JOINED + 1}`;

export function endpointsOf(
  file: SqliteFile,
  known: LivePeers,
  name: string,
  now: number,
): Endpoint[] {
  // One endpoint may be there through both contracts.
  const byKey = new Map<string, Endpoint>();
  for (const [id] of file.lists(OFFERED_BY, name)) {
    const peer = known.live(id as number, now);
    if (peer) byKey.set(peer.key, peer.endpoint);
  }
  return [...byKey.values()];
}

/** The live peers at an endpoint that offer a name: at most one of each contract. */
export function holdersAt(file: SqliteFile, name: string, endpoint: Endpoint, now: number) {
  return file.all(
    `SELECT p.id, p.contract, p.names FROM ${OFFERS}
     WHERE n.name = :name AND p.ip_address = :ip AND p.port = :port AND ${IS_LIVE}`,
    { name, ip: endpoint.ipAddress, port: endpoint.port, now },
  ) as { id: number; contract: Contract; names: number }[];
}

export function listNames(
  file: SqliteFile,
  after: string,
  limit: number,
  now: number,
): RegisteredName[] {
  return file
    .all(
      `SELECT n.name, ${ENDPOINTS} AS endpoints FROM ${OFFERS}
       WHERE n.name > :after AND ${IS_LIVE}
       GROUP BY n.name ORDER BY n.name LIMIT :limit`,
      { after, limit, now },
    )
    .map((row) => ({
      name: row['name'] as string,
      endpoints: (JSON.parse(row['endpoints'] as string) as [string, number][]).map(
        ([ipAddress, port]) => ({ ipAddress, port }),
      ),
    }));
}

/** The root is empty where none is told. */
type ToldRow = [peer: number, size: number | null, modified: number | null, root: string];
type HeldRow = [peer: number, least: number | null, most: number | null];

/** What is kept of a name, whether its peers are live or not. */
interface Kept {
  told: ToldRow[];
  /** Of a root, those of a peer one after another. */
  heldBy: (root: string) => readonly HeldRow[];
}

/** Grouped here, for which SQLite needs several times as long. */
export function lookUp(
  file: SqliteFile,
  known: LivePeers,
  name: string,
  most: Record<keyof LookedUp, number>,
  now: number,
): LookedUp {
  const { told, heldBy } = keptOf(file, name);
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
  const versions: Version[] = [];
  for (const [root, modified] of latest)
    versions.push({ root, modified, ...countHeld(heldBy(root), known, now) });
  return {
    versions: versions.sort(byHolders).slice(0, most.versions),
    sources: chosen([...sources.values()], most.sources),
  };
}

function keptOf(file: SqliteFile, name: string): Kept {
  const rows = file.lists(TOLD_AND_HELD, name) as [...ToldRow, number | null, number | null][];
  if (rows.length > MAX_JOINED)
    return {
      told: file.lists(TOLD_UNDER, name) as ToldRow[],
      heldBy: (root) => file.lists(HELD_BY, root) as HeldRow[],
    };
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

/** A content with all of its sources, in no order. */
export function contentOf(file: SqliteFile, root: string, now: number): Content {
  const held = { root: blobOf(root), now };
  const rows = file.all(
    `SELECT p.ip_address, p.port, p.peer_id,
       max(h.complete) AS complete, min(h.least) AS least, max(h.most) AS most
     FROM (
       SELECT peer, 1 AS complete, min(size) AS least, max(size) AS most
       FROM offers WHERE root = :root GROUP BY peer
       UNION ALL
       SELECT peer, complete, NULL, NULL FROM holdings WHERE root = :root
     ) h JOIN peers p ON p.id = h.peer
     WHERE ${IS_LIVE}
     GROUP BY p.id`,
    held,
  );
  const names = file.all(
    `SELECT name FROM names WHERE id IN (
       SELECT o.name FROM offers o JOIN peers p ON p.id = o.peer WHERE o.root = :root AND ${IS_LIVE}
     ) ORDER BY name LIMIT :limit`,
    { ...held, limit: MAX_CONTENT_NAMES },
  );
  const sizes = new Set(rows.flatMap(({ least, most }) => (least === null ? [] : [least, most])));
  const holders = rows.filter(({ complete }) => complete === 1).length;
  return {
    root,
    size: sizes.size === 1 ? ([...sizes][0] as number) : null,
    holders,
    partial: rows.length - holders,
    names: names.map((row) => row['name'] as string),
    sources: rows.map((row) => ({
      endpoint: endpointOf(row),
      peerId: row['peer_id'] as string,
      complete: row['complete'] === 1,
    })),
  };
}

/** What live peers tell of names; one that none offers is left out. */
export function toldOf(
  file: SqliteFile,
  ids: number[],
  now: number,
): Map<number, Omit<Found, 'name'>> {
  // Most names have one holder, and nearly all one content: what differs is counted where it does.
  const others = `SELECT * FROM offers o2 JOIN peers p2 ON p2.id = o2.peer
    WHERE o2.name = o.name AND (p2.expires_at IS NULL OR p2.expires_at > :now)`;
  const rows = file.all(
    `SELECT o.name AS id, ${SIZES}, max(o.modified) AS modified, max(o.root) AS root,
       CASE WHEN max(o.root) IS NULL THEN 0 WHEN min(o.root) = max(o.root) THEN 1
         ELSE (SELECT count(DISTINCT root) FROM (${others})) END AS versions,
       CASE WHEN count(*) = 1 THEN 1
         ELSE (SELECT count(DISTINCT ip_address || ' ' || port) FROM (${others})) END AS holders
     FROM json_each(:ids) j CROSS JOIN offers o ON o.name = j.value JOIN peers p ON p.id = o.peer
     WHERE ${IS_LIVE}
     GROUP BY o.name`,
    { ids: JSON.stringify(ids), now },
  );
  return new Map(
    rows.map((row) => [
      row['id'] as number,
      {
        size: sizeOf(row['least'] as number | null, row['most'] as number | null),
        modified: row['modified'] as number | null,
        holders: row['holders'] as number,
        versions: row['versions'] as number,
        root: row['versions'] === 1 ? rootOf(row['root']) : null,
      },
    ]),
  );
}

export function peers(file: SqliteFile, limit: number, now: number): PeerSummary[] {
  return file
    .all(
      `SELECT p.ip_address, p.port, p.contract, p.peer_id, p.display_name, p.names FROM peers p
       WHERE ${IS_LIVE} ORDER BY p.names DESC, p.id LIMIT :limit`,
      { limit, now },
    )
    .map((row) => ({
      endpoint: endpointOf(row),
      contract: row['contract'] as Contract,
      peerId: row['peer_id'] as string | null,
      displayName: row['display_name'] as string | null,
      names: row['names'] as number,
    }));
}

/** Names are counted without being read: SQLite adds up the cells of each page. */
export function counts(file: SqliteFile, now: number): Counts {
  return file.one(
    `SELECT count(*) FILTER (WHERE ${IS_LIVE}) AS peers,
       count(*) FILTER (WHERE p.expires_at > :now) AS leases,
       (SELECT count(*) FROM names) AS names
     FROM peers p`,
    { now },
  ) as unknown as Counts;
}

/** So many contents are counted at once, a seek of the index each: some 2 ms. */
const COUNTED_AT_ONCE = 1_000;

/** From root to root, however many names one of them has; others have their turn in between. */
export async function countContents(file: SqliteFile): Promise<number> {
  let count = 0;
  let after: unknown = new Uint8Array();
  for (;;) {
    const counted = file.one(
      `WITH RECURSIVE each (root) AS (
         SELECT min(root) FROM offers WHERE root > :after
         UNION ALL
         SELECT (SELECT min(root) FROM offers WHERE root > each.root) FROM each
         WHERE each.root IS NOT NULL
         LIMIT ${COUNTED_AT_ONCE}
       )
       SELECT count(root) AS count, max(root) AS last FROM each`,
      { after: after as Uint8Array },
    );
    const found = counted?.['count'] as number;
    count += found;
    if (found < COUNTED_AT_ONCE) return count;
    after = counted?.['last'];
    await setImmediate();
  }
}

export function endpointOf(row: Row): Endpoint {
  return { ipAddress: row['ip_address'] as string, port: row['port'] as number };
}

export function blobOf(root: string): Uint8Array {
  return Buffer.from(root, 'hex');
}

function hexOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('hex');
}

function rootOf(value: unknown): string | null {
  return value instanceof Uint8Array ? hexOf(value) : null;
}

/** Null: nobody told a size, or those who did differ. */
function sizeOf(least: number | null, most: number | null): number | null {
  return least === most ? most : null;
}
