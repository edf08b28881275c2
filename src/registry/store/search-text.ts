// How names and queries are made comparable: without case, accents and compatibility forms; and how well a
// name answers a query. Pure.

// eslint-disable-next-line no-control-regex -- all of ASCII is meant
const ASCII = /^[\x00-\x7f]*$/;
/** More words than this are looked for as one text. */
const MAX_WORDS = 8;

/** What is looked for: as one text, and as the words that have to be in a name, in any order. */
export interface Wanted {
  whole: string;
  /** None for a query of nothing but space. */
  words: string[];
}

/**
 * How well a name answers a query, the best first: it is the name or its last segment; a segment begins with
 * it; its words begin words of the name; they stand somewhere.
 */
export type Rank = 0 | 1 | 2 | 3;

/**
 * A text as it is compared: NFKD without combining marks, in one case. Upper case, because it is the
 * same wherever a letter stands, which a Greek sigma in lower case is not, and takes ß for SS; by way
 * of lower case, because ẞ has no other.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toUpperCase();
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().toUpperCase();
}

export function wantedBy(text: string): Wanted {
  const whole = fold(text).trim();
  const words = whole.split(/\s+/).filter((word) => word !== '');
  return { whole, words: words.length > MAX_WORDS ? [words.join(' ')] : words };
}

/** The last segment of a folded name. */
export function leafOf(folded: string): string {
  return folded.slice(folded.lastIndexOf('/') + 1);
}

/** @param folded a name that holds all the words */
export function rankOf(folded: string, { whole, words }: Wanted): Rank {
  if (folded === whole || leafOf(folded) === whole) return 0;
  if (folded.startsWith(whole) || folded.includes(`/${whole}`)) return 1;
  return words.every((word) => beginsAWord(folded, word)) ? 2 : 3;
}

function beginsAWord(folded: string, word: string): boolean {
  for (let at = folded.indexOf(word); at !== -1; at = folded.indexOf(word, at + 1)) {
    const before = folded.slice(0, at);
    if (!/[\p{L}\p{N}]$/u.test(before)) return true;
  }
  return false;
}

/** Where a text is before another one: as in UTF-8, which is not the order of code units. */
export function inCodePointOrder(text: string, other: string): number {
  const length = Math.min(text.length, other.length);
  for (let at = 0; at < length; at++) {
    const [unit, otherUnit] = [text.charCodeAt(at), other.charCodeAt(at)];
    if (unit !== otherUnit) return ranked(unit) - ranked(otherUnit);
  }
  return text.length - other.length;
}

/** Surrogates stand for code points after all that have one unit. */
function ranked(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
