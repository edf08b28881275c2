// What the PostgreSQL engine is asked of names and peers: queries, and rows made into answers.
import type { Endpoint } from '../../protocol/endpoints.ts';
import type {
  Contract,
  PeerSummary,
  RegisteredName,
  Source,
  Version,
} from '../../protocol/schemas.ts';
import type { Sql } from './postgres-server.ts';
import type { Counts, LookedUp } from './store.ts';

/** A peer without a lease is probed instead; one with a lease is there until it ends. */
export function isLive(sql: Sql, now: number) {
  return sql`(p.expires_at IS NULL OR p.expires_at > ${now}::bigint)`;
}

function offers(sql: Sql) {
  return sql`names n JOIN offers o ON o.name = n.id JOIN peers p ON p.id = o.peer`;
}

interface EndpointRow {
  ip_address: string;
  port: number;
}

export async function endpointsOf(sql: Sql, name: string, now: number): Promise<Endpoint[]> {
  const rows = await sql<EndpointRow[]>`
    SELECT DISTINCT p.ip_address, p.port FROM ${offers(sql)}
    WHERE n.name = ${name} AND ${isLive(sql, now)}`;
  return rows.map(endpointOf);
}

/** The ids of the live peers at an endpoint that offer a name: at most one of each contract. */
export async function holdersAt(
  sql: Sql,
  name: string,
  { ipAddress, port }: Endpoint,
  now: number,
): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    SELECT p.id FROM ${offers(sql)}
    WHERE n.name = ${name} AND p.ip_address = ${ipAddress} AND p.port = ${port}
      AND ${isLive(sql, now)}`;
  return rows.map(({ id }) => id);
}

export async function listNames(
  sql: Sql,
  after: string,
  limit: number,
  now: number,
): Promise<RegisteredName[]> {
  const rows = await sql<{ name: string; endpoints: [string, number][] }[]>`
    SELECT n.name, e.endpoints FROM names n CROSS JOIN LATERAL (
      SELECT jsonb_agg(DISTINCT jsonb_build_array(p.ip_address, p.port)) AS endpoints
      FROM offers o JOIN peers p ON p.id = o.peer WHERE o.name = n.id AND ${isLive(sql, now)}
    ) e
    WHERE n.name > ${after} AND e.endpoints IS NOT NULL ORDER BY n.name LIMIT ${limit}`;
  return rows.map(({ name, endpoints }) => ({
    name,
    endpoints: endpoints.map(([ipAddress, port]) => ({ ipAddress, port })),
  }));
}

interface SourceRow extends EndpointRow {
  contract: Contract;
  peer_id: string | null;
  size: number | null;
  modified: number | null;
  root: string | null;
}

/** Both are asked at once, on one way to the server. */
export async function lookUp(
  sql: Sql,
  name: string,
  most: Record<keyof LookedUp, number>,
  now: number,
): Promise<LookedUp> {
  const [versions, sources] = await Promise.all([
    versionsOf(sql, name, most.versions, now),
    sourcesOf(sql, name, most.sources, now),
  ]);
  return { versions, sources };
}

async function sourcesOf(sql: Sql, name: string, limit: number, now: number): Promise<Source[]> {
  // Of an endpoint's two contracts the native one.
  const rows = await sql<SourceRow[]>`
    SELECT * FROM (
      SELECT DISTINCT ON (p.ip_address, p.port)
        p.ip_address, p.port, p.contract, p.peer_id, o.size, o.modified, encode(o.root, 'hex') AS root
      FROM ${offers(sql)} WHERE n.name = ${name} AND ${isLive(sql, now)}
      ORDER BY p.ip_address, p.port, p.contract = 'native' DESC
    ) s ORDER BY random() LIMIT ${limit}`;
  return rows.map(({ ip_address: ipAddress, port, peer_id: peerId, ...told }) => ({
    endpoint: { ipAddress, port },
    peerId,
    ...told,
  }));
}

interface VersionRow {
  root: string;
  modified: number | null;
  least: number | null;
  most: number | null;
  holders: number;
}

async function versionsOf(sql: Sql, name: string, limit: number, now: number): Promise<Version[]> {
  // Only native peers tell roots, one of which is at an endpoint: to count peers is to count endpoints.
  const rows = await sql<VersionRow[]>`
    SELECT encode(v.root, 'hex') AS root, v.modified, min(o.size) AS least, max(o.size) AS most,
      count(DISTINCT p.id) AS holders
    FROM (
      SELECT o.root, max(o.modified) AS modified FROM ${offers(sql)}
      WHERE n.name = ${name} AND o.root IS NOT NULL AND ${isLive(sql, now)}
      GROUP BY o.root
    ) v JOIN offers o ON o.root = v.root JOIN peers p ON p.id = o.peer
    WHERE ${isLive(sql, now)}
    GROUP BY v.root, v.modified
    ORDER BY holders DESC, v.modified DESC NULLS LAST, v.root LIMIT ${limit}`;
  return rows.map(({ least, most, ...version }) => ({ ...version, size: sizeOf(least, most) }));
}

export async function peers(sql: Sql, limit: number, now: number): Promise<PeerSummary[]> {
  const rows = await sql<
    (EndpointRow & {
      contract: Contract;
      peer_id: string | null;
      display_name: string | null;
      names: number;
    })[]
  >`
    SELECT p.ip_address, p.port, p.contract, p.peer_id, p.display_name, p.names FROM peers p
    WHERE ${isLive(sql, now)} ORDER BY p.names DESC, p.id LIMIT ${limit}`;
  return rows.map(({ peer_id: peerId, display_name: displayName, contract, names, ...row }) => ({
    ...{ endpoint: endpointOf(row), contract, peerId, displayName, names },
  }));
}

export async function counts(sql: Sql, now: number): Promise<Counts> {
  const [row] = await sql<Counts[]>`
    SELECT count(*) FILTER (WHERE ${isLive(sql, now)}) AS peers,
      count(*) FILTER (WHERE p.expires_at > ${now}::bigint) AS leases,
      (SELECT count(*) FROM names) AS names
    FROM peers p`;
  return row ?? { peers: 0, names: 0, leases: 0 };
}

export async function countContents(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*) FROM (SELECT DISTINCT root FROM offers WHERE root IS NOT NULL) AS roots`;
  return row?.count ?? 0;
}

export function endpointOf({ ip_address: ipAddress, port }: EndpointRow): Endpoint {
  return { ipAddress, port };
}

/** Null: nobody told a size, or those who did differ. */
export function sizeOf(least: number | null, most: number | null): number | null {
  return least === most ? most : null;
}
