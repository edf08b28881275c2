// Several contents under one name, one content under several, and sources that lie: what sp2p get does
// and says.
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contentOf, PIECE, startContentSource } from '../download/content-source.ts';
import { closedEndpoint } from '../download/scripted.ts';
import { sp2p, startSp2p, type Ended } from '../harness/command.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { startTellingContents, type ToldContent } from './telling-contents.ts';

const CONTENT = contentOf(randomBytes(12 * PIECE + 300));
const OTHER = contentOf(randomBytes(5));
const SIZE = CONTENT.bytes.length;
const UNKNOWN = 'ab'.repeat(32);
const NOTHING = Buffer.alloc(0);

interface Result {
  root: string;
  verified: boolean;
  size: number;
  kept: number;
  sources: { endpoint: string; bytes: number }[];
  failed: { endpoint: string; reason: string }[];
}

function resultOf({ stdout }: Ended): Result {
  return JSON.parse(stdout.toString()) as Result;
}

/** Every hundred thousandth byte is another one. */
function corrupted(bytes: Buffer) {
  return contentOf(bytes).bytes.map((byte, at) => ((at + 1) % 100_000 === 0 ? ~byte : byte));
}

/** A source that has what it should have, but for a byte in a hundred thousand. */
function startLiar() {
  const wrong = Buffer.from(corrupted(CONTENT.bytes));
  return startContentSource(CONTENT, {
    answers: (honest, { piece }) =>
      piece === 'layer'
        ? honest
        : { ...honest, body: wrong.subarray(piece * PIECE, (piece + 1) * PIECE) },
  });
}

function told(sources: ToldContent['sources'], more: Partial<ToldContent> = {}): ToldContent {
  return { root: CONTENT.root, name: 'a b.bin', size: SIZE, sources, ...more };
}

/** Two peers that offer different bytes under one name, and one of them has more of it. */
async function twoVersions() {
  const { url } = await startRegistry();
  for (const bytes of [CONTENT.bytes, OTHER.bytes])
    await startPeer({ shares: [await folderOf({ 'sub/one': bytes })], registry: url });
  await startPeer({ shares: [await folderOf({ another: CONTENT.bytes })], registry: url });
  return { registry: url.href, folder: await temporaryFolder() };
}

test('of a content that three shares hold under three names, each of them gives something', async () => {
  const { url } = await startRegistry();
  const bytes = randomBytes(96 * PIECE + 1);
  const endpoints: string[] = [];
  for (const name of ['one', 'sub/two', 'three ü'])
    endpoints.push(
      `127.0.0.1:${(await startPeer({ shares: [await folderOf({ [name]: bytes })], registry: url })).port}`,
    );
  const folder = await temporaryFolder();
  const ended = await sp2p(['get', 'sub/two', '--registry', url.href, '-o', folder, '--json']);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  const { sources, ...result } = resultOf(ended);
  const { root } = contentOf(bytes);
  expect(result).toMatchObject({ root, verified: true, size: bytes.length, kept: 0, failed: [] });
  expect(sources.map(({ endpoint }) => endpoint).sort()).toEqual(endpoints.sort());
  expect(sources.every((source) => source.bytes >= PIECE)).toBe(true);
  expect(sources.reduce((sum, source) => sum + source.bytes, 0)).toBe(bytes.length);
  expect((await readFile(join(folder, 'two'))).equals(bytes)).toBe(true);
  expect(await readdir(folder)).toEqual(['two']);
});

