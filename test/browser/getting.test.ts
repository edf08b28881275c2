// At a peer's own page, with real sources of real files: finding something, getting it, seeing it come.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import { useBrowser } from '../harness/browser.ts';
import { startSp2p } from '../harness/command.ts';
import { startOwnPage, stateAt } from '../harness/own-page.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { contentOf, PIECE, startContentSource } from '../download/content-source.ts';
import { announceFile, startPatientRegistry } from '../swarm/announcing.ts';

const open = useBrowser();

/** Slow enough to see pieces come, until a test has seen enough. */
const SLOWLY = 500_000;
const AWAY = /Failed to load resource|ERR_/;

/** One who shares these files, and lets go of them slowly until `limit` says otherwise. */
async function slowPeer(
  registry: URL,
  files: Record<string, string | Uint8Array>,
  displayName = 'Ann',
) {
  const limit = new RateLimit(SLOWLY);
  const shares = [await folderOf(files)];
  const peer = await startPeer({ shares, registry, displayName, uploadLimit: limit });
  return { peer, limit };
}

/** Searches the library for it, and has it come. */
async function get(page: Page, name: string): Promise<void> {
  await page.getByRole('searchbox').fill(name);
  const row = page.getByRole('list', { name: 'Results' }).getByRole('listitem');
  await row.getByRole('button', { name: 'Get', exact: true }).click();
}

async function getAndLook(page: Page, name: string): Promise<void> {
  await get(page, name);
  await page
    .getByRole('list', { name: 'Results' })
    .getByRole('link', { name: /%|Coming/ })
    .click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

const finished = (page: Page) => page.getByText('here, every piece verified').first().waitFor();

test('what was searched for comes from two at once, piece by piece, and is there', async () => {
  const { url } = await startRegistry();
  const bytes = randomBytes(16 * PIECE);
  const ann = await slowPeer(url, { 'film.bin': bytes }, 'Ann');
  const ben = await slowPeer(url, { 'the same.bin': bytes }, 'Ben');
  const own = await startOwnPage(url);
  const page = await open(own.link);
  await getAndLook(page, 'film.bin');
  await page
    .getByRole('img', { name: /^[1-9]\d* of 16 pieces are here .* 2 sources\.$/ })
    .waitFor();
  const legend = page.getByRole('list', { name: 'Sources' });
  for (const who of ['Ann', 'Ben'])
    await legend.getByRole('button', { name: new RegExp(`${who}.*[1-9].*[KM]iB`) }).waitFor();
  expect(await page.getByRole('progressbar', { name: 'film.bin' }).count()).toBe(1);
  for (const { limit } of [ann, ben]) limit.bytesPerSecond = Infinity;
  await finished(page);
  await page.getByRole('img', { name: /^16 of 16 pieces are here/ }).waitFor();
  expect((await readFile(join(own.downloadFolder, 'film.bin'))).equals(bytes)).toBe(true);

  await page.getByRole('link', { name: 'Downloads' }).first().click();
  await page.reload();
  const list = page.getByRole('list', { name: '1 download' });
  await list.getByRole('link', { name: 'film.bin' }).waitFor();
  expect(await list.getByRole('listitem').innerText()).toContain('every piece verified');
});

test('a paused download is still paused after its peer was killed, and goes on when it is told to', async () => {
  const { url } = await startRegistry();
  const bytes = randomBytes(12 * PIECE);
  const { limit } = await slowPeer(url, { 'film.bin': bytes });
  const [state, downloads] = [await temporaryFolder(), await temporaryFolder()];
  const share = async (pagePort: string) => {
    const flags = ['--registry', String(url), '--state', state, '--downloads', downloads];
    const ports = ['--port', '0', '--host', '127.0.0.1', '--page-port', pagePort, '--json'];
    const command = await startSp2p(['share', ...flags, ...ports], {
      env: { SP2P_NO_PAGE: undefined },
    });
    const { url: link } = await command.event(({ event }) => event === 'page');
    await command.event(({ event }) => event === 'announced');
    return { ...command, link: String(link) };
  };
  const first = await share('0');
  const page = await open(first.link, { expected: AWAY });
  await getAndLook(page, 'film.bin');
  await page.getByRole('img', { name: /^[1-9]\d* of 12 pieces/ }).waitFor();
  await page.getByRole('button', { name: 'Pause: film.bin' }).click();
  const resume = page.getByRole('button', { name: 'Resume: film.bin' });
  await resume.waitFor();

  first.process.kill('SIGKILL');
  await first.ended;
  const banner = page.getByText(/^Not connected since/);
  await banner.waitFor();
  const second = await share(new URL(first.link).port);
  await banner.waitFor({ state: 'detached' });
  await resume.waitFor();
  const [kept] = (await stateAt(second.link)).downloads;
  expect(kept).toMatchObject({ state: 'paused', name: 'film.bin' });
  expect(kept?.have).toBeGreaterThan(0);

  await resume.click();
  limit.bytesPerSecond = Infinity;
  await finished(page);
  await page.getByRole('list', { name: 'Sources' }).getByText('from before').waitFor();
  expect((await readFile(join(downloads, 'film.bin'))).equals(bytes)).toBe(true);
});

test('a source that sends something else is named as dropped, and why', async () => {
  const { url } = await startPatientRegistry();
  const bytes = randomBytes(12 * PIECE);
  const liar = await startContentSource(contentOf(bytes), {
    answers: (honest, { piece }) => {
      if (piece === 'layer') return honest;
      const body = Buffer.from(honest.body);
      body[0] = ~(body[0] ?? 0);
      return { ...honest, body };
    },
  });
  await announceFile(url, liar.endpoint, contentOf(bytes), 'film.bin');
  const { limit } = await slowPeer(url, { 'film.bin': bytes });
  const own = await startOwnPage(url);
  const page = await open(own.link);
  await getAndLook(page, 'film.bin');
  await page.getByRole('heading', { name: '1 source dropped' }).waitFor();
  const entry = page.getByRole('listitem').filter({ hasText: liar.key });
  expect(await entry.last().innerText()).toMatch(/bad-piece/);
  limit.bytesPerSecond = Infinity;
  await finished(page);
  expect((await readFile(join(own.downloadFolder, 'film.bin'))).equals(bytes)).toBe(true);
});
