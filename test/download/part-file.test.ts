// The part file beside the target: what it keeps, whom it believes, and what it leaves behind.
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PartFile } from '../../src/peer/download/part-file.ts';
import { temporaryFolder } from '../harness/temporary.ts';

const STATE = { tag: '"one"', size: 10 };

/** A folder with the part of `got` in it, as a process that was killed leaves it. */
async function killedMidway(): Promise<{ folder: string; target: string }> {
  const folder = await temporaryFolder();
  const target = join(folder, 'got');
  await writeFile(join(folder, '.got.sp2p-part'), 'begun');
  await writeFile(join(folder, '.got.sp2p-state'), JSON.stringify(STATE));
  return { folder, target };
}

test('what a killed process left is there for the next', async () => {
  const { folder, target } = await killedMidway();
  const part = await PartFile.open(target, false);
  expect(part).toMatchObject({ length: 5, state: STATE });
  await part.write(Buffer.from(' done'));
  await part.finish();
  expect(await readFile(target, 'utf8')).toBe('begun done');
  expect(await readdir(folder)).toEqual(['got']);
});

test('what is let go of is there for the next', async () => {
  const { folder, target } = await killedMidway();
  const first = await PartFile.open(target, false);
  await first.begin({ tag: '"two"', size: 20 });
  await first.write(Buffer.from('other'));
  await first.leave();
  const second = await PartFile.open(target, false);
  expect(second).toMatchObject({ length: 5, state: { tag: '"two"', size: 20 } });
  await second.leave();
  expect((await readdir(folder)).sort()).toEqual(['.got.sp2p-part', '.got.sp2p-state']);
});

test('what nobody could go on with is not kept', async () => {
  const folder = await temporaryFolder();
  const part = await PartFile.open(join(folder, 'got'), false);
  await part.begin({ size: 20 });
  await part.write(Buffer.from('over the line'));
  await part.leave();
  expect(await readdir(folder)).toEqual([]);
});

test.for([
  'no JSON',
  '{"tag":"\\"one\\"","size":10',
  'null',
  '[]',
  '"text"',
  '{"size":10}',
  '{"tag":"\\"one\\""}',
  '{"tag":"one","size":10}',
  '{"tag":"W/\\"one\\"","size":10}',
  '{"tag":"\\"one\\r\\nx: y\\"","size":10}',
  '{"tag":"\\"one\\"","size":-1}',
  '{"tag":"\\"one\\"","size":4}',
  '{"tag":"\\"one\\"","size":1e99}',
  '{"tag":"\\"one\\"","size":"10"}',
])('a state that says %s is not believed', async (text) => {
  const { folder, target } = await killedMidway();
  await writeFile(join(folder, '.got.sp2p-state'), text);
  const part = await PartFile.open(target, false);
  expect(part).toMatchObject({ length: 0, state: {} });
  await part.begin({ tag: '"two"', size: 3 });
  await part.write(Buffer.from('new'));
  await part.finish();
  expect(await readFile(target, 'utf8')).toBe('new');
  expect(await readdir(folder)).toEqual(['got']);
});

test('a link in place of the part is not followed', async () => {
  const { folder, target } = await killedMidway();
  const victim = join(folder, 'victim');
  await writeFile(victim, 'mine');
  execFileSync('ln', ['-sf', victim, join(folder, '.got.sp2p-part')]);
  await expect(PartFile.open(target, false)).rejects.toMatchObject({ code: 'cannot-write' });
  expect(await readFile(victim, 'utf8')).toBe('mine');
  expect(await openIn(folder)).toEqual([]);
});

test('links in place of state and lock are replaced, not followed', async () => {
  const folder = await temporaryFolder();
  const target = join(folder, 'got');
  const victim = join(folder, 'victim');
  await writeFile(victim, 'mine');
  execFileSync('touch', ['-d', '1 hour ago', victim]);
  await symlink(victim, join(folder, '.got.sp2p-state'));
  await symlink(victim, join(folder, '.got.sp2p-lock'));
  const part = await PartFile.open(target, false);
  await part.begin({ tag: '"two"', size: 3 });
  await part.write(Buffer.from('new'));
  await part.finish();
  expect(await readFile(target, 'utf8')).toBe('new');
  expect(await readFile(victim, 'utf8')).toBe('mine');
  expect((await readdir(folder)).sort()).toEqual(['got', 'victim']);
});

test('a pipe or a folder in place of the part is refused', async () => {
  const folder = await temporaryFolder();
  execFileSync('mkfifo', [join(folder, '.pipe.sp2p-part')]);
  await mkdir(join(folder, '.folder.sp2p-part'));
  for (const name of ['pipe', 'folder']) {
    const opening = PartFile.open(join(folder, name), false);
    await expect(opening).rejects.toMatchObject({ code: 'cannot-write' });
  }
  expect(await openIn(folder)).toEqual([]);
});

test('a file that appears meanwhile is not replaced, and what was fetched is kept', async () => {
  const { folder, target } = await killedMidway();
  const part = await PartFile.open(target, false);
  await part.write(Buffer.from(' done'));
  await writeFile(target, 'mine');
  await expect(part.finish()).rejects.toMatchObject({ code: 'file-exists' });
  await part.leave();
  expect(await readFile(target, 'utf8')).toBe('mine');

  const again = await PartFile.open(target, true);
  expect(again.length).toBe(10);
  await again.finish();
  expect(await readFile(target, 'utf8')).toBe('begun done');
  expect(await readdir(folder)).toEqual(['got']);
});

test('a file that is there is replaced when asked, and not before the end', async () => {
  const { folder, target } = await killedMidway();
  await writeFile(target, 'mine');
  await expect(PartFile.open(target, false)).rejects.toMatchObject({ code: 'file-exists' });
  const part = await PartFile.open(target, true);
  await part.write(Buffer.from(' done'));
  expect(await readFile(target, 'utf8')).toBe('mine');
  await part.finish();
  expect(await readFile(target, 'utf8')).toBe('begun done');
  expect(await readdir(folder)).toEqual(['got']);
});

test('what is no file is not replaced, even when asked', async () => {
  const folder = await temporaryFolder();
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await mkdir(join(folder, 'folder'));
  for (const name of ['pipe', 'folder']) {
    const opening = PartFile.open(join(folder, name), true);
    await expect(opening).rejects.toMatchObject({ code: 'cannot-write' });
  }
  expect((await readdir(folder)).sort()).toEqual(['folder', 'pipe']);
});

test('the longest of file names is one that a file can have', async () => {
  const folder = await temporaryFolder();
  const name = 'ü'.repeat(127);
  const part = await PartFile.open(join(folder, name), false);
  await part.begin({ tag: '"one"', size: 3 });
  await part.write(Buffer.from('new'));
  await part.finish();
  expect(await readdir(folder)).toEqual([name]);
});

test('no file stays open, however it ends', async () => {
  const { folder, target } = await killedMidway();
  for (let time = 0; time < 3; time++) await (await PartFile.open(target, false)).leave();
  await (await PartFile.open(target, false)).finish();
  expect(await openIn(folder)).toEqual([]);
});

/** What this process has open in a folder. */
async function openIn(folder: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const paths = await Promise.all(
    descriptors.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => '')),
  );
  return paths.filter((path) => path.startsWith(folder));
}
