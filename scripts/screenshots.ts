// Takes the pictures of the page that are in docs/: a registry, three peers on files made for it, and the
// Chromium of the tests. What they show happened; only the names were thought up.
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { loadPage } from '../src/cli/page.ts';
import { createLog } from '../src/lib/log.ts';
import { pageRoutes } from '../src/lib/http/page-routes.ts';
import { RateLimit } from '../src/lib/rate-limit.ts';
import { ControlServer } from '../src/peer/control/control-server.ts';
import { Peer, type PeerOptions } from '../src/peer/peer.ts';
import { Registry } from '../src/registry/registry.ts';
import { SqliteStore } from '../src/registry/store/sqlite.ts';
import { launchChromium } from '../test/harness/chromium.ts';

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));
const DESKTOP = { width: 1200, height: 760 };
const DAY_MS = 24 * 60 * 60 * 1000;
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

/** Who shares what, each file as large as it says. */
const SHARED: Readonly<Record<string, Record<string, number>>> = {
  'Ada’s desk': {
    'Field recordings/Rain on a tin roof.flac': 4_400_000,
    'Field recordings/Night train.flac': 7_900_000,
    'Choir/Evening song.mp3': 3_100_000,
    'Papers/Song of the whales, a survey.pdf': 1_300_000,
    'Pictures/Harbour at dawn.jpg': 900_000,
    'Films/A song for the lighthouse.mkv': 64_000_000,
  },
  Studio: {
    'Choir/Evening song.mp3': 3_100_000,
    'Choir/Evening song, sheet music.pdf': 400_000,
    'Films/A song for the lighthouse.mkv': 64_000_000,
    'Field recordings/Night train.flac': 7_900_000,
    'Songs to cook by/Morning song.ogg': 2_500_000,
  },
  'Kitchen laptop': {
    'Recipes/Bread.md': 4_200,
    'Films/A song for the lighthouse.mkv': 64_000_000,
    'Choir/Evening song.mp3': 2_900_000,
    'Songs to cook by/Morning song.ogg': 2_500_000,
    'Papers/Song of the whales, a survey.pdf': 1_300_000,
    'Field recordings/Rain on a tin roof.flac': 4_400_000,
  },
};

const FILM = 'Films/A song for the lighthouse.mkv';
/** Bytes a second that they send at most, in their order: so that there is something to see. */
const RATES = [5_000_000, 3_500_000, 2_000_000];
const ENOUGH_TO_SEE = 0.6;

const page = await loadPage();
if (!page) throw new Error('Without a page there is nothing to take a picture of.');
const scratch = await mkdtemp(join(tmpdir(), 'sp2p-screenshots-'));
const log = createLog('warn');
const registry = new Registry({
  ...{ log, page, host: '127.0.0.1', port: 0 },
  store: new SqliteStore(join(scratch, 'index.sqlite')),
});
const peers: Peer[] = [];
await registry.start();
const url = new URL(`http://127.0.0.1:${registry.address.port}`);
const browser = await launchChromium();
try {
  for (const [n, [displayName, files]] of Object.entries(SHARED).entries())
    peers.push(await startPeer(displayName, await folderOf(displayName, files), RATES[n]));
  await take('library', '/?q=song', 'Evening song');
  await take('library-dark', '/?q=song', 'Evening song', { colorScheme: 'dark' });
  await take('library-phone', '/?q=song', 'Evening song', PHONE);
  await take('network', '/network', 'Studio');
  await take(
    'content',
    `/contents/${await rootOf('Field recordings/Night train.flac')}`,
    'Night train.flac',
  );
  await takeOwnPage();
} finally {
  await browser.close();
  for (const peer of peers) await peer.stop();
  await registry.stop();
  await rm(scratch, { recursive: true, force: true });
}

/** The page of somebody who gets the film from all three. */
async function takeOwnPage(): Promise<void> {
  const folder = join(scratch, 'Downloads');
  await mkdir(folder);
  const dataFolder = join(scratch, 'state');
  const own = await startPeer('You', folder, Infinity, { downloadFolder: folder, dataFolder });
  peers.push(own);
  const control = new ControlServer({
    ...{ controlled: own.controlled, network: { url }, folder: dataFolder, port: 0, log },
    page: (app) => {
      if (page) pageRoutes(app, page);
    },
  });
  await control.start();
  try {
    const tab = await browser.newPage({
      ...{
        viewport: { ...DESKTOP, height: 1_000 },
        deviceScaleFactor: 1.5,
        reducedMotion: 'reduce',
      },
    });
    await tab.goto(control.link);
    await tab.getByRole('searchbox').waitFor();
    const root = await rootOf(FILM);
    const { id } = await own.controlled.addDownload({ root, name: FILM });
    await tab.goto(new URL(`/downloads/${id}`, control.url).href);
    await tab.getByText('sources').first().waitFor();
    const wanted = Promise.withResolvers<undefined>();
    const stop = own.controlled.onChange(() => {
      const film = own.controlled.state.downloads.find((each) => each.id === id);
      if (film && film.have > ENOUGH_TO_SEE * (film.size ?? Infinity)) wanted.resolve(undefined);
    });
    await wanted.promise;
    stop();
    await shoot(tab, 'download');
    await tab.getByRole('link', { name: 'Network' }).click();
    await tab.getByText('Right now').waitFor();
    await shoot(tab, 'swarm');
    await tab.close();
  } finally {
    await control.stop();
  }
}

async function shoot(tab: Page, name: string): Promise<void> {
  await tab.screenshot({ path: join(DOCS, `page-${name}.png`), animations: 'disabled' });
  console.log(`docs/page-${name}.png`);
}

/** @param shows what is there once the picture can be taken */
async function take(
  name: string,
  path: string,
  shows: string,
  options: BrowserContextOptions = {},
): Promise<void> {
  const tab = await browser.newPage({
    ...{ viewport: DESKTOP, deviceScaleFactor: 1.5, reducedMotion: 'reduce' },
    ...options,
  });
  await tab.goto(String(new URL(path, url)));
  await tab.getByText(shows).first().waitFor();
  await shoot(tab, name);
  await tab.close();
}

async function folderOf(owner: string, files: Record<string, number>): Promise<string> {
  const folder = join(scratch, owner);
  for (const [name, size] of Object.entries(files)) {
    const modified = new Date(Date.now() - (size % 97) * DAY_MS);
    await mkdir(dirname(join(folder, name)), { recursive: true });
    // The same name and size, the same bytes: whole copies in several places.
    const [leaf = ''] = name.split('/').slice(-1);
    await writeFile(join(folder, name), Buffer.alloc(size, `${leaf} ${size}\n`));
    await utimes(join(folder, name), modified, modified);
  }
  return folder;
}

async function startPeer(
  displayName: string,
  folder: string,
  rate = Infinity,
  options: Partial<PeerOptions> = {},
): Promise<Peer> {
  const announced = Promise.withResolvers<undefined>();
  const peer = new Peer({
    ...{ shares: [folder], network: { url }, displayName, log, host: '127.0.0.1', port: 0 },
    uploadLimit: new RateLimit(rate),
    ...options,
    onState: (state) => {
      if (state.at === 'announced') announced.resolve(undefined);
      if (state.at === 'away') announced.reject(state.error);
    },
  });
  await peer.start();
  await peer.indexed();
  await announced.promise;
  return peer;
}

async function rootOf(name: string): Promise<string> {
  const answer = await fetch(new URL(`/api/v1/names/${encodeURIComponent(name)}`, url));
  const { versions } = (await answer.json()) as { versions: { root: string }[] };
  return versions[0]?.root ?? '';
}
