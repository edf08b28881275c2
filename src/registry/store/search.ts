// A search, whatever the engine: names in windows of a bounded number, each window ranked, page by page. So
// every page costs about the same, however many names there are and however many of them fit.
//
// Within a window the order is exact. Where more names fit than a window takes, those whose last segment
// begins with the text come first all the same, and the others window by window.
import { CodedError } from '../../protocol/errors.ts';
import { isName } from '../../protocol/names.ts';
import type { Found } from '../../protocol/schemas.ts';
import {
  fold,
  inCodePointOrder,
  leafOf,
  rankOf,
  wantedBy,
  type Rank,
  type Wanted,
} from './search-text.ts';

/** So many names are ranked among each other. */
const WINDOW = 500;
/** A page looks at so many windows at most, and may be shorter than asked for because of it. */
const WINDOWS_A_PAGE = 4;
const MAX_CURSOR_LENGTH = 16 * 1024;

interface SearchFilter {
  /** The end of a name after its last dot, in any case. */
  type?: string | undefined;
  /** Bytes, both included. A name of unknown size passes neither. */
  minSize?: number | undefined;
  maxSize?: number | undefined;
  /** Milliseconds since 1970; files that changed then or later. */
  modifiedSince?: number | undefined;
}

export interface SearchQuery extends SearchFilter {
  text: string;
  /** `next` of the page before. Default: the first page. */
  cursor?: string | undefined;
}

export interface FoundPage {
  found: Found[];
  /** Where the next page begins; null: this was the last. */
  next: string | null;
}

/** A name as an engine keeps it. */
export interface KnownName {
  id: number;
  name: string;
  folded: string;
}

/** What an engine has to answer for a search. */
export interface SearchedNames {
  /** Those whose last segment begins with a text, in the order of segment and id, after this one. */
  beginningWith: (
    text: string,
    after: KnownName | undefined,
    limit: number,
  ) => Promise<KnownName[]>;
  /**
   * Those that hold every word, in an order of the engine's, after a place in it: 0 is the first, and `upTo`
   * the last that was looked at, a whole number; undefined: all were.
   */
  holding: (
    words: string[],
    after: number,
    limit: number,
  ) => Promise<{ names: KnownName[]; upTo: number | undefined }>;
  /** What live peers tell of these; a name that none offers is left out. */
  told: (ids: number[], now: number) => Promise<Map<number, Omit<Found, 'name'>>>;
}

/** Where a window begins: after this name, in the order of last segments; or in the engine's own order. */
type Place = { segment: KnownName | undefined } | { after: number };
type Key = [rank: Rank, holders: number, name: string];
interface Position {
  place: Place;
  /** What was last told of the window. */
  told?: Key | undefined;
}

/**
 * @param limit names of a page
 * @throws CodedError `bad-request` for a cursor that no page gave
 */
export async function search(
  names: SearchedNames,
  query: SearchQuery,
  limit: number,
  now: number,
): Promise<FoundPage> {
  const wanted = wantedBy(query.text);
  if (wanted.words.length === 0) return { found: [], next: null };
  let position = query.cursor === undefined ? START : parseCursor(query.cursor);
  const found: Found[] = [];
  for (let windows = 0; windows < WINDOWS_A_PAGE; windows++) {
    const window = await windowAt(names, position.place, wanted);
    const ranked = await inOrder(names, window.names, wanted, query, now);
    const { told } = position;
    for (const each of told ? ranked.filter(({ key }) => compare(key, told) > 0) : ranked) {
      if (found.length === limit) return { found, next: cursorText(position) };
      found.push(each.found);
      position = { place: position.place, told: each.key };
    }
    if (!window.next) return { found, next: null };
    // Also where the page is full: whether there is a next one, what follows has to tell.
    position = { place: window.next };
  }
  return { found, next: cursorText(position) };
}

const START: Position = { place: { segment: undefined } };

async function windowAt(
  names: SearchedNames,
  place: Place,
  { whole, words }: Wanted,
): Promise<{ names: KnownName[]; next: Place | undefined }> {
  if ('segment' in place) {
    const some = await names.beginningWith(whole, place.segment, WINDOW);
    return { names: some, next: some.length === WINDOW ? { segment: some.at(-1) } : { after: 0 } };
  }
  const { names: some, upTo } = await names.holding(words, place.after, WINDOW);
  return {
    // The others were told before.
    names: some.filter(({ folded }) => !leafOf(folded).startsWith(whole)),
    next: upTo === undefined ? undefined : { after: upTo },
  };
}

async function inOrder(
  names: SearchedNames,
  some: KnownName[],
  wanted: Wanted,
  filter: SearchFilter,
  now: number,
): Promise<{ key: Key; found: Found }[]> {
  const end = filter.type === undefined ? '' : `.${fold(filter.type)}`;
  const fitting = some.filter(({ folded }) => folded.endsWith(end));
  const told = await names.told(
    fitting.map(({ id }) => id),
    now,
  );
  return fitting
    .flatMap(({ id, name, folded }) => {
      const facts = told.get(id);
      if (!facts || !passes(facts, filter)) return [];
      const key: Key = [rankOf(folded, wanted), facts.holders, name];
      return [{ key, found: { name, ...facts } }];
    })
    .sort((a, b) => compare(a.key, b.key));
}

function passes(
  { size, modified }: Pick<Found, 'size' | 'modified'>,
  { minSize, maxSize, modifiedSince }: SearchFilter,
): boolean {
  if (minSize !== undefined && !(size !== null && size >= minSize)) return false;
  if (maxSize !== undefined && !(size !== null && size <= maxSize)) return false;
  return modifiedSince === undefined || (modified !== null && modified >= modifiedSince);
}

/** The best rank first, then what most hold, then by name in code point order. */
function compare([rank, holders, name]: Key, [otherRank, others, other]: Key): number {
  return rank - otherRank || others - holders || inCodePointOrder(name, other);
}

function cursorText(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function parseCursor(text: string): Position {
  try {
    if (text.length > MAX_CURSOR_LENGTH) throw new Error('too long');
    const { place, told } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Position;
    if (told !== undefined) requireKey(told);
    if ('after' in place) {
      if (!Number.isSafeInteger(place.after)) throw new Error('no place');
      return { place: { after: place.after }, told };
    }
    const { segment } = place;
    if (segment !== undefined) requireName(segment);
    return { place: { segment }, told };
  } catch (cause) {
    throw new CodedError('bad-request', 'No page of this registry gave this cursor.', { cause });
  }
}

function requireKey([rank, holders, name]: Key): void {
  if (!([0, 1, 2, 3] as unknown[]).includes(rank)) throw new Error('no rank');
  if (!Number.isSafeInteger(holders) || !isName(name)) throw new Error('no key');
}

function requireName({ id, name, folded }: KnownName): void {
  // How a name is folded may differ between versions; what no name has is in none, and not every engine takes it.
  const isFolded = folded.isWellFormed() && !folded.includes('\0');
  if (!Number.isSafeInteger(id) || !isName(name) || !isFolded) throw new Error('no name');
}
