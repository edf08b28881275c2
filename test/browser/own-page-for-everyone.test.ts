// A peer's own page for everyone: by keyboard alone, on a narrow screen, in light and dark, whatever names
// strangers have thought up.
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { barriers, overhang, useBrowser } from '../harness/browser.ts';
import { startOwnPage } from '../harness/own-page.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { folderOf } from '../harness/temporary.ts';
import { get, results, slowPeer } from './getting.ts';

const open = useBrowser();

const NARROW = { width: 360, height: 740 };
const MIB = 1024 * 1024;

test('names of strangers are text in the library, in downloads and in shares', async () => {
  const long = `${'deep folder '.repeat(9)}/${'a long name, '.repeat(15)}end.txt`;
  const names = [
    '<img src=x onerror=alert(1)>.txt',
    'evil \u202Etxt.exe.txt',
    'party 🎉👩‍👩‍👧.txt',
    'x'.repeat(240) + '.txt',
    long,
  ];
  expect(long.length).toBeGreaterThanOrEqual(300);
  const files = Object.fromEntries(names.map((name, i) => [name, `${i}`]));
  const mine = Object.fromEntries(
    names.map((name, i) => [name.replaceAll('txt', 'md'), `my ${i}`]),
  );
  const { url } = await startRegistry();
  await startPeer({ shares: [await folderOf(files)], registry: url, displayName: names[0] });
  const own = await startOwnPage(url, { shares: [await folderOf(mine)], displayName: names[1] });
  const page = await open(own.link, { viewport: NARROW });
  const look = async (what: string) => {
    expect(await page.locator('img[src="x"], script:not([src])').count(), what).toBe(0);
    expect(await overhang(page), what).toBe(0);
    expect(await page.evaluate('document.body.innerText'), what).not.toContain('\u202E');
  };
  await page.getByRole('searchbox').fill('txt');
  await expect.poll(() => results(page).count()).toBe(names.length);
  await look('library');
  const buttons = results(page).getByRole('button', { name: 'Get', exact: true });
  await expect.poll(() => buttons.count()).toBe(names.length);
  for (let left = names.length; left > 0; left--) {
    await buttons.first().click();
    await expect.poll(() => buttons.count()).toBe(left - 1);
  }
  await look('library with downloads');
  await page.getByRole('link', { name: 'Downloads' }).first().click();
  const all = page.getByRole('list', { name: `${names.length} downloads` });
  await expect
    .poll(async () => (await own.state()).downloads.every(({ state }) => state === 'done'))
    .toBe(true);
  await expect.poll(() => all.getByText('every piece verified').count()).toBe(names.length);
  await look('downloads');
  for (const { id } of (await own.state()).downloads) {
    await page.goto(`${own.url}downloads/${id}`);
    await page.getByRole('heading', { name: 'Pieces' }).waitFor();
    await look(id);
  }
  for (const view of ['Shares', 'Network']) {
    await page.getByRole('link', { name: view, exact: true }).click();
    const list = view === 'Shares' ? 'What is offered' : 'Peers';
    await page.getByRole('list', { name: list }).getByRole('listitem').first().waitFor();
    await look(view);
  }
});

