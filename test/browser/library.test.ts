// The page at a registry, with real peers on real files: finding what is there.
import { expect, test } from 'vitest';
import { barriers, overhang, useBrowser } from '../harness/browser.ts';
import { builtPage } from '../harness/page.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { folderOf } from '../harness/temporary.ts';

const open = useBrowser();

const NARROW = { width: 360, height: 740 };

/** A registry with the page, and a peer that shares these files. */
async function network(files: Record<string, string>) {
  const started = await startRegistry({ page: await builtPage() });
  const peer = await startPeer({
    shares: [await folderOf(files)],
    registry: started.url,
    displayName: 'Ann',
  });
  return { ...started, peer };
}

const MUSIC = {
  'Nina Simone/My Baby Just Cares for Me.mp3': 'a',
  'Nina Simone/Feeling Good.mp3': 'bb',
  'notes/love.txt': 'ccc',
};

test('what is typed is found as it is typed, and no longer than it fits', async () => {
  const { url } = await network(MUSIC);
  const page = await open(url);
  const search = page.getByRole('searchbox');
  const rows = page.getByRole('list', { name: 'Results' }).getByRole('listitem');
  await search.pressSequentially('nin');
  await expect.poll(() => rows.count()).toBe(2);
  await search.pressSequentially('a good');
  await expect.poll(() => rows.count()).toBe(1);
  await rows.first().getByRole('link', { name: 'Feeling Good.mp3' }).waitFor();
  await search.fill('no such thing');
  await page.getByText('No name on this network has these words').waitFor();
  expect(await rows.count()).toBe(0);
});

test('what is typed in the first moment of the library is kept', async () => {
  const { url } = await network(MUSIC);
  const page = await open(new URL('/network', url));
  await page.getByRole('heading', { level: 1, name: 'Network' }).waitFor();
  // Nobody is as quick as this, but a machine may be as slow: before anything is drawn.
  await page.evaluate(`new MutationObserver((_, watch) => {
    const box = document.querySelector('input[type=search]');
    if (box === null) return;
    watch.disconnect();
    box.value = 'love';
    box.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }).observe(document.body, { childList: true, subtree: true })`);
  await page.getByRole('link', { name: 'Library' }).click();
  const rows = page.getByRole('list', { name: 'Results' }).getByRole('listitem');
  await rows.getByRole('link', { name: 'love.txt' }).waitFor();
  expect(await page.getByRole('searchbox').inputValue()).toBe('love');
});

test('what a peer begins to share is found without asking again', async () => {
  const { url } = await network(MUSIC);
  const page = await open(url);
  await page.getByRole('searchbox').fill('late');
  await page.getByText('No name on this network has these words').waitFor();
  await startPeer({ shares: [await folderOf({ 'late.txt': 'x' })], registry: url });
  const rows = page.getByRole('list', { name: 'Results' }).getByRole('listitem');
  await rows.getByText('late').first().waitFor();
});

test('names of strangers are text, whatever is in them', async () => {
  const long = `${'a long name, '.repeat(18)}end.txt`;
  const names = [
    '<img src=x onerror=alert(1)>.txt',
    '"><script>alert(1)</script>.txt',
    'שלום עולם.txt',
    'evil \u202Etxt.exe',
    'party 🎉👩‍👩‍👧.txt',
    "javascript:alert('txt').txt",
    long,
  ];
  const { url } = await network(Object.fromEntries(names.map((name, i) => [name, `${i}`])));
  const page = await open(url, { viewport: NARROW });
  await page.getByRole('searchbox').fill('txt');
  const list = page.getByRole('list', { name: 'Results' });
  await expect.poll(() => list.getByRole('listitem').count()).toBe(names.length);
  // In the list and, each in turn, on the page of the content.
  const roots = await list
    .getByRole('link')
    .evaluateAll((links) =>
      links
        .map((link) => (link as unknown as { href: string }).href)
        .filter((href) => href.includes('/contents/')),
    );
  expect(new Set(roots).size).toBe(names.length);
  for (const at of [undefined, ...new Set(roots)]) {
    if (at !== undefined) {
      await page.goto(at);
      await page.getByRole('heading', { level: 1 }).waitFor();
    }
    expect(await page.locator('img[src="x"], script:not([src])').count()).toBe(0);
    expect(await overhang(page), at ?? 'the list').toBe(0);
    expect(await page.evaluate('document.body.innerText')).not.toContain('\u202E');
  }
});

test('with the keyboard alone one searches, walks through what was found, opens it and comes back', async () => {
  const { url } = await network(MUSIC);
  const page = await open(new URL('/network', url));
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.goto(String(url));
  const search = page.getByRole('searchbox');
  await search.waitFor();
  await page.evaluate('document.activeElement?.blur()');
  await page.keyboard.press('/');
  await page.keyboard.type('nina');
  const list = page.getByRole('list', { name: 'Results' });
  await expect.poll(() => list.getByRole('listitem').count()).toBe(2);
  const focused = () => page.evaluate<string>('document.activeElement.innerText ?? ""');
  await page.keyboard.press('ArrowDown');
  const first = await focused();
  await page.keyboard.press('ArrowDown');
  const second = await focused();
  expect([first, second].map((text) => text.replaceAll(/\s+/g, ' ').trim()).sort()).toEqual([
    expect.stringContaining('Feeling'),
    expect.stringContaining('My Baby'),
  ]);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/contents/*');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.goBack();
  await expect.poll(() => list.getByRole('listitem').count()).toBe(2);
  expect(await search.inputValue()).toBe('nina');
});

test('a link to a content shows who holds it, and opens in a browser that has never been here', async () => {
  const { url, peer } = await network(MUSIC);
  const other = await startPeer({ shares: [await folderOf({ 'copy.txt': 'ccc' })], registry: url });
  const answer = await fetch(new URL('/api/v1/names/notes/love.txt', url));
  const { versions } = (await answer.json()) as { versions: { root: string }[] };
  const page = await open(new URL(`/contents/${versions[0]?.root ?? ''}`, url));
  await page.getByRole('heading', { level: 1 }).waitFor();
  for (const text of ['love.txt', 'copy.txt', `:${peer.port}`, `:${other.port}`])
    await page.getByText(text).first().waitFor();
  expect(await barriers(page)).toEqual([]);
});

test('an unknown content, and a path that is none, are said to be so', async () => {
  const { url } = await network(MUSIC);
  const page = await open(new URL(`/contents/${'0'.repeat(64)}`, url));
  await page
    .getByText(/nobody|no one|not known|unknown/i)
    .first()
    .waitFor();
  await page.goto(String(new URL('/contents/x', url)));
  await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor();
});

test.each(['light', 'dark'] as const)(
  'in %s axe finds no barrier in any view, and 360 pixels are enough',
  async (colorScheme) => {
    const { url } = await network(MUSIC);
    const page = await open(url, { colorScheme, viewport: NARROW });
    for (const [path, shows] of [
      ['/', 'As it happens'],
      ['/?q=nina', 'Feeling Good'],
      ['/network', 'Ann'],
      ['/downloads', 'sp2p share'],
    ] as const) {
      await page.goto(String(new URL(path, url)));
      await page.getByText(shows).first().waitFor();
      expect(await barriers(page), path).toEqual([]);
      expect(await overhang(page), path).toBe(0);
    }
  },
);

test('an empty network says what to do next', async () => {
  const { url } = await startRegistry({ page: await builtPage() });
  const page = await open(url);
  await page.getByText('Nothing is shared here yet').waitFor();
  await page.getByText('sp2p share FOLDER').waitFor();
  expect(await barriers(page)).toEqual([]);
});
