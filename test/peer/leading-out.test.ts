// Nothing in a share leads out of it: no symlink, no pipe, and nothing that takes a file's place.
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { Catalogue } from '../../src/peer/catalogue/catalogue.ts';
import { openSharedFile } from '../../src/peer/catalogue/shared-file.ts';
import { silent } from '../harness/running.ts';
import { asked, SECRET, shareAmongSecrets } from './secrets.ts';
import { serve, urlOf } from './serving.ts';

test('a symlink is offered when it leads to an offered file, and only then', async () => {
  const { around, share } = await shareAmongSecrets();
  const links: Record<string, string> = {
    'to a.txt': 'a.txt',
    'sub/to a.txt': join(share, 'a.txt'),
    'to the link.txt': 'to a.txt',
    'to another name': 'sub/b.txt',
    'out.txt': '../secret.txt',
    'out absolute.txt': join(around, 'secret.txt'),
    'out to sibling.txt': '../share-2/secret.txt',
    'out through a link.txt': 'out.txt',
    'to hidden.txt': '.hidden.txt',
    'to deep hidden.txt': 'sub/.hidden/deep/secret.txt',
    'to part.txt': 'half.txt.sp2p-part',
    'to device.txt': '/dev/zero',
    'folder out': '..',
    'folder to sibling': '../share-2',
    'folder within': 'sub',
    'dangling.txt': 'nowhere',
    'loop.txt': 'loop.txt',
    'loop one': 'loop two',
    'loop two': 'loop one',
    'sub/loop up': '..',
  };
  for (const [path, target] of Object.entries(links)) await symlink(target, join(share, path));
  const peer = await serve(share);
  const offered = (await (await fetch(urlOf(peer))).json()) as { files: { name: string }[] };
  expect(offered.files.map(({ name }) => name)).toEqual([
    'a.txt',
    'sub/b.txt',
    'sub/to a.txt',
    'to a.txt',
    'to another name',
    'to the link.txt',
  ]);
  for (const { name } of offered.files)
    expect(await asked(peer, encodeURI(name)), name).toContain('hello');
  for (const path of Object.keys(links)) {
    const got = await asked(peer, path);
    expect(got, path).not.toContain(SECRET);
    for (const below of ['secret.txt', 'b.txt', 'share/a.txt', 'a.txt'])
      expect(await asked(peer, `${encodeURI(path)}/${below}`), `${path}/${below}`).toBe('');
  }
});

test('what is neither file nor folder is not offered, and holds nothing up', async () => {
  const { share } = await shareAmongSecrets();
  await promisify(execFile)('mkfifo', [join(share, 'pipe'), join(share, 'sub', 'pipe.txt')]);
  await symlink('pipe', join(share, 'to a pipe'));
  const server = createServer().listen(join(share, 'socket'));
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const peer = await serve(share);
  expect(peer.found.files).toBe(2);
  for (const name of ['pipe', 'sub/pipe.txt', 'to%20a%20pipe', 'socket'])
    expect(await asked(peer, name), name).toBe('');
});

test('what takes the place of a file that was catalogued is not opened for it', async () => {
  const { around, share } = await shareAmongSecrets();
  const path = join(share, 'a.txt');
  const peer = await serve(share);
  const replacements: (() => Promise<unknown>)[] = [
    () => symlink(join(around, 'secret.txt'), path),
    () => symlink('.hidden.txt', path),
    () => promisify(execFile)('mkfifo', [path]),
    () => mkdir(path),
  ];
  for (const replace of replacements) {
    await writeFile(path, 'hello');
    await expect.poll(() => asked(peer, 'a.txt')).toBe('hellohello');
    await rm(path);
    await replace();
    expect(await asked(peer, 'a.txt')).toBe('');
    await rm(path, { recursive: true });
  }
});

test('a folder that was moved out of the share is out of it, though a symlink leads there', async () => {
  const { around, share } = await shareAmongSecrets();
  const catalogue = new Catalogue({ folders: [share], onChange: () => undefined, log: silent });
  onTestFinished(() => catalogue.stop());
  await catalogue.start();
  await catalogue.indexed();
  const file = catalogue.find('sub/b.txt');
  if (!file) throw new Error('It is not even found.');
  await (await openSharedFile(file))[Symbol.asyncDispose]();
  await rename(join(share, 'sub'), join(around, 'moved'));
  await symlink(join(around, 'moved'), join(share, 'sub'));
  await expect(openSharedFile(file)).rejects.toMatchObject({ code: 'not-found' });
  expect(await catalogue.open('sub/b.txt')).toBeUndefined();
});
