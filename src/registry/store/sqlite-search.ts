// What a search asks of the SQLite engine: last segments by their beginning, trigrams (FTS5), and those names
// themselves that are in no trigram yet (sqlite-grams.ts).
import type { KnownName, SearchedNames } from './search.ts';
import { leafOf } from './search-text.ts';
import type { SqliteFile, Values } from './sqlite-file.ts';
import { toldOf } from './sqlite-look-ups.ts';
import type { RecentEntries } from './sqlite-recent.ts';

/** Shorter words are in no trigram: names are looked through for them, so many at a time. */
const GRAM = 3;
const LOOKED_THROUGH = 8_000;
/** Past every character that a name can have. */
const END = '\u{10FFFF}';

export function searchedNames(file: SqliteFile, recent: RecentEntries): SearchedNames {
  return {
    beginningWith: (text, after, limit) =>
      Promise.resolve(beginningWith(file, recent, text, after, limit)),
    holding: (words, after, limit) =>
      Promise.resolve(
        !words.some((word) => Array.from(word).length >= GRAM)
          ? lookedThrough(file, ALL, words, after, limit)
          : after >= 0
            ? byGrams(file, words, after, limit)
            : amongUngrammed(file, words, after, limit),
      ),
    told: (ids, now) => Promise.resolve(toldOf(file, ids, now)),
  };
}

function beginningWith(
  file: SqliteFile,
  recent: RecentEntries,
  text: string,
  after: KnownName | undefined,
  limit: number,
): KnownName[] {
  const { leaf, id } = after ? { leaf: leafOf(after.folded), id: after.id } : { leaf: text, id: 0 };
  const came = recent.leavesAfter(text, { leaf, id }, limit).map((entry) => entry.id);
  return file.all(
    `SELECT n.id, n.name, n.folded FROM (
       SELECT * FROM (
         SELECT leaf, id FROM by_leaf
         WHERE leaf >= :text AND leaf < :end AND (leaf, id) > (:leaf, :id)
         ORDER BY leaf, id LIMIT :limit
       )
       UNION
       SELECT leaf, id FROM names WHERE id IN (SELECT value FROM json_each(:came))
       ORDER BY leaf, id LIMIT :limit
     ) l CROSS JOIN names n ON n.id = l.id
     ORDER BY l.leaf, l.id`,
    { text, end: text + END, leaf, id, limit, came: JSON.stringify(came) },
  ) as unknown as KnownName[];
}

function byGrams(file: SqliteFile, words: string[], after: number, limit: number) {
  const match = words
    .flatMap(gramsOf)
    .map((gram) => `"${gram.replaceAll('"', '""')}"`)
    .join(' AND ');
  // Trigrams may stand apart in a name: those that hold them all are looked at.
  const rows = file.all(
    `SELECT n.id, n.name, n.folded, ${holdsAll('n.folded', words)} AS holds
     FROM grams g CROSS JOIN names n ON n.id = g.rowid
     WHERE grams MATCH :match AND g.rowid > :after
     ORDER BY g.rowid LIMIT :limit`,
    { ...wordValues(words), match, after, limit },
  ) as unknown as (KnownName & { holds: number })[];
  return {
    names: rows.filter(({ holds }) => holds === 1),
    // After all that are in grams, those that are not: their places are below zero.
    upTo: rows.length === limit ? rows.at(-1)?.id : -1,
  };
}

function amongUngrammed(file: SqliteFile, words: string[], place: number, limit: number) {
  const { names, upTo } = lookedThrough(file, UNGRAMMED, words, -place - 1, limit);
  return { names, upTo: upTo === undefined ? undefined : -upTo - 1 };
}

/** Which names are looked through. */
const ALL = 'names n';
const UNGRAMMED = 'ungrammed u CROSS JOIN names n ON n.id = u.id';

function lookedThrough(
  file: SqliteFile,
  from: string,
  words: string[],
  after: number,
  limit: number,
): { names: KnownName[]; upTo: number | undefined } {
  const id = from === ALL ? 'n.id' : 'u.id';
  const some = `SELECT n.id, n.name, n.folded FROM ${from} WHERE ${id} > :after ORDER BY ${id} LIMIT :some`;
  const values = { after, some: LOOKED_THROUGH };
  const names = file.all(
    `SELECT * FROM (${some}) WHERE ${holdsAll('folded', words)} LIMIT :limit`,
    {
      ...values,
      ...wordValues(words),
      limit,
    },
  ) as unknown as KnownName[];
  if (names.length === limit) return { names, upTo: names.at(-1)?.id };
  const looked = file.one(`SELECT count(*) AS count, max(id) AS last FROM (${some})`, values);
  const isAll = (looked?.['count'] as number) < LOOKED_THROUGH;
  return { names, upTo: isAll ? undefined : (looked?.['last'] as number) };
}

function holdsAll(column: string, words: string[]): string {
  return `(${words.map((_, index) => `instr(${column}, :word${index}) > 0`).join(' AND ')})`;
}

function wordValues(words: string[]): Values {
  return Object.fromEntries(words.map((word, index) => [`word${index}`, word]));
}

/** As many trigrams of a word as cover it: the further ones would hardly leave out more names. */
function gramsOf(word: string): string[] {
  const characters = Array.from(word);
  const last = characters.length - GRAM;
  if (last < 0) return [];
  const starts = Array.from({ length: Math.ceil(last / GRAM) }, (_, index) => index * GRAM);
  return [...starts, last].map((start) => characters.slice(start, start + GRAM).join(''));
}
