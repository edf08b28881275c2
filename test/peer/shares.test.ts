// Shares that come and go while a peer runs: the registry is told, counts are true, and one that is away is
// said to be, until it is back.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startPeer, startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';

const SOON = { timeout: 20_000, interval: 20 };

async function namesAt(url: URL): Promise<string[]> {
  const listed = await fetch(new URL('/api/Registers', url));
  return ((await listed.json()) as { name: string }[]).map(({ name }) => name);
}

test('a share that is added is offered and told, one that is removed is told no more', async () => {
  const { url } = await startRegistry();
  const first = await folderOf({ 'a.txt': 'a', 'both.txt': 'of the first' });
  const second = await folderOf({ 'b/b.txt': 'bb', 'both.txt': 'of the second', 'c.txt': 'ccc' });
  const { controlled, port } = await startPeer({ shares: [first], registry: url });
  const { id, folder } = await controlled.addShare(second);
  expect(folder).toBe(second);
  await vi.waitFor(async () => {
    expect(await namesAt(url)).toEqual(['a.txt', 'b/b.txt', 'both.txt', 'c.txt']);
  }, SOON);
  expect((await controlled.addShare(second)).id).toBe(id);
  expect(controlled.state.shares).toMatchObject([
    { folder: first, files: 2, bytes: 13, indexing: null, fault: null },
    { folder: second, files: 3, bytes: 18, indexing: null, fault: null },
  ]);
  const [own] = controlled.state.shares;
  await controlled.removeShare(own?.id ?? '');
  await vi.waitFor(async () => {
    expect(await namesAt(url)).toEqual(['b/b.txt', 'both.txt', 'c.txt']);
  }, SOON);
  const both = await fetch(`http://127.0.0.1:${port}/files/both.txt`);
  expect(await both.text()).toBe('of the second');
  await expect(controlled.removeShare(own?.id ?? '')).rejects.toMatchObject({ code: 'not-found' });
  await expect(controlled.addShare(join(second, 'c.txt'))).rejects.toMatchObject({
    code: 'bad-share',
  });
  expect(controlled.state.shares).toHaveLength(1);
});

test('counts follow the files, and what is offered is found by any part of its name', async () => {
  const { url } = await startRegistry();
  const folder = await folderOf({ 'a.txt': 'a', 'Folder/B.txt': 'bb', 'Folder/c.bin': '' });
  const { controlled } = await startPeer({ shares: [folder], registry: url });
  await writeFile(join(folder, 'a.txt'), 'longer');
  await rm(join(folder, 'Folder/c.bin'));
  await vi.waitFor(() => {
    expect(controlled.state.shares).toMatchObject([{ files: 2, bytes: 8, indexing: null }]);
  }, SOON);
  const names = (text: string, after = '', limit = 10) => {
    const { offered, next } = controlled.offered(text, after, limit);
    return [offered.map(({ name }) => name), next];
  };
  expect(names('')).toEqual([['Folder/B.txt', 'a.txt'], null]);
  expect(names('TXT', '', 1)).toEqual([['Folder/B.txt'], 'Folder/B.txt']);
  expect(names('TXT', 'Folder/B.txt', 1)).toEqual([['a.txt'], null]);
  expect(names('none')).toEqual([[], null]);
});

test('a share whose folder is away is said to be, and recovers by itself', async () => {
  const { url } = await startRegistry();
  const folder = join(await temporaryFolder(), 'shared');
  await mkdir(folder);
  await writeFile(join(folder, 'a.txt'), 'a');
  const { controlled } = await startPeer({ shares: [folder], registry: url });
  const parts: string[] = [];
  const stop = controlled.onChange((part) => parts.push(part));
  await rename(folder, `${folder}-away`);
  await vi.waitFor(() => {
    expect(controlled.state.shares).toMatchObject([{ files: 0, fault: { code: 'bad-share' } }]);
  }, SOON);
  await vi.waitFor(async () => {
    expect(await namesAt(url)).toEqual([]);
    expect(parts).toContain('shares');
  }, SOON);
  await rename(`${folder}-away`, folder);
  await vi.waitFor(async () => {
    expect(controlled.state.shares).toMatchObject([{ files: 1, fault: null }]);
    expect(await namesAt(url)).toEqual(['a.txt']);
  }, SOON);
  stop();
});

test('shares that were added are there after a restart, also where their folder is away by then', async () => {
  const { url } = await startRegistry();
  const [own, added] = [await folderOf({ own: 'own' }), await folderOf({ added: 'added' })];
  const gone = join(await temporaryFolder(), 'gone');
  await mkdir(gone);
  const options = { shares: [own], registry: url, dataFolder: await temporaryFolder() };
  const first = await startPeer(options);
  for (const folder of [added, gone]) await first.controlled.addShare(folder);
  await first.stop();
  await rm(gone, { recursive: true });
  const { controlled } = await startPeer(options);
  await vi.waitFor(async () => {
    expect(controlled.state.shares).toMatchObject([
      { folder: own, files: 1, fault: null },
      { folder: added, files: 1, fault: null },
      { folder: gone, files: 0, fault: { code: 'bad-share' } },
    ]);
    expect(await namesAt(url)).toEqual(['added', 'own']);
  }, SOON);
});
