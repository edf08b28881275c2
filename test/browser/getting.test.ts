// At a peer's own page, with real sources of real files: finding something, getting it, seeing it come.
import { randomBytes } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useBrowser } from '../harness/browser.ts';
import { startSp2p } from '../harness/command.ts';
import { startOwnPage, stateAt } from '../harness/own-page.ts';
import { startRegistry } from '../harness/running.ts';
import { makeRoom, mayMount, mounted, sayWhatIsNotRun } from '../harness/small-disk.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { contentOf, PIECE, startContentSource } from '../download/content-source.ts';
import { finished, get, getAndLook, slowPeer } from './getting.ts';
import { announceFile, startPatientRegistry } from '../swarm/announcing.ts';

const open = useBrowser();

sayWhatIsNotRun('a full disk in the page');

const AWAY = /Failed to load resource|ERR_/;

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
  await list.getByRole('link', { name: 'film.bin' }).click();
  for (const who of ['Ann', 'Ben']) await legend.getByRole('button', { name: who }).waitFor();
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
  // Once that is answered it is kept, too.
  const kept = page.waitForResponse((answer) => answer.request().method() === 'PATCH');
  await page.getByRole('button', { name: 'Pause: film.bin' }).click();
  expect((await kept).status()).toBe(200);
  const resume = page.getByRole('button', { name: 'Resume: film.bin' });
  await resume.waitFor();

  first.process.kill('SIGKILL');
  await first.ended;
  const banner = page.getByText(/^Not connected since/);
  await banner.waitFor();
  const second = await share(new URL(first.link).port);
  await banner.waitFor({ state: 'detached' });
  await resume.waitFor();
  const [still] = (await stateAt(second.link)).downloads;
  expect(still).toMatchObject({ state: 'paused', name: 'film.bin' });
  expect(still?.have).toBeGreaterThan(0);

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
  expect(await entry.last().innerText()).toMatch(/ piece \d+ is not what the root says$/);
  limit.bytesPerSecond = Infinity;
  await finished(page);
  expect((await readFile(join(own.downloadFolder, 'film.bin'))).equals(bytes)).toBe(true);
});

test('a download folder that vanishes is said in words, and when it is back the download goes on', async () => {
  const { url } = await startRegistry();
  const bytes = randomBytes(8 * PIECE);
  const { limit } = await slowPeer(url, { 'film.bin': bytes });
  const own = await startOwnPage(url);
  const page = await open(own.link);
  await get(page, 'film');
  await page.getByRole('link', { name: 'Downloads' }).first().click();
  await page.getByText(/from 1 source/).waitFor();
  const elsewhere = join(await temporaryFolder(), 'moved');
  await rename(own.downloadFolder, elsewhere);
  const fault = page.getByText('The download folder cannot be written to.');
  await fault.waitFor();
  await rename(elsewhere, own.downloadFolder);
  limit.bytesPerSecond = Infinity;
  await finished(page);
  expect((await readFile(join(own.downloadFolder, 'film.bin'))).equals(bytes)).toBe(true);
});

test.skipIf(!mayMount)(
  'a full disk is said in words, and when there is room the download goes on',
  async () => {
    const { url } = await startRegistry();
    const bytes = randomBytes(8 * PIECE);
    const { limit } = await slowPeer(url, { 'film.bin': bytes });
    limit.bytesPerSecond = Infinity;
    const downloadFolder = await mounted(`size=${(3 * PIECE) / 1024}k`);
    const own = await startOwnPage(url, { downloadFolder });
    const page = await open(own.link);
    await get(page, 'film');
    await page.getByRole('link', { name: 'Downloads' }).first().click();
    await page.getByText('The disk is full. Make some room').waitFor();
    // It tries again by itself, from what it has.
    await expect.poll(async () => (await own.state()).downloads[0]?.have).toBeGreaterThan(0);
    makeRoom(downloadFolder, '16m');
    await finished(page);
    expect((await readFile(join(downloadFolder, 'film.bin'))).equals(bytes)).toBe(true);
  },
);
