// What the PostgreSQL engine is asked of a content: who holds it, under any name or none.
import type { Content } from '../../protocol/schemas.ts';
import { MAX_CONTENT_NAMES } from '../../protocol/schemas.ts';
import { endpointOf, isLive } from './postgres-look-ups.ts';
import type { Sql } from './postgres-server.ts';

interface HolderRow {
  ip_address: string;
  port: number;
  peer_id: string;
  complete: boolean;
  least: number | null;
  most: number | null;
}

/** A content with all of its sources, in no order. */
export async function contentOf(sql: Sql, root: string, now: number): Promise<Content> {
  const isIt = sql`root = decode(${root}, 'hex')`;
  const [rows, names] = await Promise.all([
    sql<HolderRow[]>`
      SELECT p.ip_address, p.port, p.peer_id,
        bool_or(h.complete) AS complete, min(h.least) AS least, max(h.most) AS most
      FROM (
        SELECT peer, true AS complete, min(size) AS least, max(size) AS most
        FROM offers WHERE ${isIt} GROUP BY peer
        UNION ALL
        SELECT peer, complete, NULL::bigint, NULL::bigint FROM holdings WHERE ${isIt}
      ) h JOIN peers p ON p.id = h.peer
      WHERE ${isLive(sql, now)}
      GROUP BY p.id, p.ip_address, p.port, p.peer_id`,
    sql<{ name: string }[]>`
      SELECT name FROM names WHERE id IN (
        SELECT o.name FROM offers o JOIN peers p ON p.id = o.peer
        WHERE o.${isIt} AND ${isLive(sql, now)}
      ) ORDER BY name LIMIT ${MAX_CONTENT_NAMES}`,
  ]);
  const sizes = new Set(rows.flatMap(({ least, most }) => (least === null ? [] : [least, most])));
  const holders = rows.filter(({ complete }) => complete).length;
  return {
    root,
    size: sizes.size === 1 ? ([...sizes][0] ?? null) : null,
    holders,
    partial: rows.length - holders,
    names: names.map(({ name }) => name),
    sources: rows.map((row) => ({
      ...{ endpoint: endpointOf(row), peerId: row.peer_id, complete: row.complete },
    })),
  };
}
