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
} from '../../protocol/schemas.ts';
import { inCodePointOrder } from './search-text.ts';
import type { Row, SqliteFile, Values } from './sqlite-file.ts';
import type { RecentEntries } from './sqlite-recent.ts';
import type { Counts } from './store.ts';

/** A peer without a lease is probed instead; one with a lease is there until it ends. */
export const IS_LIVE = '(p.expires_at IS NULL OR p.expires_at > :now)';

/** A JSON array of endpoints as SQL puts it together. */
const ENDPOINTS = `json_group_array(DISTINCT json_array(p.ip_address, p.port))`;

/** What `sizeOf` reads. */
const SIZES = 'min(o.size) AS least, max(o.size) AS most';

export function listNames(
  file: SqliteFile,
  recent: RecentEntries,
  after: string,
  limit: number,
  now: number,
): RegisteredName[] {
  const names = new Map<string, RegisteredName>();
  const add = (from: string, values: Values) => {
    const rows = file.all(
      `SELECT n.name, ${ENDPOINTS} AS endpoints
       FROM ${from} n JOIN offers o ON o.name = n.id JOIN peers p ON p.id = o.peer
       WHERE n.name > :after AND ${IS_LIVE}
       GROUP BY n.name ORDER BY n.name LIMIT :limit`,
      { ...values, after, limit, now },
    );
    for (const row of rows) {
      const endpoints = JSON.parse(row['endpoints'] as string) as [string, number][];
      const name = row['name'] as string;
      names.set(name, {
        name,
        endpoints: endpoints.map(([ipAddress, port]) => ({ ipAddress, port })),
      });
    }
    return rows.length;
  };
  add('by_name', {});
  // Not each of those that came has a live peer.
  for (let [from, found] = [after, 0]; found < limit;) {
    const some = recent.namesAfter(from, limit);
    found += add('(SELECT id, name FROM names WHERE id IN (SELECT value FROM json_each(:some)))', {
      some: JSON.stringify(some.map(({ id }) => id)),
    });
    const last = some.at(-1);
    if (!last) break;
    from = last.name;
  }
  return [...names.values()].sort((a, b) => inCodePointOrder(a.name, b.name)).slice(0, limit);
}

/** A content with all of its sources, in no order. */
export function contentOf(
  file: SqliteFile,
  recent: RecentEntries,
  root: string,
  now: number,
): Content {
  const came = recent.offersOf(root).map(({ peer, name, size }) => [peer, name, size]);
  const held = { root: blobOf(root), came: JSON.stringify(came), now };
  const rows = file.all(
    `SELECT p.ip_address, p.port, p.peer_id,
       max(h.complete) AS complete, min(h.least) AS least, max(h.most) AS most
     FROM (
       SELECT peer, 1 AS complete, min(size) AS least, max(size) AS most
       FROM by_root WHERE root = :root GROUP BY peer
       UNION ALL
       SELECT value ->> 0, 1, value ->> 2, value ->> 2 FROM json_each(:came)
       UNION ALL
       SELECT peer, complete, NULL, NULL FROM holdings WHERE root = :root
     ) h JOIN peers p ON p.id = h.peer
     WHERE ${IS_LIVE}
     GROUP BY p.id`,
    held,
  );
  const names = file.all(
    `SELECT name FROM names WHERE id IN (
       SELECT o.name FROM (
         SELECT peer, name FROM by_root WHERE root = :root
         UNION ALL
         SELECT value ->> 0, value ->> 1 FROM json_each(:came)
       ) o JOIN peers p ON p.id = o.peer WHERE ${IS_LIVE}
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

export function counts(file: SqliteFile, recent: RecentEntries, now: number): Counts {
  const peers = file.one(
    `SELECT count(*) FILTER (WHERE ${IS_LIVE}) AS peers,
       count(*) FILTER (WHERE p.expires_at > :now) AS leases
     FROM peers p`,
    { now },
  ) as unknown as Omit<Counts, 'names'>;
  return { ...peers, names: recent.count };
}

/** So many contents are counted at once, a seek of the index each: some 2 ms. */
const COUNTED_AT_ONCE = 1_000;

/** From root to root, however many names one of them has; others have their turn in between. */
export async function countContents(file: SqliteFile, recent: RecentEntries): Promise<number> {
  const inTree = await countRoots(file);
  const came = recent.roots;
  let count = inTree;
  for (let at = 0; at < came.length; at += COUNTED_AT_ONCE) {
    const some = JSON.stringify(came.slice(at, at + COUNTED_AT_ONCE));
    const counted = file.one(
      `SELECT count(DISTINCT value) AS count FROM json_each(:some)
       WHERE NOT EXISTS (SELECT 1 FROM by_root WHERE root = unhex(value))`,
      { some },
    );
    count += counted?.['count'] as number;
    await setImmediate();
  }
  return count;
}

async function countRoots(file: SqliteFile): Promise<number> {
  let count = 0;
  let after: unknown = new Uint8Array();
  for (;;) {
    const counted = file.one(
      `WITH RECURSIVE each (root) AS (
         SELECT min(root) FROM by_root WHERE root > :after
         UNION ALL
         SELECT (SELECT min(root) FROM by_root WHERE root > each.root) FROM each
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
export function sizeOf(least: number | null, most: number | null): number | null {
  return least === most ? most : null;
}
