// What a peer offers of its shares, at the first look at them.
import { spawnSync } from 'node:child_process';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Catalogue, type CatalogueOptions } from '../../src/peer/catalogue/catalogue.ts';
import { modifiedOf } from '../../src/peer/catalogue/shared-file.ts';
import { silent } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { answerTo } from './raw.ts';
import { serve, urlOf } from './serving.ts';

async function catalogueOf(folders: string[], options: Partial<CatalogueOptions> = {}) {
  const catalogue = new Catalogue({ folders, onChange: () => undefined, log: silent, ...options });
  onTestFinished(() => catalogue.stop());
  await catalogue.start();
  await catalogue.indexed();
  return catalogue;
}

test('files are offered by their paths in the share, however deep', async () => {
  const deep = Array.from({ length: 60 }, (_, index) => `folder ${index}`).join('/');
  const folder = await folderOf({ 'b.txt': 'bb', 'a/x.txt': 'x', [`${deep}/y`]: 'y' });
  await mkdir(join(folder, 'empty'));
  const catalogue = await catalogueOf([folder]);
  expect(catalogue.names).toEqual(['a/x.txt', 'b.txt', `${deep}/y`]);
  expect(catalogue.find('b.txt')?.state.size).toBe(2);
});

test('times of modification are those of the files, from long ago to far ahead', async () => {
  const folder = await folderOf({ 'a.txt': 'a', 'b.txt': 'b' });
  await utimes(join(folder, 'a.txt'), 0, new Date(-86_400_000));
  await utimes(join(folder, 'b.txt'), 0, 4_102_444_800.25);
  const catalogue = await catalogueOf([folder]);
  const modified = (name: string) => {
    const file = catalogue.find(name);
    return file && modifiedOf(file);
  };
  expect(modified('a.txt')).toBe(-86_400_000);
  expect(modified('b.txt')).toBe(4_102_444_800_250);
});

test('names that cannot be given are left out and counted', async () => {
  const folder = await folderOf({
    'good.txt': 'good',
    'back\\slash.txt': 'x',
    'line\nfeed.txt': 'x',
    'escape\u001b[2J.txt': 'x',
    'delete\u007f.txt': 'x',
    'c1\u0085.txt': 'x',
    'bad\tfolder/good.txt': 'x',
    'C:/x.txt': 'x',
    'C:.txt': 'good',
  });
  const parts = Array.from({ length: 5 }, () => 'ł'.repeat(110)).join('/');
  await mkdir(join(folder, parts), { recursive: true });
  await writeFile(join(folder, parts, 'x'), 'longer than a name may be');
  const catalogue = await catalogueOf([folder]);
  expect(catalogue.names).toEqual(['C:.txt', 'good.txt']);
  expect(catalogue.unnameable).toBe(8);
});

test('of two spellings of one name one is offered, and it is a whole file', async () => {
  const folder = await folderOf({
    ['é.txt'.normalize('NFC')]: 'one',
    ['é.txt'.normalize('NFD')]: 'another',
  });
  const peer = await serve(folder);
  expect(peer.found.files).toBe(1);
  const text = (await answerTo(peer, `GET ${'é.txt'.normalize('NFC')}\n`)).bytes.toString();
  expect(['one', 'another']).toContain(text);
});

test('5,000 files in many folders are all found, in order', async () => {
  const folder = await temporaryFolder();
  const names: string[] = [];
  for (let part = 0; part < 50; part++) {
    await mkdir(join(folder, `part ${part}`, 'sub'), { recursive: true });
    for (let each = 0; each < 100; each++)
      names.push(`part ${part}/${each % 2 ? 'sub/' : ''}file ${each}`);
  }
  await Promise.all(names.map((name) => writeFile(join(folder, name), name)));
  const catalogue = await catalogueOf([folder]);
  expect(catalogue.names).toEqual(names.sort());
  expect(catalogue.page(names[4_989] ?? '', 100).map(({ name }) => name)).toEqual(
    names.slice(4_990),
  );
});

test('of several shares with one name the first wins', async () => {
  const first = await folderOf({ 'both.txt': 'first', 'a.txt': 'a' });
  const second = await folderOf({ 'both.txt': 'the second', 'b.txt': 'b' });
  const peer = await serve([first, second, first]);
  expect(peer.found).toMatchObject({ files: 3, bytes: 7 });
  expect((await answerTo(peer, 'GET both.txt\n')).bytes.toString()).toBe('first');
  expect(await (await fetch(urlOf(peer, '/files/b.txt'))).text()).toBe('b');
});

test('what is not a folder cannot be shared', async () => {
  const folder = await folderOf({ 'a.txt': 'a' });
  for (const share of [join(folder, 'missing'), join(folder, 'a.txt'), join(folder, 'a.txt/x')])
    await expect(serve([folder, share])).rejects.toMatchObject({
      code: 'bad-share',
      message: expect.stringContaining(share) as string,
    });
});

test('a share that is reached by a symlink is shared as what it leads to', async () => {
  const folder = await folderOf({ 'real/a.txt': 'a' });
  expect(spawnSync('ln', ['-s', 'real', join(folder, 'link')]).status).toBe(0);
  expect((await catalogueOf([join(folder, 'link')])).names).toEqual(['a.txt']);
});
