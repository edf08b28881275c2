// The part of a file that is fetched by pieces: whom it believes, what it keeps, and what it leaves behind.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PieceFile } from '../../src/peer/download/piece-file.ts';
import { makeRoom, mayMount, mounted } from '../harness/small-disk.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { contentOf, PIECE, startContentSource, type TestContent } from './content-source.ts';
import { getContent } from './getting-content.ts';

const CONTENT = contentOf(randomBytes(4 * PIECE + 100));
const SIZE = CONTENT.bytes.length;
const HEAD = headOf(CONTENT);

function headOf({ root, bytes }: TestContent): string {
  return `${JSON.stringify({ root, size: bytes.length })}\n`;
}

function pathsOf(folder: string, { root }: TestContent = CONTENT) {
  const stem = join(folder, `.got.${root.slice(0, 16)}`);
  return { target: join(folder, 'got'), part: `${stem}.sp2p-part`, notes: `${stem}.sp2p-state` };
}

/** A folder with the part of `got` in it, as a process that was killed leaves it. */
async function killedMidway(part: Buffer, notes: string | Buffer) {
  const folder = await temporaryFolder();
  const paths = pathsOf(folder);
  await writeFile(paths.part, part);
  await writeFile(paths.notes, notes);
  return { folder, ...paths };
}

/** Gets it from an honest source: how much of it was kept, and which pieces were asked for. */
async function finished(target: string, content = CONTENT) {
  const source = await startContentSource(content);
  const { bytes, kept } = await getContent(content, { sources: [source] }, target);
  expect(bytes.equals(content.bytes)).toBe(true);
  return { kept, asked: source.asked.filter((each) => each !== 'layer') };
}

test('what a killed process noted is there for the next', async () => {
  const { folder, target } = await killedMidway(CONTENT.bytes, `${HEAD}01101`);
  expect(await finished(target)).toEqual({ kept: 2 * PIECE + 100, asked: [4, 0, 3] });
  expect(await readdir(folder)).toEqual(['got']);
});

test('what is not noted is fetched, even where it is there', async () => {
  const { target } = await killedMidway(CONTENT.bytes, `${HEAD}00000`);
  expect(await finished(target)).toEqual({ kept: 0, asked: [4, 0, 1, 2, 3] });
});

test.for<[string, (bytes: Buffer) => Buffer]>([
  ['nothing', () => Buffer.alloc(0)],
  ['zeros', (bytes) => Buffer.alloc(bytes.length)],
  [
    'a byte that is damaged in each piece',
    (bytes) => bytes.map((byte, at) => (at % PIECE ? byte : ~byte)) as Buffer,
  ],
  ['the pieces at the wrong places', (bytes) => Buffer.concat([bytes.subarray(PIECE), bytes])],
])('notes that claim everything of %s are found out', async ([, change]) => {
  const part = change(Buffer.from(CONTENT.bytes));
  const { target } = await killedMidway(part, `${HEAD}11111`);
  expect(await finished(target)).toEqual({ kept: 0, asked: [4, 0, 1, 2, 3] });
});

test('of notes that claim too much the true ones are believed', async () => {
  const part = Buffer.from(CONTENT.bytes);
  part.fill('x', 2 * PIECE, 2 * PIECE + 1);
  const { target } = await killedMidway(part, `${HEAD}11111`);
  expect(await finished(target)).toEqual({ kept: SIZE - PIECE, asked: [4, 2] });
});

test('a part that is longer than the content is cut, one that is shorter is filled', async () => {
  const longer = Buffer.concat([CONTENT.bytes, Buffer.alloc(PIECE, 'x')]);
  const one = await killedMidway(longer, `${HEAD}11111`);
  expect(await finished(one.target)).toMatchObject({ kept: SIZE });
  const other = await killedMidway(CONTENT.bytes.subarray(0, PIECE + 1), `${HEAD}11111`);
  expect(await finished(other.target)).toMatchObject({ kept: PIECE });
});

test.for([
  '',
  'garbage',
  '\n',
  HEAD,
  HEAD.trim(),
  `${HEAD}1111`,
  `${HEAD}111111`,
  `${HEAD}xxxxx`,
  `${HEAD}\u0001\u0001\u0001\u0001\u0001`,
  `x${HEAD}1111`,
  `${HEAD.replace(/\d+}/, '7}')}1`,
  `${headOf({ ...CONTENT, root: 'ab'.repeat(32) })}11111`,
  '1'.repeat(1_000_000),
])('notes that say %j are not believed', async (notes) => {
  const { folder, target } = await killedMidway(CONTENT.bytes, notes);
  expect(await finished(target)).toMatchObject({ kept: 0 });
  expect(await readdir(folder)).toEqual(['got']);
});

test('a link in place of the part is not followed', async () => {
  const folder = await temporaryFolder();
  const { target, part } = pathsOf(folder);
  const victim = join(folder, 'victim');
  await writeFile(victim, 'mine');
  await symlink(victim, part);
  await expect(PieceFile.open(target, CONTENT.root, false)).rejects.toMatchObject({
    code: 'cannot-write',
  });
  expect(await readFile(victim, 'utf8')).toBe('mine');
  expect(await openIn(folder)).toEqual([]);
});

test('links in place of the notes are replaced, not followed', async () => {
  const folder = await temporaryFolder();
  const { target, notes } = pathsOf(folder);
  const victim = join(folder, 'victim');
  await writeFile(victim, `${HEAD}00000`);
  for (const path of [notes, `${notes}-new`]) await symlink(victim, path);
  await finished(target);
  expect(await readFile(victim, 'utf8')).toBe(`${HEAD}00000`);
  expect((await readdir(folder)).sort()).toEqual(['got', 'victim']);
});

