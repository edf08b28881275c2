// Contents by their roots: what a peer says that a file's bytes are, and how they are asked for
// whatever they are called.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Peer } from '../../src/peer/peer.ts';
import { folderOf } from '../harness/temporary.ts';
import { answerTo } from './raw.ts';
import { layerOf, leavesOf, rootOf } from './roots.ts';
import { serve, urlOf } from './serving.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const PIECE = 256 * KiB;
/** Of more bytes than a worker is given of one file at a time. */
const TWO_JOBS = 33 * MiB + 1;
const SOON = { timeout: 10_000, interval: 20 };
const UNKNOWN = 'ab'.repeat(32);

/** What libtorrent makes of such bytes; an empty file has no root there, and here that of an empty block. */
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/roots.json', import.meta.url), 'utf8'),
) as { size: number; root: string; layer: string }[];

function bytesOfVector(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = 31 * i + (i >> 10) + 7 * (i >> 18);
  return bytes;
}

async function listed(peer: Peer): Promise<Record<string, string>> {
  const { files } = (await (await fetch(urlOf(peer))).json()) as {
    files: { name: string; root: string }[];
  };
  return Object.fromEntries(files.map(({ name, root }) => [name, root]));
}

function contentAt(peer: Peer, root: string, init: RequestInit = {}): Promise<Response> {
  return fetch(urlOf(peer, `/contents/${root}`), init);
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

/** A peer that offers one file, and the root of that. */
async function serveOne(bytes: Uint8Array | string, name = 'file') {
  const peer = await serve(await folderOf({ [name]: bytes }));
  return { peer, root: rootOf(Buffer.from(bytes)) };
}

test('a file is offered under the root that libtorrent gives it', async () => {
  const sizes = vectors.filter(({ size }) => size > 0);
  const files = sizes.map(({ size }): [string, Uint8Array] => [String(size), bytesOfVector(size)]);
  const peer = await serve(await folderOf(Object.fromEntries(files)));
  const expected = Object.fromEntries(sizes.map(({ size, root }) => [String(size), root]));
  expect(await listed(peer)).toEqual(expected);
  for (const { root, layer } of sizes.filter((vector) => vector.layer !== '')) {
    const response = await contentAt(peer, `${root}/layer`);
    expect((await bytesOf(response)).toString('hex')).toBe(layer);
  }
});

test('a file of any size has one root: in the list, by its name, and of its piece layer', async () => {
  const sizes = [0, 1, 16 * KiB, 16 * KiB + 1, PIECE, PIECE + 1, 5 * MiB, TWO_JOBS];
  const contents = sizes.map((size) => ({ name: `${size} bytes`, bytes: randomBytes(size) }));
  const files = contents.map(({ name, bytes }): [string, Uint8Array] => [name, bytes]);
  const peer = await serve(await folderOf(Object.fromEntries(files)));
  const inList = await listed(peer);
  for (const { name, bytes } of contents) {
    const leaves = leavesOf(bytes);
    const root = rootOf(leaves);
    expect(inList[name], name).toBe(root);
    const byName = await fetch(urlOf(peer, `/files/${name}`), { method: 'HEAD' });
    expect(byName.headers.get('etag'), name).toBe(`"${root}"`);

    const layer = layerOf(leaves, PIECE);
    for (const method of ['GET', 'HEAD']) {
      const response = await contentAt(peer, `${root}/layer`, { method });
      expect(response.status, name).toBe(200);
      expect(response.headers.get('sp2p-size')).toBe(String(bytes.length));
      expect(response.headers.get('content-length')).toBe(String(layer.length));
      expect(response.headers.get('content-type')).toBe('application/octet-stream');
      const got = await bytesOf(response);
      expect(got.equals(method === 'GET' ? layer : Buffer.alloc(0)), name).toBe(true);
    }
    // Of one piece: its hash is the root.
    if (bytes.length <= PIECE) expect(layer.toString('hex'), name).toBe(root);
  }
});

test('larger contents are cut into larger pieces', async () => {
  const folder = await folderOf({ file: '' });
  await truncate(join(folder, 'file'), 256 * MiB + 1);
  const peer = await serve(folder);
  const zeros = leavesOf(Buffer.alloc(16 * KiB));
  const leaves = Array.from({ length: (256 * MiB) / (16 * KiB) }, () => zeros).flat();
  leaves.push(...leavesOf(Buffer.alloc(1)));
  expect(await listed(peer)).toEqual({ file: rootOf(leaves) });
  const layer = await contentAt(peer, `${rootOf(leaves)}/layer`);
  expect((await bytesOf(layer)).equals(layerOf(leaves, 512 * KiB))).toBe(true);
});

test('a content comes whole and in parts, with its root for a tag and nothing to ask again', async () => {
  const bytes = randomBytes(PIECE + 1);
  const { peer, root } = await serveOne(bytes);
  const whole = await contentAt(peer, root);
  expect(whole.status).toBe(200);
  expect(whole.headers.get('etag')).toBe(`"${root}"`);
  expect(whole.headers.get('accept-ranges')).toBe('bytes');
  expect(whole.headers.get('cache-control')).toContain('immutable');
  expect((await bytesOf(whole)).equals(bytes)).toBe(true);

  for (const [start, end] of [
    [0, 0],
    [PIECE - 1, PIECE],
    [10, 200_000],
  ] as const) {
    const part = await contentAt(peer, root, { headers: { range: `bytes=${start}-${end}` } });
    expect(part.status).toBe(206);
    expect(part.headers.get('etag')).toBe(`"${root}"`);
    expect(part.headers.get('content-range')).toBe(`bytes ${start}-${end}/${bytes.length}`);
    expect((await bytesOf(part)).equals(bytes.subarray(start, end + 1))).toBe(true);
  }

  const head = await contentAt(peer, root, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)]);
  expect(await head.text()).toBe('');
});

