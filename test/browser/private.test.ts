// The registry's page of a private network: signing in, and what each role is shown. Its certificate is the
// registry's own, which a person's browser asks about once; here it is told to go on.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { parseJoinLink } from '../../src/protocol/join-link.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { barriers, overhang, useBrowser, type OpenOptions } from '../harness/browser.ts';
import { builtPage } from '../harness/page.ts';
import { startPrivate } from '../registry/private-registry.ts';

const open = useBrowser();

const NARROW = { width: 360, height: 740 };
const ROOT = 'ab'.repeat(32);
const PEER = '0123456789abcdef'.repeat(2);
/** Who is not signed in is told so with that status. */
const REFUSED = /401/;

/** A private network with a peer that offers two names of one content, and one of another. */
async function network() {
  const store = new SqliteStore(':memory:');
  const started = await startPrivate({ store, page: await builtPage() });
  const endpoint = { ipAddress: '192.0.2.7', port: 7771 };
  const expiresAt = Date.now() + 3_600_000;
  await store.renewLease({ peerId: PEER, endpoint, displayName: 'Ann' }, expiresAt);
  const offered = ['Exam.pdf', 'Exam (copy).pdf', 'notes.txt'].map((name) => ({
    ...{ name, size: 5, modified: 1_700_000_000_000 },
    root: name.startsWith('Exam') ? ROOT : 'cd'.repeat(32),
  }));
  await store.changeCatalogue(PEER, { revision: 0, offered, withdrawn: [] }, Date.now());
  const at = (path: string) => `https://127.0.0.1:${started.port}${path}`;
  const signedIn = async (key: string, options: OpenOptions = {}) => {
    const page = await open(at('/'), { ignoreHTTPSErrors: true, expected: REFUSED, ...options });
    await page.getByLabel('Your key, or its join link').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('searchbox').waitFor();
    return page;
  };
  return { ...started, store, at, signedIn };
}

function links(page: Page) {
  return page.getByRole('navigation', { name: 'Views' }).getByRole('link').allInnerTexts();
}

