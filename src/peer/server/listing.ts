// GET /: what this peer offers, a page at a time, as JSON for programs or as a plain page for people.
import { createHash } from 'node:crypto';
import { namePath } from '../../protocol/names.ts';
import type { Offers } from './offers.ts';

export const MAX_LISTED = 1_000;

export interface Listing {
  files: { name: string; size: number; modified: number; root: string }[];
  /** How many are offered in all. */
  count: number;
  /** The path of the next page; null on the last one. */
  next: string | null;
}

export function listingOf(offers: Offers, after: string): Listing {
  const files = offers.page(after, MAX_LISTED + 1);
  const page = files.slice(0, MAX_LISTED);
  const last = page.at(-1);
  return {
    files: page.map(({ name, size, modified, root }) => ({ name, size, modified, root })),
    count: offers.count,
    next: files.length > MAX_LISTED && last ? `/?after=${encodeURIComponent(last.name)}` : null,
  };
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;width:100%}td,th{padding:.25rem .5rem;text-align:left;border-bottom:1px solid #8884}
td:first-child{overflow-wrap:anywhere}td:nth-child(2),th:nth-child(2){text-align:right;white-space:nowrap}`;

/** Nothing but this page's own style is allowed to act on it. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export function pageOf(listing: Listing): string {
  const rows = listing.files.map(
    ({ name, size, modified }) =>
      `<tr><td><a href="/files/${escaped(namePath(name))}"><bdi>${escaped(name)}</bdi></a></td>` +
      `<td>${size.toLocaleString('en')}</td><td>${new Date(modified).toISOString().slice(0, 16).replace('T', ' ')}</td></tr>`,
  );
  const next = listing.next === null ? '' : `<p><a href="${escaped(listing.next)}">More</a></p>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Simple P2P</title><style>${STYLE}</style>
<h1>Simple P2P</h1><p>${listing.count.toLocaleString('en')} files are offered here.</p>
<table><thead><tr><th>Name</th><th>Bytes</th><th>Modified (UTC)</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table>${next}</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