test('one of three sources corrupts a byte in a hundred thousand, and is named', async () => {
  const liar = await startLiar();
  const honest = await Promise.all(
    [1, 2].map(() =>
      startContentSource(CONTENT, {
        answers: async (answer) => {
          await liar.askedForPieces(2);
          return answer;
        },
      }),
    ),
  );
  const sources = [liar, ...honest].map(({ endpoint }) => endpoint);
  const { href } = await startTellingContents(() => [told(sources)]);
  const args = ['get', 'a b.bin', '--registry', href, '-o'];
  const folder = await temporaryFolder();
  const ended = await sp2p([...args, join(folder, 'json'), '--json']);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(resultOf(ended)).toMatchObject({
    verified: true,
    failed: [{ endpoint: liar.key, reason: expect.stringMatching(/^bad-piece: /) as string }],
  });

  const forPeople = await sp2p([...args, join(folder, 'people')]);
  expect(forPeople.code).toBe(0);
  expect(forPeople.stderr).toMatch(
    /^a b\.bin: 3\.00 MiB in [\d.]+ s \(.*\/s\) from (2|3) sources; verified\.\n/,
  );
  expect(forPeople.stderr).toContain(`\n  without ${liar.key}: bad-piece: `);
  expect(forPeople.stdout.toString()).toBe(`${join(folder, 'people')}\n`);
  for (const name of ['json', 'people'])
    expect((await readFile(join(folder, name))).equals(CONTENT.bytes)).toBe(true);
});

test('where nobody is honest it exits 4, says who did what, and keeps what was right', async () => {
  const liar = await startLiar();
  const dead = await closedEndpoint();
  const { href } = await startTellingContents(() => [told([dead, liar.endpoint])]);
  const folder = await temporaryFolder();
  const ended = await sp2p(['get', 'a b.bin', '--registry', href, '-o', folder, '--json']);
  expect(ended).toMatchObject({ code: 4, stdout: NOTHING });
  expect(ended.stderr).toMatch(/^sp2p: No source could deliver it intact: .* \[no-source\]\n$/);
  expect(ended.stderr).toContain(`127.0.0.1:${dead.port} (unreachable: `);
  expect(ended.stderr).toContain(`${liar.key} (bad-piece: `);
  expect(await readdir(folder)).not.toContain('a b.bin');
});

test('several versions, and nobody to ask: it exits 2 with the list, and takes none', async () => {
  const { registry, folder } = await twoVersions();
  const args = ['get', 'sub/one', '--registry', registry, '-o', folder];
  const forPeople = await sp2p(args);
  expect(forPeople).toMatchObject({ code: 2, stdout: NOTHING });
  expect(forPeople.stderr.split('\n')).toEqual([
    expect.stringMatching(
      `^${CONTENT.root}  +3\\.00 MiB  2 holders  changed \\d+ s ago$`,
    ) as string,
    expect.stringMatching(`^${OTHER.root}  +5 B  1 holder  changed \\d+ s ago$`) as string,
    'sp2p: "sub/one" stands for 2 different contents: --root says which one. [several-versions]',
    '',
  ]);
  const forPrograms = await sp2p([...args, '--json']);
  expect(forPrograms.code).toBe(2);
  expect(JSON.parse(forPrograms.stdout.toString())).toEqual({
    name: 'sub/one',
    versions: [
      { root: CONTENT.root, size: SIZE, holders: 2, modified: expect.any(Number) as number },
      { root: OTHER.root, size: 5, holders: 1, modified: expect.any(Number) as number },
    ],
  });
  expect(await readdir(folder)).toEqual([]);

  for (const { root, bytes } of [CONTENT, OTHER]) {
    const chosen = await sp2p([...args, '--root', root.toUpperCase(), '--json', '-f']);
    expect(chosen).toMatchObject({ code: 0, stderr: '' });
    expect(resultOf(chosen)).toMatchObject({ name: 'sub/one', root, verified: true });
    expect((await readFile(join(folder, 'one'))).equals(bytes)).toBe(true);
  }
});

test('a root alone is enough: the registry knows a name for it', async () => {
  const { registry, folder } = await twoVersions();
  const args = ['get', '--registry', registry, '-o', folder];
  expect(await sp2p([...args, '--root', OTHER.root])).toMatchObject({ code: 0 });
  expect(await readdir(folder)).toEqual(['one']);
  // Of two names the first.
  const ended = await sp2p([...args, '--root', CONTENT.root, '--json']);
  expect(resultOf(ended)).toMatchObject({ name: 'another', root: CONTENT.root });
  expect((await readdir(folder)).sort()).toEqual(['another', 'one']);
  // A name that is said is the name, whoever calls it so.
  const named = await sp2p([...args, 'mine', '--root', OTHER.root]);
  expect(named.code).toBe(0);
  expect((await readdir(folder)).sort()).toEqual(['another', 'mine', 'one']);
});

