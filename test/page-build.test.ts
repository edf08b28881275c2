// The page of a clone: built when it is needed, once for each state of its sources, whoever else builds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from './harness/temporary.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const BUILDING = /^Building the page [^\n]+\n$/;

/** What the page is built from, elsewhere. */
async function clone(): Promise<string> {
  const folder = await temporaryFolder();
  const parts = ['web', 'src/protocol', 'scripts', 'vite.config.ts', 'tsconfig.json'];
  for (const part of [...parts, 'package.json', 'package-lock.json']) {
    await mkdir(join(folder, part, '..'), { recursive: true });
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

async function build(folder: string): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [join(folder, 'scripts/page.ts')], { stdio: 'pipe' });
  const [said, [code]] = await Promise.all([
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, said };
}

test('two at once both end with the page, and a third has nothing to do', async () => {
  const folder = await clone();
  for (const { code, said } of await Promise.all([build(folder), build(folder)])) {
    expect(code).toBe(0);
    expect(said).toMatch(BUILDING);
  }
  expect(await build(folder)).toEqual({ code: 0, said: '' });
  expect(await readdir(join(folder, 'dist'))).toEqual(['web']);
  const index = await readFile(join(folder, 'dist/web/index.html'), 'utf8');

  await appendFile(join(folder, 'web/src/main.tsx'), "\ndocument.title = 'another';\n");
  expect(await build(folder)).toMatchObject({
    code: 0,
    said: expect.stringMatching(BUILDING) as string,
  });
  expect(await readFile(join(folder, 'dist/web/index.html'), 'utf8')).not.toBe(index);
  expect(await readdir(join(folder, 'dist'))).toEqual(['web']);
});

test('a page that cannot be built leaves the one that is there', async () => {
  const folder = await clone();
  await build(folder);
  const index = await readFile(join(folder, 'dist/web/index.html'), 'utf8');
  await appendFile(join(folder, 'web/src/main.tsx'), '\n}{\n');
  const { code, said } = await build(folder);
  expect(code).toBe(1);
  expect(said).toContain('Vite could not build it');
  expect(await readFile(join(folder, 'dist/web/index.html'), 'utf8')).toBe(index);
  expect(await readdir(join(folder, 'dist'))).toEqual(['web']);
});
