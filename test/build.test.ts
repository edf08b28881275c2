// Page and command of a clone: built when they are needed, once for each state of their sources, whoever
// else builds.
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

/** What is built, elsewhere. */
async function clone(): Promise<string> {
  const folder = await temporaryFolder();
  const parts = ['bin', 'web', 'src', 'scripts', 'vite.config.ts', 'tsconfig.json'];
  for (const part of [...parts, 'package.json', 'package-lock.json']) {
    await mkdir(join(folder, part, '..'), { recursive: true });
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

async function run(file: string, ...args: string[]) {
  const child = spawn(process.execPath, [file, ...args], { stdio: 'pipe' });
  const [printed, said, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, said, printed };
}

async function build(folder: string): Promise<{ code: number | null; said: string }> {
  const { code, said } = await run(join(folder, 'scripts/page.ts'));
  return { code, said };
}

test('a page that a test has built is the one that is published: no word of where it was built', async () => {
  expect(process.env['NODE_ENV']).not.toBe('production');
  const folder = await clone();
  expect(await build(folder)).toMatchObject({ code: 0 });
  const assets = join(folder, 'dist/web/assets');
  for (const name of await readdir(assets))
    expect((await readFile(join(assets, name))).includes(folder), name).toBe(false);
});

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

test('the command is built at its first start, and again when a source has changed', async () => {
  const folder = await clone();
  const building = expect.stringMatching(/^Building the command [^\n]+\n$/) as string;
  const version = () => run(join(folder, 'bin/sp2p.js'), '--version');
  const is = { code: 0, printed: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string };
  const first = await Promise.all([version(), version()]);
  expect(first).toEqual([
    { ...is, said: building },
    { ...is, said: building },
  ]);
  expect(await version()).toEqual({ ...is, said: '' });
  expect(await readdir(join(folder, 'dist'))).toEqual(['command']);

  await appendFile(join(folder, 'src/lib/version.ts'), "\nprocess.stdout.write('changed ');\n");
  expect(await version()).toMatchObject({ code: 0, said: building });
  expect((await version()).printed).toMatch(/^changed /);
});

test('a command that cannot be built runs from its sources, and says why', async () => {
  const folder = await clone();
  await appendFile(join(folder, 'src/cli/status.ts'), '\n}{\n');
  const { code, said } = await run(join(folder, 'bin/sp2p.js'), '--version');
  expect(code).toBe(0);
  expect(said).toMatch(/runs from its sources, and starts slowly: [^]*status\.ts/);
  expect(await readdir(join(folder, 'dist'))).toEqual([]);
});
