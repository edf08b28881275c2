import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { sp2p } from './harness/command.ts';
import { startPeer, startRegistry } from './harness/running.ts';
import { folderOf, temporaryFolder } from './harness/temporary.ts';

test('a shared file is found and fetched', async () => {
  const { url } = await startRegistry();
  await startPeer({ shares: [await folderOf({ 'sub/a b.txt': 'hello' })], registry: url });
  const found = await sp2p(['search', 'A B', '--registry', url.href, '--json']);
  expect(JSON.parse(found.stdout.toString())).toMatchObject({ found: [{ name: 'sub/a b.txt' }] });
  const cwd = await temporaryFolder();
  const got = await sp2p(['get', 'sub/a b.txt', '--registry', url.href], { cwd });
  expect(got.code).toBe(0);
  expect(await readFile(`${cwd}/a b.txt`, 'utf8')).toBe('hello');
});
