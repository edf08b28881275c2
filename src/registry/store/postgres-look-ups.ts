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

/** A name that is asked for, and when. */
export interface AskedName {
  name: string;
  now: number;
}

/** The names that are asked for, as rows `w`, numbered as they come. */
function wanted(sql: Sql, asked: AskedName[]) {
  const rows = JSON.stringify(asked.map(({ name, now }, at) => ({ at, name, now })));
  return sql`json_to_recordset(${rows}::text::json) AS w (at bigint, name text, now bigint)`;
}

/** Live offers of such a name. Each name by itself: a plan for all of them at once might go through whole tables. */
function offersOfWanted(sql: Sql) {
  return sql`${offers(sql)} WHERE n.name = w.name COLLATE "C" AND ${wasLive(sql)}`;
}

function wasLive(sql: Sql) {
  return sql`(p.expires_at IS NULL OR p.expires_at > w.now)`;
}

/** Of each name that is asked for, in the same order. */
export async function endpointsOf(sql: Sql, asked: AskedName[]): Promise<Endpoint[][]> {
  const rows = await sql<(EndpointRow & Numbered)[]>`
    SELECT w.at, e.* FROM ${wanted(sql, asked)} CROSS JOIN LATERAL (
      SELECT DISTINCT p.ip_address, p.port FROM ${offersOfWanted(sql)}
    ) e`;
  return inOrder(asked, rows, endpointOf);
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

export interface AskedOf extends AskedName {
  most: Record<keyof LookedUp, number>;
}

/** Of each name that is asked for, in the same order. Both are asked at once, on one way to the server. */
export async function lookUp(sql: Sql, asked: AskedOf[]): Promise<LookedUp[]> {
  const [versions, sources] = await Promise.all([versionsOf(sql, asked), sourcesOf(sql, asked)]);
  return asked.map(({ most }, at) => ({
    versions: (versions[at] ?? []).slice(0, most.versions),
    sources: (sources[at] ?? []).slice(0, most.sources),
  }));
}

async function sourcesOf(sql: Sql, asked: AskedOf[]): Promise<Source[][]> {
  const limit = Math.max(...asked.map(({ most }) => most.sources));
  // Of an endpoint's two contracts the native one.
  const rows = await sql<(SourceRow & Numbered)[]>`
    SELECT w.at, s.* FROM ${wanted(sql, asked)} CROSS JOIN LATERAL (
      SELECT * FROM (
        SELECT DISTINCT ON (p.ip_address, p.port) p.ip_address, p.port, p.contract, p.peer_id,
          o.size, o.modified, encode(o.root, 'hex') AS root
        FROM ${offersOfWanted(sql)}
        ORDER BY p.ip_address, p.port, p.contract = 'native' DESC
      ) one ORDER BY random() LIMIT ${limit}
    ) s`;
  return inOrder(asked, rows, (row) => ({
    ...{ endpoint: endpointOf(row), contract: row.contract, peerId: row.peer_id },
    ...{ size: row.size, modified: row.modified, root: row.root },
  }));
}

interface VersionRow {
  root: string;
  modified: number | null;
  least: number | null;
  most: number | null;
  holders: number;
}

async function versionsOf(sql: Sql, asked: AskedOf[]): Promise<Version[][]> {
  const limit = Math.max(...asked.map(({ most }) => most.versions));
  // Only native peers tell roots, one of which is at an endpoint: to count peers is to count endpoints.
  const rows = await sql<(VersionRow & Numbered)[]>`
    SELECT w.at, c.* FROM ${wanted(sql, asked)} CROSS JOIN LATERAL (
      SELECT encode(v.root, 'hex') AS root, v.modified, min(o.size) AS least, max(o.size) AS most,
        count(DISTINCT p.id) AS holders
      FROM (
        SELECT o.root, max(o.modified) AS modified FROM ${offersOfWanted(sql)} AND o.root IS NOT NULL
        GROUP BY o.root
      ) v JOIN offers o ON o.root = v.root JOIN peers p ON p.id = o.peer
      WHERE ${wasLive(sql)}
      GROUP BY v.root, v.modified
      ORDER BY holders DESC, v.modified DESC NULLS LAST, v.root LIMIT ${limit}
    ) c ORDER BY w.at, c.holders DESC, c.modified DESC NULLS LAST, c.root`;
  return inOrder(asked, rows, ({ root, modified, least, most, holders }) => ({
    ...{ root, modified, holders, size: sizeOf(least, most) },
  }));
}

/** Of which of the names it tells. */
interface Numbered {
  at: number;
}

function inOrder<Row extends Numbered, Told>(
  asked: unknown[],
  rows: Row[],
  told: (row: Row) => Told,
): Told[][] {
  const all = asked.map((): Told[] => []);
  for (const row of rows) all[row.at]?.push(told(row));
  return all;
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
