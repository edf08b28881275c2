// What tests at a peer's own page do alike: somebody to get from, and the way there in the page.
import type { Page } from 'playwright-core';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import { startPeer } from '../harness/running.ts';
import { folderOf } from '../harness/temporary.ts';

/** Bytes a second: slow enough to see pieces come, until a test has seen enough. */
const SLOWLY = 500_000;

/** One who shares these files, and lets go of them slowly until `limit` says otherwise. */
export async function slowPeer(
  registry: URL,
  files: Record<string, string | Uint8Array>,
  displayName = 'Ann',
) {
  const limit = new RateLimit(SLOWLY);
  const shares = [await folderOf(files)];
  const peer = await startPeer({ shares, registry, displayName, uploadLimit: limit });
  return { peer, limit };
}

/** What the library has found. */
export function results(page: Page) {
  return page.getByRole('list', { name: 'Results' }).getByRole('listitem');
}

/** Searches the library for it, and has it come. */
export async function get(page: Page, name: string): Promise<void> {
  await page.getByRole('searchbox').fill(name);
  await results(page).getByRole('button', { name: 'Get', exact: true }).click();
}

/** The same, and opens the view of that download. */
export async function getAndLook(page: Page, name: string): Promise<void> {
  await get(page, name);
  await results(page)
    .getByRole('link', { name: /%|Coming/ })
    .click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

/** Resolves when the page says that the download is done. */
export function finished(page: Page): Promise<void> {
  return page.getByText('here, every piece verified').first().waitFor();
}
