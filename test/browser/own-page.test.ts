// A peer's own page: who may use it, what it shares, how fast it sends, and the registry being away.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { useBrowser } from '../harness/browser.ts';
import { startOwnPage } from '../harness/own-page.ts';
import { builtPage } from '../harness/page.ts';
import { startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { results } from './getting.ts';

const open = useBrowser();

const MIB = 1024 * 1024;
const REFUSED = /401|403|404/;

test('without its token the page says where to find the link, and shows nothing else', async () => {
  const { url } = await startRegistry();
  const shares = [await folderOf({ 'secret.txt': 'x' })];
  const own = await startOwnPage(url, { shares, displayName: 'Cleo' });
  const says = 'Open this page by its link';
  for (const link of [own.url, `${own.url}#token=${'x'.repeat(43)}`, `${own.url}shares`]) {
    const page = await open(link, { expected: REFUSED });
    await page.getByRole('heading', { level: 1, name: says }).waitFor();
    await page.getByText('sp2p status', { exact: true }).waitFor();
    expect(await page.getByRole('navigation').count()).toBe(0);
    expect(await page.evaluate('document.body.innerText')).not.toMatch(/secret|Cleo/);
    expect(page.url()).not.toContain('token');
  }
  const page = await open(own.url);
  await page.getByRole('heading', { name: says }).waitFor();
  await page.goto(own.link);
  await page.getByRole('searchbox').waitFor();
  expect(page.url()).toBe(own.url);
  // Who has been here by the link once does not need it again.
  await page.goto(`${own.url}shares`);
  await page.getByRole('heading', { level: 1, name: 'Shares' }).waitFor();
});

test('a folder that is shared in the page is found by somebody else', async () => {
  const { url } = await startRegistry({ page: await builtPage() });
  const own = await startOwnPage(url);
  const folder = await folderOf({ 'Songs/a new song.txt': 'la' });
  const other = await open(url);
  await other.getByRole('searchbox').fill('new song');
  await other.getByText('Nothing is shared on this network yet').waitFor();
  const page = await open(own.link);
  await page.getByRole('link', { name: 'Shares' }).click();
  await page.getByText('You share nothing yet').waitFor();
  await page.getByRole('button', { name: 'Share a folder' }).click();
  const dialog = page.getByRole('dialog', { name: 'Share a folder' });
  await dialog.getByRole('textbox', { name: 'Folder on this machine' }).fill(`${folder}/`);
  await dialog.getByRole('list', { name: 'Folders there' }).getByText('Songs').click();
  await dialog.getByRole('button', { name: 'Share this folder' }).click();
  await page.getByRole('heading', { name: 'Songs' }).waitFor();
  const offered = page.getByRole('list', { name: 'What is offered' });
  await offered.getByRole('link', { name: 'a new song.txt' }).waitFor();
  await expect.poll(() => results(other).count()).toBe(1);

  await page.getByRole('button', { name: 'Stop sharing' }).click();
  await page
    .getByRole('dialog', { name: 'Stop sharing this folder?' })
    .getByRole('button', { name: 'Stop sharing' })
    .click();
  await page.getByText('You share nothing yet').waitFor();
  await expect.poll(() => results(other).count()).toBe(0);
});

test('who has gone far into what is offered stays there while more is added, and sees it above', async () => {
  const { url } = await startRegistry();
  const files = Array.from({ length: 450 }, (_, n) => [`file ${1_000 + n}.txt`, `${n}`]);
  const shares = [await folderOf(Object.fromEntries(files) as Record<string, string>)];
  const own = await startOwnPage(url, { shares });
  const page = await open(own.link);
  await page.getByRole('link', { name: 'Shares' }).click();
  const offered = page.getByRole('list', { name: 'What is offered' });
  const last = offered.getByRole('link', { name: 'file 1449.txt' });
  await offered.getByRole('link', { name: 'file 1000.txt' }).focus();
  for (const least of ['400', '450']) {
    await page.keyboard.press('End');
    await offered.locator(`[aria-setsize="${least}"]`).first().waitFor();
  }
  await page.keyboard.press('End');
  await last.waitFor();
  await own.peer.controlled.addShare(await folderOf({ 'a new one.txt': 'new' }));
  await own.peer.indexed();
  await page.getByText('1 file ·').waitFor({ state: 'attached' });
  await expect.poll(() => page.getByRole('progressbar').count()).toBe(0);
  expect(await last.isVisible()).toBe(true);
  // It is asked for now, and was not before.
  const askedAnew = page.waitForRequest(/\/offered\?text=&after=&/);
  await page.evaluate('scrollTo(0, 0)');
  await askedAnew;
  await offered.getByRole('link', { name: 'a new one.txt' }).waitFor();
});

test('what is sent slows down when the slider is moved, and goes on when it is moved back', async () => {
  const { url } = await startRegistry();
  const shares = [await folderOf({ 'film.bin': randomBytes(32 * MIB) })];
  const own = await startOwnPage(url, { shares, uploadLimit: new RateLimit(2 * MIB) });
  const getter = await startOwnPage(url);
  const { offered } = own.peer.controlled.offered('', '', 1);
  await getter.peer.controlled.addDownload({ root: offered[0]?.root ?? '', name: 'film.bin' });
  const page = await open(own.link);
  await page.getByRole('link', { name: 'Shares' }).click();
  const fetching = page.getByRole('list', { name: 'Who is fetching now' });
  await fetching.getByText('film.bin').first().waitFor();
  const rate = async () => (await own.state()).peer.uploadRate;
  await expect.poll(rate).toBeGreaterThan(MIB);
  const slider = page.getByRole('slider', { name: 'Send at most' });
  await slider.press('Home');
  await expect.poll(async () => (await own.state()).limits.maxUpload).toBe(16 * 1024);
  expect(await slider.getAttribute('aria-valuetext')).toBe('16.0 KiB/s');
  await expect.poll(rate).toBeLessThan(100 * 1024);
  await slider.press('End');
  await expect
    .poll(async () => (await getter.state()).downloads.map(({ state }) => state))
    .toEqual(['done']);
  expect(await own.state()).toMatchObject({ limits: { maxUpload: null } });
});

test('a registry that is away is said to be, and its figures do not pass for live ones', async () => {
  const file = `${await temporaryFolder()}/index.sqlite`;
  const first = await startRegistry({ store: new SqliteStore(file) });
  const shares = [await folderOf({ 'a.txt': 'a' })];
  const own = await startOwnPage(first.url, { shares, displayName: 'Cleo' });
  const page = await open(own.link, { expected: /Failed to load resource|ERR_|502|503/ });
  await page.getByRole('link', { name: 'Network' }).click();
  const card = page
    .locator('section')
    .filter({ has: page.getByRole('heading', { name: 'Registry' }) });
  await page.getByText(/knows this peer since/).waitFor();
  await page.getByText('1 name of 1 content').waitFor();
  const isFaint = () =>
    card
      .last()
      .getAttribute('class')
      .then((its) => its?.includes('stale'));
  await expect.poll(isFaint).toBe(false);

  await first.registry.stop();
  await page.getByText(/^The registry has been away since/).waitFor();
  await card
    .last()
    .getByText(/away since/)
    .waitFor();
  await expect.poll(isFaint).toBe(true);
  await page.getByRole('link', { name: 'Library' }).click();
  await page.getByRole('searchbox').fill('a');
  await page.getByText('The registry does not answer.').first().waitFor();

  await startRegistry({ store: new SqliteStore(file), port: first.port });
  await page.getByText(/^The registry has been away since/).waitFor({ state: 'detached' });
  await expect.poll(() => results(page).count()).toBe(1);
  await page.getByRole('link', { name: 'Network' }).click();
  await page.getByText(/knows this peer since/).waitFor();
  await expect.poll(isFaint).toBe(false);
});
