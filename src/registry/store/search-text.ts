// How names and queries are made comparable: without case, accents and compatibility forms.

/** More words than this are looked for as one text. */
const MAX_WORDS = 8;

/** A text as it is compared: NFKD without combining marks, in lower case. */
export function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** The folded words of a query; every one must be in a name. Empty for a query of nothing but space. */
export function queryWords(text: string): string[] {
  const words = fold(text)
    .split(/\s+/)
    .filter((word) => word !== '');
  return words.length > MAX_WORDS ? [words.join(' ')] : words;
}