test('with the keyboard alone one gets from the link to a download that runs', async () => {
  const { url } = await startRegistry();
  await slowPeer(url, { 'film.bin': randomBytes(16 * MIB), 'film.txt': 'x' });
  const own = await startOwnPage(url);
  const page = await open(own.link);
  const { keyboard } = page;
  /** Goes on to what is called that, and sees that it is marked. */
  const tabTo = async (name: RegExp) => {
    for (let steps = 0; steps < 40; steps++) {
      const { called, isSeen } = await focused(page);
      expect(isSeen, called).toBe(true);
      if (name.test(called)) return;
      await keyboard.press('Tab');
    }
    throw new Error(`${String(name)} is not reached.`);
  };
  await page.getByRole('searchbox').waitFor();
  expect((await focused(page)).called).toMatch(/^Search/);
  await keyboard.type('film.bin');
  await expect.poll(() => results(page).count()).toBe(1);
  await keyboard.press('ArrowDown');
  expect((await focused(page)).called).toMatch(/film\.bin/);
  await keyboard.press('Tab');
  expect((await focused(page)).called).toBe('Get');
  await keyboard.press('Enter');
  await results(page)
    .getByRole('link', { name: /%|Coming/ })
    .waitFor();
  expect((await focused(page)).called).toMatch(/%|Coming/);
  const [{ id } = { id: '' }] = (await own.state()).downloads;
  await own.peer.controlled.removeDownload(id);
  await page.getByRole('searchbox').focus();
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await page.getByRole('button', { name: 'Get it' }).waitFor();
  await tabTo(/^Get it$/);
  await keyboard.press('Enter');
  await page.getByRole('button', { name: 'Pause: film.bin' }).waitFor();
  expect((await focused(page)).called).toBe('film.bin');
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Rates by source' }).waitFor();
  expect((await focused(page)).called).toBe('film.bin');

  await tabTo(/^Cancel: /);
  await keyboard.press('Enter');
  const question = page.getByRole('dialog', { name: 'Cancel this download?' });
  await question.waitFor();
  expect((await focused(page)).called).toBe('No, keep it');
  await keyboard.press('Escape');
  await question.waitFor({ state: 'detached' });
  expect((await focused(page)).called).toBe('Cancel: film.bin');

  await page.goto(`${own.url}shares`);
  await page.getByRole('heading', { level: 1, name: 'Shares' }).waitFor();
  await tabTo(/^Share a folder$/);
  await keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect((await focused(page)).called).toBe('Share a folder');
  expect((await own.state()).downloads[0]?.state).toBe('running');
});

/** What has the focus, and whether that can be seen. */
function focused(page: Page): Promise<{ called: string; isSeen: boolean }> {
  return page.evaluate(`(() => {
    const at = document.activeElement;
    const { outlineStyle, boxShadow } = getComputedStyle(at);
    const field = at.closest('.search-box');
    const called = at.getAttribute('aria-label') ?? at.innerText ?? '';
    const isSeen = at === document.body || outlineStyle !== 'none' || boxShadow !== 'none' ||
      at.matches('h1, main') || (field && getComputedStyle(field).boxShadow !== 'none');
    return { called: called.replaceAll(/\\s+/g, ' ').trim(), isSeen: Boolean(isSeen) };
  })()`);
}

test.each(['light', 'dark'] as const)(
  'in %s axe finds no barrier while something comes, and 360 pixels are enough',
  async (colorScheme) => {
    const { url } = await startRegistry();
    const name = 'a folder of films/one with quite a long name, second part.bin';
    const bytes = randomBytes(32 * MIB);
    await slowPeer(url, { [name]: bytes }, 'Ann');
    await slowPeer(url, { [name]: bytes }, 'Ben');
    const shares = [await folderOf({ 'mine.txt': 'mine' })];
    const own = await startOwnPage(url, { shares, displayName: 'Cleo' });
    const page = await open(own.link, { colorScheme, viewport: NARROW });
    await get(page, 'second part');
    await expect.poll(async () => (await own.state()).downloads[0]?.sources.length).toBe(2);
    const { id = '', root = '' } = (await own.state()).downloads[0] ?? {};
    for (const [path, shows] of [
      ['/downloads', /from 2 sources/],
      [`/downloads/${id}`, 'Rates by source'],
      ['/shares', 'mine'],
      ['/network', 'Cleo'],
      [`/contents/${root}`, 'Who has it'],
    ] as const) {
      await page.goto(String(new URL(path, own.url)));
      await page.getByText(shows).first().waitFor();
      expect(await barriers(page), path).toEqual([]);
      expect(await overhang(page), path).toBe(0);
    }
    expect((await own.state()).downloads[0]?.state).toBe('running');
  },
);
