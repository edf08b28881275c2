// When files are hashed, and when not: what is offered is what is on the disk, at no more cost than
// that takes.
import { randomBytes } from 'node:crypto';
import {
  appendFile,
  chmod,
  chown,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { Catalogue, type CatalogueOptions } from '../../src/peer/catalogue/catalogue.ts';
import type { Peer } from '../../src/peer/peer.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { startSp2p } from '../harness/command.ts';
import { silent, startPeer, startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { connected, firstBytes, received } from './raw.ts';
import { rootOf } from './roots.ts';
import { serve, serveUnhashed, urlOf } from './serving.ts';

const SOON = { timeout: 10_000, interval: 20 };
const MiB = 1024 * 1024;
/** Takes minutes to hash, and no place on the disk: nothing but zeros. */
const ENDLESS = 64 * 1024 * MiB;

function rootOfText(text: string): string {
  return rootOf(Buffer.from(text));
}

/** What is offered, with its roots. */
async function offered(peer: Peer): Promise<Record<string, string>> {
  const { files } = (await (await fetch(urlOf(peer))).json()) as {
    files: { name: string; root: string }[];
  };
  return Object.fromEntries(files.map(({ name, root }) => [name, root]));
}

function contentAt(peer: Peer, root: string): Promise<Response> {
  return fetch(urlOf(peer, `/contents/${root}`));
}

function headOf(peer: Peer, root: string): Promise<Response> {
  return fetch(urlOf(peer, `/contents/${root}`), { method: 'HEAD' });
}

async function catalogueOf(folder: string, options: Partial<CatalogueOptions> = {}) {
  const told: string[] = [];
  const catalogue = new Catalogue({
    folders: [folder],
    log: silent,
    onChange: (names) => told.push(...names),
    ...options,
  });
  onTestFinished(() => catalogue.stop());
  await catalogue.start();
  return { catalogue, told };
}

/** A share with a file that keeps the hashing busy for longer than any test runs. */
async function folderWithEndless(files: Record<string, string>): Promise<string> {
  const folder = await folderOf({ endless: '', ...files });
  await truncate(join(folder, 'endless'), ENDLESS);
  // They were not written just now: none is left alone for a while.
  for (const name of ['endless', ...Object.keys(files)])
    await utimes(join(folder, name), 0, 1_000_000_000);
  return folder;
}

const CHANGES: Record<string, (path: string) => Promise<unknown>> = {
  'is written anew with as many bytes': async (path) => {
    await writeFile(path, (await readFile(path, 'utf8')).toUpperCase());
  },
  'changes in one byte': async (path) => {
    await using file = await open(path, 'r+');
    await file.write('x', 2);
  },
  grows: (path) => appendFile(path, '!'),
  shrinks: (path) => truncate(path, 2),
  'is replaced by one of the same size and time': async (path) => {
    const { mtime } = await stat(path);
    const other = join(path, '..', '.other');
    await writeFile(other, (await readFile(path, 'utf8')).toUpperCase());
    await utimes(other, 0, mtime);
    await rename(other, path);
  },
};

test.for([true, false])(
  'files that change have other roots (with notifications: %s)',
  async (notifications) => {
    const textBefore = (what: string) => `hello, this ${what}`;
    const files = Object.keys(CHANGES).map((what) => [what, textBefore(what)]);
    const folder = await folderOf(Object.fromEntries(files) as Record<string, string>);
    const peer = await serve(folder, { notifications });
    const now: Record<string, string> = {};
    for (const [what, change] of Object.entries(CHANGES)) {
      const root = rootOfText(textBefore(what));
      expect(await (await contentAt(peer, root)).text()).toBe(textBefore(what));
      await change(join(folder, what));
      expect((await contentAt(peer, root)).status, what).toBe(404);
      now[what] = await readFile(join(folder, what), 'utf8');
    }
    const roots = Object.entries(now).map(([name, text]) => [name, rootOfText(text)]);
    await expect.poll(() => offered(peer), SOON).toEqual(Object.fromEntries(roots));
    for (const [what, text] of Object.entries(now)) {
      expect(await (await contentAt(peer, rootOfText(text))).text()).toBe(text);
      const layerBefore = `${rootOfText(textBefore(what))}/layer`;
      expect((await contentAt(peer, layerBefore)).status).toBe(404);
    }
  },
);

test.for([true, false])(
  'a file that is removed is no content any more, and is one again when it is back (with notifications: %s)',
  async (notifications) => {
    const folder = await folderOf({ file: 'hello' });
    const peer = await serve(folder, { notifications });
    const root = rootOfText('hello');
    await rm(join(folder, 'file'));
    expect((await contentAt(peer, root)).status).toBe(404);
    await expect.poll(() => offered(peer), SOON).toEqual({});
    expect((await contentAt(peer, `${root}/layer`)).status).toBe(404);
    await writeFile(join(folder, 'file'), 'hello');
    await expect.poll(() => offered(peer), SOON).toEqual({ file: root });
    expect(await (await contentAt(peer, root)).text()).toBe('hello');
  },
);

test('a part of a content whose file changes meanwhile ends before the promised length', async () => {
  // More than the system takes off the peer's hands while the client does not read: 4 MiB, and 6 MiB.
  const size = 16 * MiB;
  const bytes = randomBytes(size);
  const root = rootOf(bytes);
  const folder = await folderOf({ file: bytes });
  const path = join(folder, 'file');
  const peer = await serve(folder);
  const changes: (() => Promise<unknown>)[] = [
    async () => {
      await using file = await open(path, 'r+');
      await file.write('changed', size / 2);
    },
    () => appendFile(path, 'more'),
  ];
  for (const change of changes) {
    await writeFile(path, bytes);
    await expect.poll(async () => (await headOf(peer, root)).status, SOON).toBe(200);
    const socket = await connected(peer);
    const range = `Range: bytes=1-${size - 2}`;
    socket.write(`GET /contents/${root} HTTP/1.1\r\nHost: peer\r\n${range}\r\n\r\n`);
    const first = await firstBytes(socket);
    await change();
    const rest = await received(socket);
    const answer = Buffer.concat([first, rest.bytes]);
    expect(answer.toString('latin1', 0, 12)).toBe('HTTP/1.1 206');
    expect(answer.length - answer.indexOf('\r\n\r\n') - 4).toBeLessThan(size - 2);
    expect((await contentAt(peer, root)).status).toBe(404);
  }
});

test('a peer that starts again hashes nothing that it knows', async () => {
  const folder = await folderOf({ a: 'a', 'sub/b': 'bb', empty: '', big: randomBytes(5 * MiB) });
  const cacheFile = join(await temporaryFolder(), 'not there yet', 'roots.sqlite');
  const before = await serve(folder, { cacheFile });
  expect(before.indexing.files).toEqual({ done: 4, left: 0 });
  const roots = await offered(before);
  const layer = await (await contentAt(before, `${roots['big'] ?? ''}/layer`)).arrayBuffer();
  await before.stop();

  const again = await serve(folder, { cacheFile });
  expect(await offered(again)).toEqual(roots);
  const kept = await contentAt(again, `${roots['big'] ?? ''}/layer`);
  expect(Buffer.from(await kept.arrayBuffer()).equals(Buffer.from(layer))).toBe(true);
  expect(again.indexing).toMatchObject({ files: { done: 0, left: 0 }, bytes: { done: 0 } });
  await again.stop();

  await writeFile(join(folder, 'a'), 'A');
  const changed = await serve(folder, { cacheFile });
  expect(changed.indexing.files.done).toBe(1);
  expect(await offered(changed)).toEqual({ ...roots, a: rootOfText('A') });
});

test('two peers that run at the same time can keep their roots in one place', async () => {
  const cacheFile = join(await temporaryFolder(), 'roots.sqlite');
  const folders = [await folderOf({ a: 'a' }), await folderOf({ b: 'b' })];
  const peers = await Promise.all(folders.map((folder) => serve(folder, { cacheFile })));
  expect(peers.map((peer) => peer.indexing.files.done)).toEqual([1, 1]);
  for (const peer of peers) await peer.stop();
  expect((await serve(folders, { cacheFile })).indexing.files.done).toBe(0);
});

test('a file that is touched is hashed once, and is no change to anybody', async () => {
  const folder = await folderOf({ touched: 'same', changed: 'before' });
  const { catalogue, told } = await catalogueOf(folder);
  await catalogue.indexed();
  expect(told.splice(0).sort()).toEqual(['changed', 'touched']);
  await utimes(join(folder, 'touched'), 0, 1_000_000_000);
  await writeFile(join(folder, 'changed'), 'after');
  const mtime = () => catalogue.find('touched')?.state.mtime;
  await expect.poll(mtime, SOON).toBe(1_000_000_000_000_000_000n);
  await expect.poll(() => told, SOON).toEqual(['changed']);
  expect(catalogue.indexing.files).toEqual({ done: 4, left: 0 });
});

test('the registry is not told of a file that is touched', async () => {
  const file = join(await temporaryFolder(), 'index.sqlite');
  const { url } = await startRegistry({ store: new SqliteStore(file) });
  const folder = await folderOf({ touched: 'same' });
  const peer = await startPeer({ shares: [folder], registry: url });
  const revision = () => {
    const database = new DatabaseSync(file, { readOnly: true });
    const row = database.prepare('SELECT revision FROM peers').get();
    database.close();
    return Number(row?.['revision']);
  };
  const modifiedAt = async (name: string) => {
    const answer = await fetch(new URL(`/api/v1/names/${name}`, url));
    const { sources } = (await answer.json()) as { sources: { modified: number }[] };
    return sources.map(({ modified }) => modified);
  };
  const before = { revision: revision(), modified: await modifiedAt('touched') };
  await utimes(join(folder, 'touched'), 0, 1_000_000_000);
  await expect.poll(() => peer.indexing.files.done, SOON).toBe(2);
  // What is told later has been told behind it.
  await writeFile(join(folder, 'later'), 'later');
  await expect.poll(() => modifiedAt('later'), SOON).toHaveLength(1);
  expect(revision()).toBe(before.revision + 1);
  expect(await modifiedAt('touched')).toEqual(before.modified);
});

test.for<[string, (cacheFile: string) => Promise<unknown>]>([
  ['full of garbage', (path) => writeFile(path, randomBytes(100_000))],
  [
    'cut off in the middle',
    async (path) => {
      const { size } = await stat(path);
      await truncate(path, size / 2);
    },
  ],
  [
    'broken behind its first page',
    async (path) => {
      await using file = await open(path, 'r+');
      const { size } = await file.stat();
      await file.write(randomBytes(size - 4096), 0, size - 4096, 4096);
    },
  ],
  [
    'of another make',
    async (path) => {
      await rm(path);
      const database = new DatabaseSync(path);
      database.exec('CREATE TABLE files (something TEXT); CREATE TABLE layers (else_ TEXT)');
      database.close();
    },
  ],
])('a cache of roots that is %s is made anew', async ([, breakIt]) => {
  const bytes = randomBytes(MiB);
  const files = Array.from({ length: 60 }, (_, n): [string, string] => [`${n}`, `text ${n}`]);
  const folder = await folderOf({ ...Object.fromEntries(files), big: bytes });
  const cacheFile = join(await temporaryFolder(), 'roots.sqlite');
  await (await serve(folder, { cacheFile })).stop();
  await breakIt(cacheFile);

  const peer = await serve(folder, { cacheFile });
  const roots = await offered(peer);
  expect(Object.keys(roots)).toHaveLength(61);
  expect(roots).toMatchObject({ 7: rootOfText('text 7'), big: rootOf(bytes) });
  expect((await contentAt(peer, `${rootOf(bytes)}/layer`)).status).toBe(200);
  await peer.stop();

  const again = await serve(folder, { cacheFile });
  expect(again.indexing.files.done).toBe(0);
  expect(await offered(again)).toEqual(roots);
});

test('a cache of roots that breaks while it is in use is done without', async () => {
  const folder = await folderOf({ a: 'a', big: randomBytes(MiB) });
  const cacheFile = join(await temporaryFolder(), 'roots.sqlite');
  await (await serve(folder, { cacheFile })).stop();
  const peer = await serve(folder, { cacheFile });
  const { big = '' } = await offered(peer);
  await truncate(cacheFile);
  await writeFile(join(folder, 'a'), 'A');
  await expect.poll(() => offered(peer), SOON).toEqual({ a: rootOfText('A'), big });
  expect((await contentAt(peer, `${big}/layer`)).headers.get('content-length')).toBe('128');
});

test('a cache of roots that cannot be written is done without', async () => {
  const folder = await folderOf({ a: 'a', big: randomBytes(MiB) });
  const place = await folderOf({ file: 'in the way' });
  await mkdir(join(place, 'folder', 'in the way'), { recursive: true });
  for (const cacheFile of [join(place, 'folder'), join(place, 'file', 'roots.sqlite')]) {
    const peer = await serve(folder, { cacheFile });
    const { a, big = '' } = await offered(peer);
    expect(a).toBe(rootOfText('a'));
    expect((await contentAt(peer, `${big}/layer`)).headers.get('content-length')).toBe('128');
    await writeFile(join(folder, 'a'), 'A');
    await expect.poll(() => offered(peer), SOON).toEqual({ a: rootOfText('A'), big });
    await peer.stop();
    await writeFile(join(folder, 'a'), 'a');
  }
  expect(await readdir(place, { recursive: true })).toHaveLength(3);
});

/** Writes for a while, as other files come and are hashed; answers the longest pause, in milliseconds. */
async function keepWriting(catalogue: Catalogue, folder: string, path: string): Promise<number> {
  let longest = 0;
  let last = performance.now();
  // Each of these is hashed while the other one grows.
  for (let round = 0; round < 5; round++) {
    await writeFile(join(folder, String(round)), 'x');
    for (let grown = 0; !catalogue.find(String(round)) || grown < 10; grown++) {
      await appendFile(path, 'more');
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      // Long enough to be hashed in between, and not to be quiet.
      for (let looks = 0; looks < 50; looks++) await stat(path);
    }
  }
  return longest;
}

test('a file that is written all the time is left alone until it is not', async () => {
  for (let attempt = 1; ; attempt++) {
    const folder = await folderOf({});
    const path = join(folder, 'growing');
    const { catalogue } = await catalogueOf(folder);
    const longest = await keepWriting(catalogue, folder, path);
    // Whoever writes may be kept from it as long as a file has to be quiet: then it was not written all the time.
    if (longest > 80 && attempt < 10) continue;
    expect(catalogue.names).toEqual(['0', '1', '2', '3', '4']);
    expect(catalogue.indexing.files).toMatchObject({ done: 5 });
    await expect.poll(() => catalogue.names, SOON).toContain('growing');
    expect(catalogue.find('growing')?.state.size).toBe((await stat(path)).size);
    expect(catalogue.indexing.files).toEqual({ done: 6, left: 0 });
    return;
  }
});

test('small files are offered and registered while a large one is being hashed', async () => {
  // Before and behind the large one, in whichever order they are taken.
  const small = Object.fromEntries(
    Array.from({ length: 300 }, (_, n): [string, string] => [
      `${n % 2 === 0 ? 'a' : 'z'} ${n}`,
      `text ${n}`,
    ]),
  );
  const { url } = await startRegistry();
  const folder = await folderWithEndless(small);
  const peer = await serveUnhashed(folder, { network: { url } });
  await expect.poll(() => offered(peer).then(Object.keys), SOON).toHaveLength(300);
  expect((await offered(peer))['z 7']).toBe(rootOfText('text 7'));
  const registered = async () => {
    const answer = await fetch(new URL('/api/v1/names/z%207', url));
    return answer.json();
  };
  const sources = [{ endpoint: { port: peer.port }, root: rootOfText('text 7') }];
  await expect.poll(registered, SOON).toMatchObject({ sources });
  await writeFile(join(folder, 'small too'), 'later');
  await expect.poll(() => offered(peer), SOON).toHaveProperty('small too');
  expect(peer.indexing.files).toEqual({ done: 301, left: 1 });
  expect(peer.found.files).toBe(302);
  expect((await fetch(urlOf(peer, '/files/endless'))).status).toBe(404);
});

test('requests are answered while files are hashed', async () => {
  const peer = await serveUnhashed(await folderWithEndless({ small: 'hello' }));
  await expect.poll(() => offered(peer), SOON).toHaveProperty('small');
  await expect.poll(() => peer.indexing.bytes.done, SOON).toBeGreaterThan(0);
  const before = peer.indexing.bytes.done;
  for (let request = 0; request < 30; request++)
    expect(await (await fetch(urlOf(peer, '/files/small'))).text()).toBe('hello');
  // No request waits for as much as a worker hashes in one go.
  expect(peer.indexing.bytes.done - before).toBeLessThan(30 * 32 * MiB);
  expect(peer.indexing.files.left).toBe(1);
});

test('a peer that is stopped leaves no thread behind, and keeps what it has hashed', async () => {
  const threads: Worker[] = [];
  const onWorker = (worker: Worker) => threads.push(worker);
  process.on('worker', onWorker);
  onTestFinished(() => {
    process.off('worker', onWorker);
  });
  const folder = await folderWithEndless({ small: 'hello' });
  const cacheFile = join(await temporaryFolder(), 'roots.sqlite');
  const peer = await serveUnhashed(folder, { cacheFile });
  await expect.poll(() => offered(peer), SOON).toHaveProperty('small');
  await expect.poll(() => peer.indexing.bytes.done, SOON).toBeGreaterThan(0);
  expect(threads.map(({ threadId }) => threadId)).not.toContain(-1);
  await peer.stop();
  await peer.indexed();
  expect(threads).not.toEqual([]);
  expect(new Set(threads.map(({ threadId }) => threadId))).toEqual(new Set([-1]));

  await rm(join(folder, 'endless'));
  const again = await serve(folder, { cacheFile });
  expect(Object.keys(await offered(again))).toEqual(['small']);
  expect(again.indexing.files.done).toBe(0);
});

test('a large file that goes is not hashed on', async () => {
  const folder = await folderWithEndless({});
  const peer = await serveUnhashed(folder);
  await expect.poll(() => peer.indexing.bytes.done, SOON).toBeGreaterThan(0);
  await rm(join(folder, 'endless'));
  await peer.indexed();
  const nothing = { done: 0, left: 0 };
  expect(peer.indexing).toEqual({ files: nothing, bytes: nothing });
});

test('a file that may not be read is left out until it may', async () => {
  const folder = await folderOf({ secret: 'hello', open: 'open' });
  await chmod(join(folder, 'secret'), 0);
  // Root may read everything: the peer runs as nobody then.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    const nobody = 65_534;
    await chown(folder, nobody, nobody);
    process.seteuid?.(nobody);
    onTestFinished(() => process.seteuid?.(0));
  }
  const peer = await serve(folder);
  expect(await offered(peer)).toEqual({ open: rootOfText('open') });
  expect((await fetch(urlOf(peer, '/files/secret'))).status).toBe(404);
  if (isRoot) process.seteuid?.(0);
  await chmod(join(folder, 'secret'), 0o644);
  await expect.poll(() => offered(peer), SOON).toHaveProperty('secret', rootOfText('hello'));
});

test('sp2p share says when everything is hashed, and remembers it in the folder of --cache', async () => {
  const { url } = await startRegistry();
  const folder = await folderOf({ a: 'hello', b: '!' });
  const cache = join(await temporaryFolder(), 'cache');
  const share = async () => {
    const args = ['share', folder, '--registry', url.href, '--port', '0', '--json'];
    const { process: child, ended, event } = await startSp2p([...args, '--cache', cache]);
    const indexed = await event((line) => line['event'] === 'indexed');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    return indexed;
  };
  expect(await share()).toEqual({
    event: 'indexed',
    hashed: 2,
    bytes: 6,
    seconds: expect.any(Number) as number,
  });
  expect(await readdir(cache)).toContain('roots.sqlite');
  expect(await share()).toMatchObject({ hashed: 0, bytes: 0 });
});