test('whoever has no key sees a form and nothing of the network, and comes in with a join link', async () => {
  const { admin, signedIn, at, port } = await network();
  const page = await open(at('/network'), { ignoreHTTPSErrors: true, expected: REFUSED });
  await page.getByRole('heading', { name: 'This network is private' }).waitFor();
  expect(await barriers(page)).toEqual([]);
  expect(await page.evaluate('document.body.innerText')).not.toMatch(/Ann|Exam/);
  await page.getByLabel('Your key').fill('sp2p_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  const inside = await signedIn(`sp2p://127.0.0.1:${port}/#key=${admin}`);
  await inside.getByText('Signed in as administrator').waitFor();
  await inside.getByRole('button', { name: 'Sign out' }).click();
  await inside.getByRole('heading', { name: 'This network is private' }).waitFor();
});

test('who may only read sees no more than that, and how to get it instead of a link', async () => {
  const { keyFor, signedIn, at, port } = await network();
  const { key } = await keyFor('reader', { name: 'Ben' });
  const page = await signedIn(key);
  await page.getByText('Signed in as Ben').waitFor();
  expect(await links(page)).toEqual(['Library', 'Network']);
  await page.goto(at('/access'));
  await page.getByText('There is nothing at this address').waitFor();
  await page.goto(at(`/contents/${ROOT}`));
  await page.getByText('Who has it').waitFor();
  await page.getByText(`sp2p get --root ${ROOT} --registry https://127.0.0.1:${port}`).waitFor();
  await page.getByText('all of it').waitFor();
  expect(await page.getByRole('link', { name: /Fetch/ }).count()).toBe(0);
  expect(await page.getByRole('button', { name: /off the network/ }).count()).toBe(0);
  await page.goto(at('/network'));
  await page.getByRole('list', { name: 'Peers' }).getByText('Ann').waitFor();
  expect(await page.getByRole('link', { name: 'Ann' }).count()).toBe(0);
});

test('a key that is made in the page lets its holder in until it is revoked there', async () => {
  const { admin, signedIn, ask, certificate } = await network();
  const page = await signedIn(admin);
  await page.getByRole('link', { name: 'Access' }).click();
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByRole('textbox', { name: 'For whom' }).fill('Cleo');
  await page.getByRole('radio', { name: /^member/ }).check();
  await page.getByRole('combobox', { name: 'It ends' }).selectOption('in a week');
  await page.getByRole('button', { name: 'Make it' }).click();
  const shown = page.getByRole('dialog', { name: 'The key is made' });
  const { key, pin } = parseJoinLink(await shown.locator('code').first().innerText());
  expect(certificate && pin).toBeTruthy();
  const service = (await ask(key, 'GET', '/api/v1')).json;
  expect(service).toMatchObject({ you: { name: 'Cleo', role: 'member' } });
  await shown.getByRole('button', { name: 'Done' }).click();
  // It was shown once, and is nowhere any more.
  expect(await page.evaluate('document.documentElement.outerHTML')).not.toContain(key);
  const other = await signedIn(key);
  const row = page.getByRole('list', { name: 'Keys' }).getByRole('listitem').filter({
    hasText: 'Cleo',
  });
  await row.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke it' }).click();
  await row.waitFor({ state: 'detached' });
  expect(await ask(key, 'GET', '/api/v1')).toMatchObject({ status: 401 });
  await other.getByRole('searchbox').fill('exam');
  await other.getByRole('heading', { name: 'You are signed out' }).waitFor();
  await other.getByRole('link', { name: 'Sign in' }).click();
  await other.getByRole('heading', { name: 'This network is private' }).waitFor();
});

test('what is taken off where it is seen is gone for others, and comes back when that is undone', async () => {
  const { admin, signedIn, at, store } = await network();
  const page = await signedIn(admin);
  const other = await signedIn(admin);
  await other.getByText('As it happens').waitFor();
  await page.goto(at(`/contents/${ROOT}`));
  await page.getByRole('button', { name: 'Take this content off the network' }).click();
  const dialog = page.getByRole('dialog', { name: 'Take this content off the network?' });
  await dialog.getByRole('textbox').fill('Not out before Friday.');
  await dialog.getByRole('button', { name: 'Take it off' }).click();
  await page.getByRole('heading', { name: 'Nobody here holds this content' }).waitFor();
  await other.getByText(/An administrator took off the content/).waitFor();
  await other.getByRole('searchbox').fill('exam');
  await other.getByText('No name on this network has these words').waitFor();
  expect(await store.isRemoved('content', ROOT)).toBe(true);
  await page.goto(at('/access/removals'));
  const list = page.getByRole('list', { name: 'Taken off' });
  await list.getByText('Not out before Friday.').waitFor();
  await list.getByRole('button', { name: /^Undo/ }).click();
  await page.getByText('Nothing is taken off.').waitFor();
  expect(await store.isRemoved('content', ROOT)).toBe(false);
});

test('what was refused stands in the audit trail, and can be looked at alone', async () => {
  const { admin, keyFor, ask, signedIn, at } = await network();
  const { key } = await keyFor('reader', { name: 'Ben' });
  await ask(key, 'DELETE', '/api/v1/keys/0123456789abcdef');
  const page = await signedIn(admin);
  await page.goto(at('/access/audit'));
  const list = page.getByRole('list', { name: 'Audit trail' });
  await list.getByText('refused: not-allowed').waitFor();
  const all = await list.getByRole('listitem').count();
  await page.getByRole('button', { name: 'Only what was refused' }).click();
  await expect.poll(() => list.getByRole('listitem').count()).toBeLessThan(all);
  expect(await list.getByText('refused:').count()).toBe(await list.getByRole('listitem').count());
});

test.each(['light', 'dark'] as const)(
  'in %s axe finds no barrier in what administrators see, and 360 pixels are enough',
  async (colorScheme) => {
    const { admin, keyFor, signedIn, at, store } = await network();
    await keyFor('member', { name: 'A person with quite a long name, who is a member of this' });
    const by = { reason: 'why', by: 'Ann', at: Date.now() };
    await store.remove({ kind: 'content', subject: 'ef'.repeat(32), ...by });
    const page = await signedIn(admin, { colorScheme, viewport: NARROW });
    for (const [path, shows] of [
      ['/access', 'long name'],
      ['/access/removals', 'why'],
      ['/access/audit', 'sign in'],
      [`/contents/${ROOT}`, 'Take this content off the network'],
      ['/network', 'Ann'],
    ] as const) {
      await page.goto(at(path));
      await page.getByText(shows).first().waitFor();
      expect(await barriers(page), path).toEqual([]);
      expect(await overhang(page), path).toBe(0);
    }
    await page.goto(at('/access'));
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await barriers(page)).toEqual([]);
    expect(await overhang(page)).toBe(0);
  },
);
