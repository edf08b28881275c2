// At a peer's own page, several downloads at once.
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { useBrowser } from '../harness/browser.ts';
import { startOwnPage } from '../harness/own-page.ts';
import { startRegistry } from '../harness/running.ts';
import { results, slowPeer } from './getting.ts';

const open = useBrowser();

const MIB = 1024 * 1024;

test('they pause and go on with one press, the tab says how far they are, and what is here leaves the list', async () => {
  const { url } = await startRegistry();
  const names = ['part 1.bin', 'part 2.bin', 'part 3.bin'];
  const files = Object.fromEntries(names.map((name) => [name, randomBytes(8 * MIB)]));
  const { limit } = await slowPeer(url, files);
  const own = await startOwnPage(url);
  const states = async () => (await own.state()).downloads.map(({ state }) => state);
  const page = await open(own.link);
  await page.getByRole('searchbox').fill('part');
  const buttons = results(page).getByRole('button', { name: 'Get', exact: true });
  for (let left = names.length; left > 0; left--) {
    await expect.poll(() => buttons.count()).toBe(left);
    await buttons.first().click();
  }
  await page.getByRole('link', { name: 'Downloads' }).first().click();
  await expect.poll(() => page.title()).toMatch(/^[1-9]\d? % · Downloads · Simple P2P$/);

  await page.getByRole('button', { name: 'Under way 3' }).waitFor();
  await page.getByRole('button', { name: 'Pause all' }).click();
  await expect.poll(states).toEqual(['paused', 'paused', 'paused']);
  await expect.poll(() => page.title()).toBe('Downloads · Simple P2P');
  const resume = page.getByRole('button', { name: 'Resume all' });
  await resume.waitFor();
  // Who pressed it by keyboard can take it back at once.
  expect(await resume.evaluate('document.activeElement.textContent')).toBe('Resume all');
  limit.bytesPerSecond = Infinity;
  await resume.press('Enter');
  await expect.poll(states).toEqual(['done', 'done', 'done']);

  await page.getByRole('button', { name: 'Here 3' }).waitFor();
  await page.getByRole('button', { name: 'Clear what is here' }).click();
  await page.getByText('3 downloads taken off the list. The files stay.').waitFor();
  await page.getByText('Nothing is on its way').waitFor();
  expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
  expect(await states()).toEqual([]);
  expect((await readdir(own.downloadFolder)).sort()).toEqual(names);
});
