// What a peer of the PostgreSQL engine holds under no name. Each within a transaction of the caller's.
import type { Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import { lockedPeer } from './postgres-peers.ts';
import { refuseRemoved } from './postgres-removals.ts';
import type { Sql } from './postgres-server.ts';

/**
 * Answers where the peer is if that changed anything.
 *
 * @throws CodedError `unknown-peer`, `too-many-contents`, `removed`
 */
export async function holdContent(
  sql: Sql,
  { peerId, root, complete }: { peerId: string; root: string; complete: boolean },
  maxContents: number,
): Promise<Endpoint | undefined> {
  const { id, endpoint } = await lockedPeer(sql, peerId);
  await refuseRemoved(sql, 'content', root);
  const { count: changed } = await sql`
    INSERT INTO holdings (peer, root, complete) VALUES (${id}, decode(${root}, 'hex'), ${complete})
    ON CONFLICT (peer, root) DO UPDATE SET complete = excluded.complete
      WHERE holdings.complete <> excluded.complete`;
  const [all] = await sql<{ count: number }[]>`
    SELECT count(*) AS count FROM holdings WHERE peer = ${id}`;
  if ((all?.count ?? 0) > maxContents)
    throw new CodedError(
      'too-many-contents',
      `One peer may hold at most ${maxContents} contents under no name.`,
    );
  return changed > 0 ? endpoint : undefined;
}

/** Answers where the peer is if it held it. */
export async function letContentGo(
  sql: Sql,
  peerId: string,
  root: string,
): Promise<Endpoint | undefined> {
  const [row] = await sql<{ ip_address: string; port: number }[]>`
    DELETE FROM holdings USING peers
    WHERE holdings.peer = peers.id AND peers.peer_id = ${peerId}
      AND holdings.root = decode(${root}, 'hex')
    RETURNING peers.ip_address, peers.port`;
  return row && { ipAddress: row.ip_address, port: row.port };
}
