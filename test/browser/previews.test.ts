// At a peer's own page: looking at what comes before all of it is there, and what it may not do to the page.
import { randomBytes } from 'node:crypto';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import { useBrowser } from '../harness/browser.ts';
import { startOwnPage, type OwnPage } from '../harness/own-page.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { folderOf } from '../harness/temporary.ts';

const open = useBrowser();

/** One red pixel. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

/** RIFF WAVE: 8,000 samples of one byte a second. */
function wave(seconds: number): Buffer {
  const samples = randomBytes(seconds * 8_000);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

/** What an element says of itself just now. */
function property(element: Locator, name: string): Promise<unknown> {
  return element.evaluate((it, key) => (it as unknown as Record<string, unknown>)[key], name);
}

/** Has a content come that is known by this name, as the page does. */
async function added(own: OwnPage, registry: URL, name: string, sequential = false) {
  const answer = await fetch(new URL(`/api/v1/names/${encodeURIComponent(name)}`, registry));
  const { versions } = (await answer.json()) as { versions: { root: string; size: number }[] };
  const [version] = versions;
  if (!version) throw new Error(`${name} is not known.`);
  const { root, size } = version;
  return own.peer.controlled.addDownload({ root, size, name, sequential });
}

test('text, pages and pictures are looked at, and nothing in them runs', async () => {
  const { url } = await startRegistry();
  const html = '<h1>Loud</h1><script>alert(1)</script><img src=x onerror=alert(2)>';
  const files = { 'note.txt': 'one\ntwo\n<b>three', 'page.html': html, 'dot.png': PICTURE };
  await startPeer({ shares: [await folderOf(files)], registry: url });
  const own = await startOwnPage(url);
  for (const name of Object.keys(files)) await added(own, url, name);
  const page = await open(own.link);
  await page.getByRole('link', { name: 'Downloads' }).first().click();
  for (const [name, shows] of [
    ['note.txt', files['note.txt']],
    ['page.html', html],
  ] as const) {
    await page.getByRole('link', { name, exact: true }).click();
    await page.getByText('here, every piece verified').waitFor();
    await page.getByRole('button', { name: 'Preview' }).click();
    const dialog = page.getByRole('dialog', { name });
    await expect.poll(() => dialog.locator('pre').textContent()).toBe(shows);
    expect(await dialog.getByRole('heading', { name: 'Loud' }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.goBack();
  }
  await page.getByRole('link', { name: 'dot.png', exact: true }).click();
  await page.getByText('here, every piece verified').waitFor();
  await page.getByRole('button', { name: 'Preview' }).click();
  const picture = page
    .getByRole('dialog', { name: 'dot.png' })
    .getByRole('img', { name: 'dot.png' });
  await expect.poll(() => property(picture, 'naturalWidth')).toBe(1);
});

test('sound is played, and sought through, while most of it is still to come', async () => {
  const { url } = await startRegistry();
  const limit = new RateLimit(300_000);
  const shares = [await folderOf({ 'song.wav': wave(1_800) })];
  await startPeer({ shares, registry: url, uploadLimit: limit });
  const own = await startOwnPage(url);
  const { id } = await added(own, url, 'song.wav', true);
  const page = await open(own.link);
  await page.getByRole('link', { name: 'Downloads' }).first().click();
  await page.getByRole('link', { name: 'song.wav' }).click();
  expect(await page.getByRole('checkbox', { name: /^In order/ }).isChecked()).toBe(true);
  const ranges: number[] = [];
  page.on('response', (answer) => {
    if (answer.url().includes('/control/v1/preview/')) ranges.push(answer.status());
  });
  await expect.poll(async () => (await own.state()).downloads[0]?.have).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Preview' }).click();
  const sound = page.locator('audio');
  await expect.poll(() => property(sound, 'duration')).toBeCloseTo(1_800, 0);
  // Near its end: that comes first now.
  await sound.evaluate((audio) => {
    Object.assign(audio, { currentTime: 1_780 });
  });
  await expect.poll(() => property(sound, 'seeking')).toBe(false);
  expect(await property(sound, 'currentTime')).toBeGreaterThanOrEqual(1_780);
  const download = (await own.state()).downloads.find((each) => each.id === id);
  expect(download?.state).toBe('running');
  expect(download?.have).toBeLessThan(download?.size ?? 0);
  expect(new Set(ranges)).toEqual(new Set([206]));
  limit.bytesPerSecond = Infinity;
});
