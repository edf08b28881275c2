// What the page weighs, how its frames come while it is scrolled and searched, and what axe finds. In the
// Chromium of the tests, which renders in software: a machine with a graphics card is quicker.
import axe, { type AxeResults } from 'axe-core';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { buildPage } from '../../scripts/page.ts';
import { readPage, type PageFiles } from '../../src/lib/http/page-files.ts';
import { pageRoutes } from '../../src/lib/http/page-routes.ts';
import { createLog } from '../../src/lib/log.ts';
import { ControlServer } from '../../src/peer/control/control-server.ts';
import { Registry } from '../../src/registry/registry.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { MemoryPeer, PIECE_BYTES } from '../../test/control/memory-peer.ts';
import { launchChromium } from '../../test/harness/chromium.ts';
import { FRAMES, framesOf, framesText } from './frames.ts';

/** Of script in the first load, gzipped. */
const MAX_SCRIPT_BYTES = 60_000;
const RESULTS = 10_000;
/** As one reads, and as one flings. */
const SCROLLED_PER_FRAME = [60, 900];
/** More than any content of less than 160 GiB has. */
const PIECES = 10_000;
/** As a hundred megabytes a second bring pieces of 256 KiB. */
const PIECES_A_SECOND = 400;
const ARRIVE_EVERY_MS = 20;
/** Prime to their number: no two beside each other come one after the other. */
const SCATTERED = 7_919;
const PIECES_ROOT = 'ab'.repeat(32);
/** A lease that outlives any run. */
const LEASE_MS = 24 * 60 * 60 * 1000;
const sizes = ['desktop', 'phone'] as const;
const PEER = '0123456789abcdef'.repeat(2);

/** To the end of the list again and again, until all of it is there. */
const TO_THE_END = `new Promise((resolve) => {
  const step = () => {
    scrollTo(0, document.documentElement.scrollHeight);
    const item = document.querySelector('[aria-setsize]');
    if (Number(item?.getAttribute('aria-setsize')) >= ${RESULTS}) resolve();
    else setTimeout(step, 20);
  };
  step();
})`;

await buildPage();
const page = await readPage(fileURLToPath(new URL('../../dist/web/', import.meta.url)));
if (!page) throw new Error('The page was built, and is not there.');
const scratch = await mkdtemp(join(tmpdir(), 'sp2p-page-'));
const { store, root } = await filledStore(join(scratch, 'index.sqlite'));
const registry = new Registry({
  ...{ store, page, log: createLog('warn'), host: '127.0.0.1', port: 0, dialBack: false },
});
await registry.start();
const url = `http://127.0.0.1:${registry.address.port}`;
const browser = await launchChromium();
try {
  console.log(
    `Chromium ${browser.version()}, rendering in software on ${cpus()[0]?.model ?? '?'}\n`,
  );
  const { script, style } = firstLoad(page);
  console.log('weight of the first load, gzipped');
  console.log(`  script  ${script} bytes (at most ${MAX_SCRIPT_BYTES})`);
  console.log(`  style   ${style} bytes\n`);
  if (script > MAX_SCRIPT_BYTES) process.exitCode = 1;

  console.log(`${FRAMES} frames while ${RESULTS} results are scrolled`);
  for (const size of sizes)
    for (const pixels of SCROLLED_PER_FRAME) {
      const frames = await framesOf(size, pixels, async (tab) => {
        await tab.goto(`${url}/?q=file`);
        await loadAll(tab);
      });
      console.log(`  ${`${size}, ${pixels} px`.padEnd(16)} ${framesText(frames)}`);
    }

  console.log(
    `\n${FRAMES} frames while ${PIECES} pieces are shown and come, ${PIECES_A_SECOND} a second`,
  );
  await tellPieces(page);

  console.log('\nwhat axe finds');
  const paths = ['/', '/?q=file', '/network', `/contents/${root}`, '/downloads'];
  for (const colorScheme of ['light', 'dark'] as const) {
    const tab = await browser.newPage({ colorScheme });
    for (const path of paths) {
      await tab.goto(url + path);
      await tab.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
      await tab.evaluate(axe.source);
      const { violations, passes } = await tab.evaluate<AxeResults>('axe.run()');
      const found = violations.map(
        ({ id, impact, nodes }) => `${id} (${impact ?? '?'}, ${nodes.length})`,
      );
      console.log(
        `  ${colorScheme.padEnd(6)}${path.slice(0, 20).padEnd(22)}${passes.length} rules kept; ${found.join(', ') || 'nothing'}`,
      );
      if (violations.some(({ impact }) => impact === 'serious' || impact === 'critical'))
        process.exitCode = 1;
    }
    await tab.close();
  }
} finally {
  await browser.close();
  await registry.stop();
  await rm(scratch, { recursive: true, force: true });
}