test('a wrong root is wrong usage, an unknown one is not known', async () => {
  const { url } = await startRegistry();
  const cwd = await temporaryFolder();
  const noRoot = /A root is 64 hex digits/;
  const rows: [code: number, says: RegExp, ...args: string[]][] = [
    [2, noRoot, 'x', '--root', 'abc'],
    [2, noRoot, 'x', '--root', ''],
    [2, noRoot, '--root', `g${UNKNOWN.slice(1)}`],
    [2, /Name a file, or give its --root\. \[bad-usage\]/],
    [3, new RegExp(`Nobody offers "${UNKNOWN}"\\. \\[not-known\\]`), '--root', UNKNOWN],
    [3, /Nobody offers "x".*\[not-known\]/, 'x', '--root', UNKNOWN],
    [3, /Nobody offers "x"\. \[not-known\]/, 'x'],
  ];
  await Promise.all(
    rows.map(async ([code, says, ...args]) => {
      const ended = await sp2p(['get', ...args, '--registry', url.href], { cwd });
      expect(ended, args.join(' ')).toMatchObject({ code, stdout: NOTHING });
      expect(ended.stderr).toMatch(says);
    }),
  );
  expect(await readdir(cwd)).toEqual([]);
});

test('it waits for somebody to offer it, where it is told to', async () => {
  const source = await startContentSource(CONTENT);
  const asked = Promise.withResolvers<undefined>();
  let contents: ToldContent[] = [];
  let calls = 0;
  const { href } = await startTellingContents(() => {
    // First which registry it is, then the name.
    if (++calls === 2) asked.resolve(undefined);
    return contents;
  });
  const folder = await temporaryFolder();
  const args = ['get', 'a b.bin', '--registry', href, '-o', folder, '--wait', '60'];
  const { ended } = await startSp2p(args);
  await asked.promise;
  contents = [told([source.endpoint])];
  expect(await ended).toMatchObject({ code: 0 });
  expect((await readFile(join(folder, 'a b.bin'))).equals(CONTENT.bytes)).toBe(true);
});

test.for<[string, Partial<ToldContent>]>([
  ['a byte too many for a size', { size: SIZE + 1 }],
  ['that it knows no size', { size: null }],
  ['of more holders than it names', { holders: 10_000 }],
])('a registry that tells %s is no matter', async ([, more]) => {
  const source = await startContentSource(CONTENT);
  const { href } = await startTellingContents(() => [told([source.endpoint], more)]);
  const ended = await sp2p(['get', 'a b.bin', '--registry', href, '-o', '-', '--json']);
  expect(ended.code).toBe(0);
  expect(ended.stdout.equals(CONTENT.bytes)).toBe(true);
  expect(JSON.parse(ended.stderr)).toMatchObject({ size: SIZE, verified: true, failed: [] });
});

test('a registry that names the same source a thousand times, and ports where nobody listens', async () => {
  const source = await startContentSource(CONTENT);
  const dead = Array.from({ length: 20 }, (_, i) => ({ ipAddress: '127.0.0.1', port: i + 1 }));
  const sources = [...dead, ...Array.from({ length: 1_000 }, () => source.endpoint)];
  const { href } = await startTellingContents(() => [told(sources)]);
  const ended = await sp2p(['get', 'a b.bin', '--registry', href, '-o', '-', '--json']);
  expect(ended.code).toBe(0);
  expect(ended.stdout.equals(CONTENT.bytes)).toBe(true);
  expect(source.asked.filter((each) => each === 'layer')).toHaveLength(1);
});

test('a registry that dies when it has named the sources is not missed', async () => {
  let contents: ToldContent[] | undefined;
  const source = await startContentSource(CONTENT, {
    answers: (honest) => {
      contents = undefined;
      return honest;
    },
  });
  contents = [told([source.endpoint])];
  const { href } = await startTellingContents(() => contents);
  const ended = await sp2p(['get', 'a b.bin', '--registry', href, '-o', '-']);
  expect(ended.code).toBe(0);
  expect(ended.stdout.equals(CONTENT.bytes)).toBe(true);
});
