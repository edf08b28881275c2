// No spelling of a name has anything but what is offered under it.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOf } from '../harness/temporary.ts';
import { asked, shareAmongSecrets } from './secrets.ts';
import { serve } from './serving.ts';

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
  const targets = ['secret.txt', 'share-2/secret.txt'];
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
  expect(peer.found.files).toBe(2);
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
