// How names and queries are made comparable: without case, accents and compatibility forms.

/** More words than this are looked for as one text. */
const MAX_WORDS = 8;

/**
 * A text as it is compared: NFKD without combining marks, in one case. Upper case, because it is the
 * same wherever a letter stands, which a Greek sigma in lower case is not, and takes ß for SS; by way
 * of lower case, because ẞ has no other.
 */
export function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().toUpperCase();
}

/** The folded words of a query; every one must be in a name. Empty for a query of nothing but space. */
export function queryWords(text: string): string[] {
  const words = fold(text)
    .split(/\s+/)
    .filter((word) => word !== '');
  return words.length > MAX_WORDS ? [words.join(' ')] : words;
}
