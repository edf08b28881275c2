// What a search asks of the PostgreSQL engine: last segments by their beginning, trigrams (pg_trgm), and
// names looked through in turn. No question goes through more than a bounded number of names.
import type { Found } from '../../protocol/schemas.ts';
import { isLive, sizeOf } from './postgres-look-ups.ts';
import { LEAF_LENGTH } from './postgres-schema.ts';
import type { PostgresServer, Sql } from './postgres-server.ts';
import type { KnownName, SearchedNames } from './search.ts';
import { leafOf } from './search-text.ts';

/** Names that are looked through in one go. */
const LOOKED_THROUGH = 20_000;
/**
 * Names that are gathered by trigrams, to be put in order. Of a million where as many fit, a hundred are among
 * those that are looked through in one go.
 */
const GATHERED = 5_000;
/** Past every character that a name can have. */
const END = '\u{10FFFF}';
/** A text of the protocol's cannot hold it, so no name does. */
const NUL = '\0';

/** Which characters this database makes trigrams of as it should: that hangs on its locale. */
export type Gramed = 'letters' | 'ascii';

export function searchedNames(server: PostgresServer, gramed: Gramed): SearchedNames {
  return {
    beginningWith: (text, after, limit) =>
      server.ask((sql) => beginningWith(sql, text, after, limit)),
    holding: async (words, afterId, limit) => {
      if (words.some((word) => word.includes(NUL))) return { names: [], upTo: undefined };
      return server.ask(async (sql) => {
        const few = words.some((word) => hasGram(word, gramed))
          ? await byGrams(sql, words, { afterId, limit, gramed })
          : undefined;
        return few ?? lookedThrough(sql, words, afterId, limit);
      });
    },
    told: (ids, now) => server.ask((sql) => toldOf(sql, ids, now)),
  };
}

/**
 * pg_trgm knows letters by the database's locale: with `C` those of ASCII alone. And it takes them in lower
 * case, which for some locales hangs on what follows: then half a word is not found by its trigrams.
 */
export async function gramedBy(sql: Sql): Promise<Gramed> {
  const [row] = await sql<{ letters: boolean }[]>`
    SELECT cardinality(show_trgm('ЖЖЖ')) > 0 AND lower('ΑΣ') <> 'ας' AS letters`;
  return row?.letters === true ? 'letters' : 'ascii';
}

async function beginningWith(
  sql: Sql,
  text: string,
  after: KnownName | undefined,
  limit: number,
): Promise<KnownName[]> {
  if (text.includes(NUL)) return [];
  const start = indexed(text);
  const from = after
    ? { leaf: indexed(leafOf(after.folded)), id: after.id }
    : { leaf: start, id: 0 };
  const leaf = sql`left(leaf, ${sql.unsafe(String(LEAF_LENGTH))})`;
  return sql<KnownName[]>`
    SELECT id, name, folded FROM names
    WHERE ${leaf} >= ${start} AND ${leaf} < ${start + END}
      AND (${leaf}, id) > (${from.leaf}, ${from.id}) AND leaf LIKE ${`${escaped(text)}%`}
    ORDER BY ${leaf}, id LIMIT ${limit}`;
}

/** What the index of last segments holds of one. */
function indexed(leaf: string): string {
  return Array.from(leaf).slice(0, LEAF_LENGTH).join('');
}

/** Undefined: so many fit that they are found as soon by looking through the names in turn. */
async function byGrams(
  sql: Sql,
  words: string[],
  { afterId, limit, gramed }: { afterId: number; limit: number; gramed: Gramed },
): Promise<{ names: KnownName[]; upTo: number | undefined } | undefined> {
  const isGramed = words.map((word) => hasGram(word, gramed));
  const conditions = isGramed.map((is, at) =>
    is ? `folded LIKE $${at + 1}` : `strpos(folded, $${at + 1}) > 0`,
  );
  // Planned each time for these very words: of words in general the server believes that many names fit, and
  // then it goes through all of them.
  const rows = await sql.unsafe<(KnownName & { fitting: number })[]>(
    `WITH fitting AS MATERIALIZED (
       SELECT id FROM names
       WHERE ${conditions.join(' AND ')} AND id > $${words.length + 1} LIMIT ${GATHERED}
     )
     SELECT n.id, n.name, n.folded, (SELECT count(*) FROM fitting) AS fitting
     FROM (SELECT id FROM fitting ORDER BY id LIMIT $${words.length + 2}) f JOIN names n ON n.id = f.id
     ORDER BY n.id`,
    [...words.map((word, at) => (isGramed[at] ? `%${escaped(word)}%` : word)), afterId, limit],
    { prepare: false },
  );
  if ((rows[0]?.fitting ?? 0) === GATHERED) return undefined;
  const names = rows.map(({ id, name, folded }) => ({ id, name, folded }));
  return { names, upTo: names.length === limit ? names.at(-1)?.id : undefined };
}

async function lookedThrough(sql: Sql, words: string[], afterId: number, limit: number) {
  const rows = await sql<(KnownName & { looked: number; last: number })[]>`
    WITH looked AS MATERIALIZED (
      SELECT id, name, folded FROM names WHERE id > ${afterId} ORDER BY id LIMIT ${LOOKED_THROUGH}
    ), fitting AS (
      SELECT * FROM looked WHERE ${holdsAll(sql, words)} ORDER BY id LIMIT ${limit}
    )
    SELECT f.*, l.looked, l.last
    FROM (SELECT count(*) AS looked, max(id) AS last FROM looked) l LEFT JOIN fitting f ON true
    ORDER BY f.id`;
  const names = rows.flatMap(({ id, name, folded }) =>
    (id as number | null) === null ? [] : [{ id, name, folded }],
  );
  if (names.length === limit) return { names, upTo: names.at(-1)?.id };
  const isAll = (rows[0]?.looked ?? 0) < LOOKED_THROUGH;
  return { names, upTo: isAll ? undefined : rows[0]?.last };
}

function holdsAll(sql: Sql, words: string[]) {
  return words.map((word, at) => sql`${at === 0 ? sql`` : sql` AND `}strpos(folded, ${word}) > 0`);
}

/** Three in a row: what is neither letter nor digit is in no trigram. */
function hasGram(word: string, gramed: Gramed): boolean {
  return (gramed === 'letters' ? /[\p{L}\p{N}]{3}/u : /^[ -~]*[A-Z0-9]{3}[ -~]*$/).test(word);
}

function escaped(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

interface ToldRow {
  id: number;
  least: number | null;
  most: number | null;
  modified: number | null;
  versions: number;
  root: string | null;
  holders: number;
}

/** What live peers tell of names; one that none offers is left out. */
async function toldOf(
  sql: Sql,
  ids: number[],
  now: number,
): Promise<Map<number, Omit<Found, 'name'>>> {
  const rows = await sql<ToldRow[]>`
    SELECT o.name AS id, min(o.size) AS least, max(o.size) AS most, max(o.modified) AS modified,
      count(DISTINCT o.root) AS versions, max(encode(o.root, 'hex')) AS root,
      count(DISTINCT p.ip_address || ' ' || p.port) AS holders
    FROM offers o JOIN peers p ON p.id = o.peer
    WHERE o.name = ANY (${ids}::bigint[]) AND ${isLive(sql, now)}
    GROUP BY o.name`;
  return new Map(
    rows.map(({ id, least, most, modified, versions, root, holders }) => [
      id,
      {
        ...{ size: sizeOf(least, most), modified, holders, versions },
        root: versions === 1 ? root : null,
      },
    ]),
  );
}