/** The view of a download of many pieces, at the control interface over a peer that has no files. */
async function tellPieces(files: PageFiles): Promise<void> {
  const peer = new MemoryPeer(scratch);
  const content = new Uint8Array(PIECES * PIECE_BYTES);
  peer.hold(PIECES_ROOT, content);
  const { id } = await peer.addDownload({ root: PIECES_ROOT, name: 'film.mkv' });
  const control = new ControlServer({
    ...{ controlled: peer, network: { url: new URL(url) }, folder: scratch, port: 0 },
    log: createLog('warn'),
    page: (app) => {
      pageRoutes(app, files);
    },
  });
  await control.start();
  let piece = 0;
  const arriving = setInterval(() => {
    for (let n = 0; n < (PIECES_A_SECOND * ARRIVE_EVERY_MS) / 1000 && piece < PIECES; n++)
      peer.arrive(id, (piece++ * SCATTERED) % PIECES);
  }, ARRIVE_EVERY_MS);
  try {
    for (const size of sizes) {
      const frames = await framesOf(size, 1, async (tab) => {
        await tab.goto(control.link);
        await tab.getByRole('searchbox').waitFor();
        await tab.goto(new URL(`/downloads/${id}`, control.url).href);
        await tab.getByRole('heading', { level: 1, name: 'film.mkv' }).waitFor();
        await tab.getByRole('img', { name: /pieces are here/ }).waitFor();
      });
      console.log(`  ${size.padEnd(16)} ${framesText(frames)}`);
    }
  } finally {
    clearInterval(arriving);
    await control.stop();
  }
}

/** An index of as many names as are to be found, all of one peer. */
async function filledStore(file: string): Promise<{ store: SqliteStore; root: string }> {
  const store = new SqliteStore(file);
  await store.start();
  const now = Date.now();
  const endpoint = { ipAddress: '127.0.0.1', port: 7771 };
  await store.renewLease({ peerId: PEER, endpoint, displayName: 'Ann' }, now + LEASE_MS);
  const rootOf = (index: number) => index.toString(16).padStart(64, '0');
  const offered = Array.from({ length: RESULTS }, (_, index) => ({
    name: `folder ${index % 100}/file number ${index}.${['mp3', 'txt', 'jpg', 'mkv'][index % 4] ?? ''}`,
    size: index * 1_000,
    modified: now - index * 60_000,
    root: rootOf(index),
  }));
  await store.changeCatalogue(PEER, { reset: true, revision: 0, offered, withdrawn: [] }, now);
  return { store, root: rootOf(1) };
}

/** What index.html names, as a browser over plain HTTP gets it. */
function firstLoad(files: PageFiles): { script: number; style: number } {
  const html = files.get('index.html')?.plain.bytes.toString() ?? '';
  let script = 0;
  let style = 0;
  for (const [, path = ''] of html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) {
    const file = files.get(path);
    const bytes = (file?.encoded.gzip ?? file?.plain)?.bytes.length ?? 0;
    if (path.endsWith('.js')) script += bytes;
    if (path.endsWith('.css')) style += bytes;
  }
  return { script, style };
}

/** Asks for page after page, and goes back to the top. */
async function loadAll(tab: Page): Promise<void> {
  const list = tab.getByRole('list', { name: 'Results' });
  await list.getByRole('listitem').first().waitFor();
  await tab.evaluate(TO_THE_END);
  await tab.evaluate('scrollTo(0, 0)');
}
