// The page that registry and peer serve: in the package it is there, in a clone it is built when it is
// not. Whoever cannot have it goes without, and is told why.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readPage, type PageFiles } from '../lib/http/page-files.ts';
import { say } from './terminal.ts';

const BUILDER = new URL('../../scripts/page.ts', import.meta.url);
const IN_CLONE = new URL('../../dist/web/', import.meta.url);
const IN_PACKAGE = new URL('../web/', import.meta.url);

export async function loadPage(): Promise<PageFiles | undefined> {
  const isClone = existsSync(BUILDER);
  try {
    if (isClone) {
      const { buildPage } = (await import(BUILDER.href)) as { buildPage: () => Promise<void> };
      await buildPage();
    }
    const page = await readPage(fileURLToPath(isClone ? IN_CLONE : IN_PACKAGE));
    if (!page) throw new Error('its files are not there');
    return page;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(
      `There is no page, and it goes without (${why}). In a clone "npm ci" brings what it takes.`,
    );
    return undefined;
  }
}
