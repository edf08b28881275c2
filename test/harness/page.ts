// The page as it is built from this clone.
import { fileURLToPath } from 'node:url';
import { buildPage } from '../../scripts/page.ts';
import { readPage, type PageFiles } from '../../src/lib/http/page-files.ts';

const BUILT = fileURLToPath(new URL('../../dist/web/', import.meta.url));

export async function builtPage(): Promise<PageFiles> {
  await buildPage();
  const page = await readPage(BUILT);
  if (!page) throw new Error('The page was built, and is not there.');
  return page;
}
