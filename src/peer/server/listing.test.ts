// What a peer lists: page by page to the end, and as a page in which a name is a name and never markup.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isName, parseName, parseNamePath } from '../../protocol/names.ts';
import { listingOf, MAX_LISTED, PAGE_POLICY, pageOf, type Listing } from './listing.ts';
import type { OfferedFile, Offers } from './offers.ts';

const ROOT = 'ab'.repeat(32);

function offersOf(names: string[]): Offers {
  const files = names
    .toSorted()
    .map((name): OfferedFile => ({ name, size: 1, modified: 0, root: ROOT }));
  return {
    open: () => Promise.resolve(undefined),
    openContent: () => Promise.resolve(undefined),
    shapeOf: () => Promise.resolve(undefined),
    holding: () => Promise.resolve(undefined),
    page: (after, limit) => files.filter(({ name }) => name > after).slice(0, limit),
    count: files.length,
  };
}

/** All pages from the first to the last, as a client follows them. */
function allPages(offers: Offers): Listing[] {
  const pages: Listing[] = [];
  for (let next: string | null = '/'; next !== null && pages.length < 10;) {
    const after = new URL(next, 'http://h').searchParams.get('after') ?? '';
    const listing = listingOf(offers, after);
    pages.push(listing);
    next = listing.next;
  }
  return pages;
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => `sub & co/${String(index).padStart(5, '0')} +#.txt`);

describe('a listing', () => {
  test.each([0, 1, MAX_LISTED - 1, MAX_LISTED, MAX_LISTED + 1, 2 * MAX_LISTED, 2 * MAX_LISTED + 1])(
    'of %d files has each of them once, in pages of bounded length',
    (count) => {
      const names = numbered(count);
      const pages = allPages(offersOf(names));
      expect(pages.flatMap(({ files }) => files.map(({ name }) => name))).toEqual(names);
      expect(pages).toHaveLength(Math.max(1, Math.ceil(count / MAX_LISTED)));
      for (const page of pages) {
        expect(page.files.length).toBeLessThanOrEqual(MAX_LISTED);
        expect(page.count).toBe(count);
      }
    },
  );

  test('tells name, size, time and root, and nothing of the machine', () => {
    expect(listingOf(offersOf(['a']), '')).toEqual({
      files: [{ name: 'a', size: 1, modified: 0, root: ROOT }],
      count: 1,
      next: null,
    });
  });

  test('behind the last name is empty, whatever was asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (after) => {
        const { files } = listingOf(offersOf(['a', 'b']), after);
        expect(files.map(({ name }) => name)).toEqual(['a', 'b'].filter((name) => name > after));
      }),
    );
    expect(listingOf(offersOf(['a', 'b']), 'b')).toEqual({ files: [], count: 2, next: null });
  });
});

describe('the page', () => {
  const unescaped = (html: string) =>
    html.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
  const name = fc
    .oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(
          fc.constantFrom(
            ...[
              '<',
              '>',
              '"',
              "'",
              '&',
              '&lt;',
              '&#60;',
              '<script>',
              '</bdi>',
              '-->',
              'javascript:',
            ],
            ...['/', 'a', ' ', '?', '#', '%', '\u202e', '\u2028', '日本', '`', '${x}', '$&', '://'],
          ),
          { minLength: 1, maxLength: 8 },
        )
        .map((parts) => parts.join('')),
    )
    .filter(isName)
    .map(parseName);

  test('shows every name as it is, with a link to its file, and has no other markup', () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 5 }), (names) => {
        const files = names.map((each) => ({ name: each, size: 12_345, modified: 0, root: ROOT }));
        const page = pageOf({ files, count: files.length, next: null });
        const rows = [
          ...page.matchAll(
            /<tr><td><a href="\/files\/([^"<>']*)"><bdi>([^<>"']*)<\/bdi><\/a><\/td>/g,
          ),
        ];
        expect(rows.map(([, , shown = '']) => unescaped(shown))).toEqual(names);
        expect(rows.map(([, path = '']) => parseNamePath(unescaped(path)))).toEqual(names);
        const empty = pageOf({ files: [], count: files.length, next: null });
        const tags = (html: string) => html.match(/</g)?.length ?? 0;
        // tr, three td, a and bdi, each with its end.
        expect(tags(page) - tags(empty)).toBe(12 * names.length);
      }),
    );
  });

  test('says how many bytes, when in UTC, and how many in all', () => {
    const modified = Date.UTC(2026, 10, 5, 23, 59, 58);
    const page = pageOf({
      files: [{ name: 'a', size: 1_234_567, modified, root: ROOT }],
      count: 98_765,
      next: null,
    });
    expect(page).toContain('<td>1,234,567</td><td>2026-11-05 23:59</td>');
    expect(page).toContain('98,765 files');
    expect(page).not.toContain('More');
  });

  test.each([0, -1, 8.64e15, -8.64e15])('can be made for a file of the moment %d', (modified) => {
    expect(
      pageOf({ files: [{ name: 'a', size: 0, modified, root: ROOT }], count: 1, next: null }),
    ).toContain('<bdi>a</bdi>');
  });

  test('leads on to the next one, whatever the name in between', () => {
    const next = `/?after=${encodeURIComponent(`"'><script>&`)}`;
    const [, href = ''] =
      /<a href="([^"<>]*)">More<\/a>/.exec(pageOf({ files: [], count: 0, next })) ?? [];
    expect(unescaped(href)).toBe(next);
  });

  test('may run nothing and load nothing', () => {
    expect(PAGE_POLICY).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; /);
    expect(PAGE_POLICY).not.toMatch(/unsafe|script-src|\*/);
  });
});
