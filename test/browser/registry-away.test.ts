// The page while the registry goes away and comes back: nothing stale passes for live.
import { expect, test } from 'vitest';
import { useBrowser } from '../harness/browser.ts';
import { builtPage } from '../harness/page.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';

const open = useBrowser();

test('a registry that goes away is said to be away, and is followed again when it is back', async () => {
  const file = `${await temporaryFolder()}/index.sqlite`;
  const page = await builtPage();
  const first = await startRegistry({ page, store: new SqliteStore(file) });
  await startPeer({ shares: [await folderOf({ 'a.txt': 'a' })], registry: first.url });
  const tab = await open(first.url, { expected: /Failed to load resource|ERR_/ });
  await tab.getByRole('searchbox').fill('a');
  const rows = tab.getByRole('list', { name: 'Results' }).getByRole('listitem');
  await expect.poll(() => rows.count()).toBe(1);

  await first.registry.stop();
  const banner = tab.getByText(/^Not connected since/);
  await banner.waitFor();

  const second = await startRegistry({ page, store: new SqliteStore(file), port: first.port });
  await banner.waitFor({ state: 'detached' });
  await startPeer({ shares: [await folderOf({ 'another.txt': 'b' })], registry: second.url });
  await expect.poll(() => rows.count()).toBe(2);
});
