// What the SQLite engine is asked: queries over its file, and rows made into answers.
import type { Endpoint } from '../../protocol/endpoints.ts';
import type {
  Contract,
  Found,
  PeerSummary,
  RegisteredName,
  Source,
} from '../../protocol/schemas.ts';
import { fold, queryWords } from './search-text.ts';
import type { Row, SqliteFile, Values } from './sqlite-file.ts';

export const OFFERS = 'names n JOIN offers o ON o.name = n.id JOIN peers p ON p.id = o.peer';

/** A peer without a lease is probed instead; one with a lease is there until it ends. */
export const IS_LIVE = '(p.expires_at IS NULL OR p.expires_at > :now)';

/** A JSON array of endpoints as SQL puts it together. */
const ENDPOINTS = `json_group_array(DISTINCT json_array(p.ip_address, p.port))`;

export function endpointsOf(file: SqliteFile, name: string, now: number): Endpoint[] {
  return file
    .all(
      `SELECT DISTINCT p.ip_address, p.port FROM ${OFFERS} WHERE n.name = :name AND ${IS_LIVE}`,
      { name, now },
    )
    .map(endpointOf);
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

export function sourcesOf(file: SqliteFile, name: string, now: number): Source[] {
  return file
    .all(
      // Of an endpoint's two contracts the native one: SQLite takes the other columns from max()'s row.
      `SELECT p.ip_address, p.port, max(p.contract) AS contract, o.size, o.modified
       FROM ${OFFERS}
       WHERE n.name = :name AND ${IS_LIVE}
       GROUP BY p.ip_address, p.port`,
      { name, now },
    )
    .map((row) => ({
      endpoint: endpointOf(row),
      contract: row['contract'] as Contract,
      size: row['size'] as number | null,
      modified: row['modified'] as number | null,
    }));
}

export function search(file: SqliteFile, text: string, limit: number, now: number): Found[] {
  const words = queryWords(text);
  if (words.length === 0) return [];
  const values: Values = { whole: fold(text.trim()), limit, now };
  words.forEach((word, index) => (values[`word${index}`] = word));
  return file
    .all(
      `SELECT n.name, min(o.size) AS least, max(o.size) AS most, count(o.size) AS told,
         count(*) AS offers, max(o.modified) AS modified,
         count(DISTINCT p.ip_address || ' ' || p.port) AS holders
       FROM ${OFFERS}
       WHERE ${words.map((_, index) => `instr(n.folded, :word${index})`).join(' AND ')}
         AND ${IS_LIVE}
       GROUP BY n.id
       ORDER BY
         CASE
           WHEN n.folded = :whole OR substr(n.folded, -length(:whole) - 1) = '/' || :whole THEN 0
           WHEN substr(n.folded, 1, length(:whole)) = :whole
             OR instr(n.folded, '/' || :whole) THEN 1
           ELSE 2
         END,
         holders DESC, n.name
       LIMIT :limit`,
      values,
    )
    .map((row) => ({
      name: row['name'] as string,
      size: row['told'] && row['least'] === row['most'] ? (row['most'] as number) : null,
      modified: row['modified'] as number | null,
      holders: row['holders'] as number,
    }));
}

export function peers(file: SqliteFile, limit: number, now: number): PeerSummary[] {
  return file
    .all(
      `SELECT p.ip_address, p.port, p.contract, p.display_name, p.names FROM peers p
       WHERE ${IS_LIVE} ORDER BY p.names DESC, p.id LIMIT :limit`,
      { limit, now },
    )
    .map((row) => ({
      endpoint: endpointOf(row),
      contract: row['contract'] as Contract,
      displayName: row['display_name'] as string | null,
      names: row['names'] as number,
    }));
}

export function endpointOf(row: Row): Endpoint {
  return { ipAddress: row['ip_address'] as string, port: row['port'] as number };
}