test('what is no file is refused in place of the part, and of the target', async () => {
  const folder = await temporaryFolder();
  const { target, part } = pathsOf(folder);
  const code = 'cannot-write';
  const opening = (replaces: boolean) => PieceFile.open(target, CONTENT.root, replaces);
  await mkdir(part);
  await expect(opening(false)).rejects.toMatchObject({ code });
  await mkdir(target);
  await expect(opening(true)).rejects.toMatchObject({ code });
  await expect(opening(false)).rejects.toMatchObject({ code: 'file-exists' });
  expect(await openIn(folder)).toEqual([]);
});

test('a file that appears meanwhile is not replaced, and what was fetched is kept', async () => {
  const { folder, target } = await killedMidway(CONTENT.bytes, `${HEAD}11011`);
  const source = await startContentSource(CONTENT, {
    answers: async (honest, { piece }) => {
      if (piece === 2) await writeFile(target, 'mine');
      return honest;
    },
  });
  await expect(getContent(CONTENT, { sources: [source] }, target)).rejects.toMatchObject({
    code: 'file-exists',
  });
  expect(await readFile(target, 'utf8')).toBe('mine');
  expect(await openIn(folder)).toEqual([]);

  const again = await PieceFile.open(target, CONTENT.root, true);
  expect(Buffer.from(await again.prepare(SIZE)).toString('hex')).toBe('01'.repeat(5));
  await again.finish();
  expect((await readFile(target)).equals(CONTENT.bytes)).toBe(true);
  expect(await readdir(folder)).toEqual(['got']);
});

test('the part of one version is left alone while another one is fetched, and goes when one is there', async () => {
  const { folder, target, part, notes } = await killedMidway(CONTENT.bytes, `${HEAD}01100`);
  const other = contentOf(randomBytes(PIECE));
  await writeFile(join(folder, '.got.sp2p-other'), 'mine');
  const failing = await startContentSource(other, { answers: () => undefined });
  await expect(getContent(other, { sources: [failing] }, target)).rejects.toMatchObject({
    code: 'no-source',
  });
  expect((await readFile(part)).equals(CONTENT.bytes)).toBe(true);
  expect(await readFile(notes, 'utf8')).toBe(`${HEAD}01100`);
  // What another process was about to note when it was killed.
  await writeFile(`${pathsOf(folder, other).notes}-new`, '');

  await finished(target, contentOf(randomBytes(5)));
  expect((await readdir(folder)).sort()).toEqual(['.got.sp2p-other', 'got']);
});

test('where nothing came nothing is left', async () => {
  const folder = await temporaryFolder();
  const { target } = pathsOf(folder);
  await expect(getContent(CONTENT, { sources: [] }, target)).rejects.toMatchObject({
    code: 'no-source',
  });
  expect(await readdir(folder)).toEqual([]);
});

test('the longest of file names is one that a file can have', async () => {
  const folder = await temporaryFolder();
  const name = 'ü'.repeat(127);
  await finished(join(folder, name));
  expect(await readdir(folder)).toEqual([name]);
});

test('no file stays open, however it ends', async () => {
  const { folder, target } = await killedMidway(CONTENT.bytes, `${HEAD}01100`);
  for (let time = 0; time < 3; time++)
    await (await PieceFile.open(target, CONTENT.root, false)).leave();
  const prepared = await PieceFile.open(target, CONTENT.root, false);
  await prepared.prepare(SIZE);
  expect(await prepared.leave()).toBe(2 * PIECE);
  await finished(target);
  expect(await openIn(folder)).toEqual([]);
});

test.skipIf(!mayMount)(
  'on a full disk it keeps what it has, and goes on when there is room',
  async () => {
    const folder = await mounted('size=640k');
    const { target, part } = pathsOf(folder);
    const source = await startContentSource(CONTENT);
    await expect(getContent(CONTENT, { sources: [source] }, target)).rejects.toMatchObject({
      code: 'disk-full',
    });
    expect((await stat(part)).size).toBe(SIZE);
    makeRoom(folder, '16m');
    expect((await finished(target)).kept).toBeGreaterThan(0);
    expect(await readdir(folder)).toEqual(['got']);
  },
);

test.skipIf(!mayMount)('on a disk that has no room for its notes it leaves nothing', async () => {
  const folder = await mounted('size=64k');
  await writeFile(join(folder, 'full'), Buffer.alloc(64 * 1024));
  const { target } = pathsOf(folder);
  const source = await startContentSource(CONTENT);
  await expect(getContent(CONTENT, { sources: [source] }, target)).rejects.toMatchObject({
    code: 'disk-full',
  });
  expect(await readdir(folder)).toEqual(['full']);
  expect(await openIn(folder)).toEqual([]);
});

test.skipIf(!mayMount)('a disk that cannot be written to is said to be one', async () => {
  const { target } = pathsOf(await mounted('ro'));
  await expect(PieceFile.open(target, CONTENT.root, false)).rejects.toMatchObject({
    code: 'cannot-write',
    message: expect.stringContaining('EROFS') as string,
  });
});

/** What this process has open in a folder. */
async function openIn(folder: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const paths = await Promise.all(
    descriptors.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => '')),
  );
  return paths.filter((path) => path.startsWith(folder));
}