test('conditions on a content go by its root', async () => {
  const { peer, root } = await serveOne('hello');
  const statusOf = async (headers: Record<string, string>) => {
    const response = await contentAt(peer, root, { headers });
    await response.arrayBuffer();
    return response.status;
  };
  const range = { range: 'bytes=0-1' };
  expect(await statusOf({ 'if-none-match': `"${root}"` })).toBe(304);
  expect(await statusOf({ 'if-none-match': `"${UNKNOWN}"` })).toBe(200);
  expect(await statusOf({ ...range, 'if-range': `"${root}"` })).toBe(206);
  expect(await statusOf({ ...range, 'if-range': `"${UNKNOWN}"` })).toBe(200);
  expect(await statusOf({ 'if-match': `"${UNKNOWN}"` })).toBe(412);
});

test('a refusal is not kept as long as a content is', async () => {
  const { peer, root } = await serveOne('hello');
  for (const [headers, status] of [
    [{ range: 'bytes=5-' }, 416],
    [{ 'if-match': `"${UNKNOWN}"` }, 412],
  ] as const) {
    const response = await contentAt(peer, root, { headers });
    expect(response.status).toBe(status);
    expect(response.headers.get('cache-control') ?? '').not.toContain('max-age');
  }
});

test('a root may be spelt in upper case', async () => {
  const { peer, root } = await serveOne('hello');
  for (const path of [root, `${root}/layer`]) {
    const lower = await contentAt(peer, path);
    const upper = await contentAt(peer, path.replace(root, root.toUpperCase()));
    expect(upper.status).toBe(200);
    expect(await upper.text()).toBe(await lower.text());
    expect(upper.headers.get('etag')).toBe(lower.headers.get('etag'));
  }
});

test('what is no root is told so, whatever it tries to lead to', async () => {
  const peer = await serve(await folderOf({ file: 'hello' }));
  for (const path of [
    '',
    'x',
    UNKNOWN.slice(1),
    `${UNKNOWN}0`,
    `g${UNKNOWN.slice(1)}`,
    `%61${UNKNOWN.slice(1)}`,
    `${UNKNOWN}/`,
    `${UNKNOWN}/layer/`,
    `${UNKNOWN}//layer`,
    `${UNKNOWN}/other`,
    `/${UNKNOWN}`,
    'layer',
    'file',
    '../files/file',
    '..%2ffiles%2ffile',
    `${UNKNOWN}/../../files/file`,
    `${UNKNOWN}\\..\\file`,
    `${UNKNOWN}%00`,
  ])
    for (const ending of ['', '/layer']) {
      // Not by fetch, which makes paths right before it sends them.
      const target = `/contents/${path}${ending}`;
      const sent = `GET ${target} HTTP/1.1\r\nHost: peer\r\nConnection: close\r\n\r\n`;
      const answer = (await answerTo(peer, sent)).bytes.toString();
      expect(answer, target).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer, target).toMatch(/content-type: application\/problem\+json/i);
      expect(answer, target).toContain('"code":"bad-root"');
      expect(answer, target).not.toContain('hello');
    }
});

