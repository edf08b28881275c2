// Nothing but what is offered can be had, however it is asked for: no spelling of a name leaves the
// share, and nothing in the share leads out of it.
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { Catalogue } from '../../src/peer/catalogue/catalogue.ts';
import { openSharedFile } from '../../src/peer/catalogue/shared-file.ts';
import type { Peer } from '../../src/peer/peer.ts';
import { silent } from '../harness/running.ts';
import { folderOf } from '../harness/temporary.ts';
import { answerTo } from './raw.ts';
import { serve, urlOf } from './serving.ts';

const SECRET = 'nobody may have this';

/** A folder with a share in it, and secrets around the share. */
async function shareAmongSecrets(): Promise<{ around: string; share: string }> {
  const around = await folderOf({
    'secret.txt': SECRET,
    'share-2/secret.txt': SECRET,
    'share.txt': SECRET,
    'share/a.txt': 'hello',
    'share/sub/b.txt': 'hello',
    'share/.hidden.txt': SECRET,
    'share/.hidden/secret.txt': SECRET,
    'share/sub/.hidden/deep/secret.txt': SECRET,
    'share/half.txt.sp2p-part': SECRET,
    'share/.half.txt.sp2p-state': SECRET,
    'share/half.sp2p-part/secret.txt': SECRET,
  });
  return { around, share: join(around, 'share') };
}

/** Asks for a name on both voices, exactly as it is spelt; what comes of a file is the answer. */
async function asked(peer: Peer, spelling: string): Promise<string> {
  const line = await answerTo(peer, Buffer.from(`GET ${spelling}\n`, 'latin1'));
  const http = await answerTo(
    peer,
    Buffer.from(
      `GET /files/${spelling} HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n`,
      'latin1',
    ),
  );
  const answer = http.bytes.toString();
  const isFile = answer.startsWith('HTTP/1.1 200');
  return line.bytes.toString() + (isFile ? answer.slice(answer.indexOf('\r\n\r\n') + 4) : '');
}

test('no spelling of a name leaves the share', async () => {
  const { around, share } = await shareAmongSecrets();
  const peer = await serve(share);
  const ups = [
    '..',
    '%2e%2e',
    '%2e.',
    '.%2e',
    '%2E%2E',
    '%252e%252e',
    '..%00',
    '...',
    '. .',
    '..;',
  ];
  const separators = [
    '/',
    '\\',
    '%2f',
    '%2F',
    '%5c',
    '%5C',
    '%252f',
    '//',
    '/./',
    '%c0%af',
    '\xc0\xaf',
  ];
  const targets = ['secret.txt', 'share-2/secret.txt', 'share/a.txt', 'share.txt', 'share'];
  const spellings = ups.flatMap((up) =>
    separators.flatMap((separator) =>
      targets.flatMap((target) => [
        `${up}${separator}${target}`,
        `sub${separator}${up}${separator}${up}${separator}${target}`,
        `${separator}${up}${separator}${target}`,
        `a.txt${separator}${up}${separator}${up}${separator}${target}`,
      ]),
    ),
  );
  spellings.push(
    join(around, 'secret.txt'),
    `/${join(around, 'secret.txt')}`,
    encodeURIComponent(join(around, 'secret.txt')),
    `file://${around}/secret.txt`,
    'C:\\secret.txt',
    'C:/secret.txt',
    'c:secret.txt',
    '\\\\server\\share\\secret.txt',
    '\\\\?\\C:\\secret.txt',
    '~/secret.txt',
    '-2/secret.txt',
    '.txt',
    '../share-2/secret.txt',
    '%c0%ae%c0%ae/secret.txt',
    '\xc0\xae\xc0\xae/secret.txt',
    '%u002e%u002e/secret.txt',
    '..%ef%bc%8fsecret.txt',
    `${'../'.repeat(200)}${around.slice(1)}/secret.txt`,
    `${'sub/../'.repeat(300)}../secret.txt`,
    `${'a'.repeat(2_000)}/../../secret.txt`,
  );
  for (const spelling of spellings) expect(await asked(peer, spelling), spelling).toBe('');
  expect(await asked(peer, 'a.txt')).toBe('hellohello');
});

test('no spelling of an offered name gets at it past the rules', async () => {
  const { share } = await shareAmongSecrets();
  const peer = await serve(share);
  for (const spelling of [
    './a.txt',
    'sub/../a.txt',
    'sub//b.txt',
    '/a.txt',
    'a.txt/',
    'a.txt/.',
    'a.txt%00',
    'a.txt%00.png',
    'a.txt\0',
    'a.txt::$DATA',
    'a.txt.',
    'A.TXT',
    'sub\\b.txt',
    'sub%5cb.txt',
    'sub%252fb.txt',
    `${share}/a.txt`,
  ])
    expect(await asked(peer, spelling), spelling).toBe('');
});

test('names of devices are names like all others', async () => {
  const peer = await serve(await folderOf({ 'aux.txt': 'hello' }));
  for (const device of ['CON', 'con.txt', 'NUL', 'COM1', 'LPT1.txt', '/dev/zero', 'dev/stdin'])
    expect(await asked(peer, device), device).toBe('');
  expect(await asked(peer, 'aux.txt')).toBe('hellohello');
});

test('hidden files and parts of downloads are not offered', async () => {
  const { share } = await shareAmongSecrets();
  const peer = await serve(share);
  expect(peer.offered.files).toBe(2);
  for (const name of [
    '.hidden.txt',
    '.hidden/secret.txt',
    'sub/.hidden/deep/secret.txt',
    'half.txt.sp2p-part',
    '.half.txt.sp2p-state',
    'half.sp2p-part/secret.txt',
  ])
    expect(await asked(peer, name), name).toBe('');
});

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
  expect(peer.offered.files).toBe(2);
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
  const file = catalogue.find('sub/b.txt');
  if (!file) throw new Error('It is not even found.');
  await (await openSharedFile(file))[Symbol.asyncDispose]();
  await rename(join(share, 'sub'), join(around, 'moved'));
  await symlink(join(around, 'moved'), join(share, 'sub'));
  await expect(openSharedFile(file)).rejects.toMatchObject({ code: 'not-found' });
  expect(await catalogue.open('sub/b.txt')).toBeUndefined();
});
