// Where a download goes: a file, a folder, stdout; and what stands in its way.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { askedFrom, startTelling } from '../download/scripted.ts';
import { sp2p, startSp2p } from '../harness/command.ts';
import { makeRoom, mayMount, mounted, sayWhatIsNotRun } from '../harness/small-disk.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { serve } from '../peer/serving.ts';
import { startGate } from './gate.ts';

sayWhatIsNotRun('a full and of a read-only disk');

const NAME = 'sub/a b.bin';
const BYTES = randomBytes(3_000_000);

/** The arguments that get the file, from a peer behind a gate that is open or shut midway. */
async function getting(letThrough = Infinity) {
  const { port } = await serve(await folderOf({ [NAME]: BYTES }));
  const gate = await startGate(port, letThrough);
  const { href } = await startTelling(() => [
    { endpoint: gate.endpoint, contract: 'native', size: BYTES.length },
  ]);
  return { args: ['get', NAME, '--registry', href], gate };
}

test('it goes into the current folder under its last segment, into a folder, or into a file', async () => {
  const { args } = await getting();
  const cwd = await temporaryFolder();
  await mkdir(join(cwd, 'folder'));
  const results = [
    await sp2p(args, { cwd }),
    await sp2p([...args, '-o', 'folder'], { cwd }),
    await sp2p([...args, '--output', 'other name'], { cwd }),
  ];
  const paths = ['a b.bin', 'folder/a b.bin', 'other name'];
  for (const [index, path] of paths.entries()) {
    expect(results[index]).toMatchObject({ code: 0, stdout: Buffer.from(`${path}\n`) });
    expect((await readFile(join(cwd, path))).equals(BYTES)).toBe(true);
  }
  expect((await readdir(cwd)).sort()).toEqual(['a b.bin', 'folder', 'other name']);
  expect(await readdir(join(cwd, 'folder'))).toEqual(['a b.bin']);
});

test('to stdout it is nothing but the bytes', async () => {
  const { args } = await getting();
  const cwd = await temporaryFolder();
  for (const more of [[], ['--json']]) {
    const got = await sp2p([...args, '-o', '-', ...more], { cwd });
    expect(got.code).toBe(0);
    expect(got.stdout.equals(BYTES)).toBe(true);
    expect(got.stderr).toContain(more.length === 0 ? '2.86 MiB in' : '"size":3000000');
  }
  expect(await readdir(cwd)).toEqual([]);
});

test('a file that is there is left alone, and replaced with --force', async () => {
  const { args } = await getting();
  const cwd = await folderOf({ 'a b.bin': 'mine' });
  const refused = await sp2p(args, { cwd });
  expect(refused).toMatchObject({ code: 1, stdout: Buffer.alloc(0) });
  expect(refused.stderr).toMatch(/^sp2p: a b\.bin is there already;.*--force.*\[file-exists\]\n$/);
  expect(await readFile(join(cwd, 'a b.bin'), 'utf8')).toBe('mine');
  expect(await readdir(cwd)).toEqual(['a b.bin']);

  expect(await sp2p([...args, '--force'], { cwd })).toMatchObject({ code: 0 });
  expect((await readFile(join(cwd, 'a b.bin'))).equals(BYTES)).toBe(true);
});

test('a file that appears during the download is left alone', async () => {
  const { args, gate } = await getting(2_000_000);
  const cwd = await temporaryFolder();
  const get = await startSp2p(args, { cwd });
  await expect.poll(() => gate.requests.length, { timeout: 20_000 }).toBe(1);
  await writeFile(join(cwd, 'a b.bin'), 'mine');
  gate.open();
  const ended = await get.ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/\[file-exists\]\n$/);
  expect(await readFile(join(cwd, 'a b.bin'), 'utf8')).toBe('mine');
});

test.skipIf(!mayMount)('a folder that is not there, or cannot be written, is named', async () => {
  const { args } = await getting();
  const cwd = await folderOf({ file: 'mine' });
  const readOnly = await mounted('ro');
  for (const [output, code] of [
    ['nowhere/at all', 'ENOENT'],
    ['nowhere/', 'ENOENT'],
    ['file/below', 'ENOTDIR'],
    [readOnly, 'EROFS'],
  ] as const) {
    const { code: exit, stderr, stdout } = await sp2p([...args, '-o', output], { cwd });
    expect({ exit, stdout: stdout.toString() }).toEqual({ exit: 1, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(`^sp2p: .* cannot be written: ${code}\\. \\[cannot-write\\]\n$`),
    );
  }
  expect(await readdir(cwd)).toEqual(['file']);
  expect(await readFile(join(cwd, 'file'), 'utf8')).toBe('mine');
});

test.skipIf(!mayMount)(
  'on a full disk it keeps what it has, and goes on when there is room',
  async () => {
    const { args, gate } = await getting();
    const folder = await mounted('size=1m');
    const full = await sp2p([...args, '-o', folder]);
    expect(full).toMatchObject({ code: 1, stdout: Buffer.alloc(0) });
    expect(full.stderr).toMatch(
      /^sp2p: The disk is full: .* cannot grow\. .* are kept; the same command goes on from there\. \[disk-full\]\n$/,
    );
    const { size } = await stat(join(folder, '.a b.bin.sp2p-part'));
    expect(size).toBeGreaterThan(500_000);

    makeRoom(folder, '16m');
    expect(await sp2p([...args, '-o', folder])).toMatchObject({ code: 0 });
    expect((await readFile(join(folder, 'a b.bin'))).equals(BYTES)).toBe(true);
    expect(askedFrom(gate.requests[1] ?? '')).toBe(size);
  },
);