test('a root that nobody offers is not found', async () => {
  const peer = await serve(await folderOf({ file: 'hello' }));
  for (const path of [UNKNOWN, `${UNKNOWN}/layer`]) {
    const response = await contentAt(peer, path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'not-found' });
    expect((await contentAt(peer, path, { method: 'HEAD' })).status).toBe(404);
    expect((await contentAt(peer, path, { method: 'POST' })).status).toBe(405);
  }
});

test('a page by its root is handed out as it is by its name: to be kept, not to act', async () => {
  const { peer, root } = await serveOne('<script>alert(1)</script>', 'page.html');
  for (const url of [urlOf(peer, '/files/page.html'), urlOf(peer, `/contents/${root}`)]) {
    const { headers } = await fetch(url);
    expect(headers.get('content-disposition'), url).toMatch(/^attachment/);
    expect(headers.get('x-content-type-options'), url).toBe('nosniff');
  }
});

test('equal bytes are one content under all their names, in all shares, until the last is gone', async () => {
  const bytes = randomBytes(PIECE + 1);
  const first = await folderOf({ a: bytes, 'sub/b': bytes, both: bytes, other: 'other' });
  const second = await folderOf({ c: bytes, both: 'not the same' });
  await symlink('a', join(first, 'link'));
  const peer = await serve([first, second]);
  const root = rootOf(bytes);
  const { other, ...same } = await listed(peer);
  expect(other).toBe(rootOf(Buffer.from('other')));
  expect(same).toEqual({ a: root, both: root, c: root, link: root, 'sub/b': root });

  const isServed = async () => {
    const [content, layer] = [await contentAt(peer, root), await contentAt(peer, `${root}/layer`)];
    if (content.status === 200) expect((await bytesOf(content)).equals(bytes)).toBe(true);
    expect(layer.status).toBe(content.status);
    return content.status === 200;
  };
  for (const [path, left] of [
    [join(second, 'c'), ['a', 'both', 'link', 'other', 'sub/b']],
    [join(first, 'a'), ['both', 'other', 'sub/b']],
    [join(first, 'both'), ['both', 'other', 'sub/b']],
  ] as const) {
    await rm(path);
    expect(await isServed(), path).toBe(true);
    await expect.poll(() => listed(peer).then(Object.keys), SOON).toEqual(left);
    expect(await isServed(), path).toBe(true);
  }
  await rename(join(first, 'sub/b'), join(second, 'last'));
  await expect.poll(() => listed(peer).then(Object.keys), SOON).toEqual(['both', 'last', 'other']);
  expect(await isServed()).toBe(true);
  await rm(join(second, 'last'));
  await expect.poll(isServed, SOON).toBe(false);
});

test('a content that is behind the same name of two shares is served from either', async () => {
  const first = await folderOf({ both: 'first' });
  const second = await folderOf({ both: 'second' });
  const peer = await serve([first, second]);
  expect(await (await fetch(urlOf(peer, '/files/both'))).text()).toBe('first');
  for (const text of ['first', 'second'])
    expect(await (await contentAt(peer, rootOf(Buffer.from(text)))).text()).toBe(text);
});

test('a copy is served where another one of the same content has changed unnoticed', async () => {
  const folder = await folderOf({ a: 'hello', b: 'hello', c: 'hello' });
  const peer = await serve(folder, { notifications: false });
  const root = rootOf(Buffer.from('hello'));
  await writeFile(join(folder, 'a'), 'HELLO');
  await rm(join(folder, 'b'));
  expect(await (await contentAt(peer, root)).text()).toBe('hello');
  // Of another time, but not of other bytes.
  await utimes(join(folder, 'c'), 1, 1);
  await expect.poll(async () => (await contentAt(peer, root)).status, SOON).toBe(200);
});
