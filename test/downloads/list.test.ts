// The list of downloads: it survives the peer, what was verified is not fetched twice, and nothing that goes
// wrong on the way is the end of it.
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { NativeRegistry } from '../../src/client/registry-client.ts';
import { ownIdentity } from '../../src/peer/own-identity.ts';
import { contentOf, PIECE, startContentSource } from '../download/content-source.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { announceFile, startPatientRegistry } from '../swarm/announcing.ts';
import { downloadOf, SOON, startDownloading, untilDownload } from './desk.ts';

const bytes = randomBytes(6 * PIECE);
const CONTENT = contentOf(bytes);
const { root } = CONTENT;

/** A registry where a slow source is told, so that a download of it takes a while. */
async function startSlow(rate = 1_500_000) {
  const { url } = await startPatientRegistry();
  const source = await startContentSource(CONTENT, { rate });
  await announceFile(url, source.endpoint, CONTENT, 'film');
  return { url, source };
}

async function keptIn(dataFolder: string): Promise<{ have: number }[]> {
  const text = await readFile(join(dataFolder, 'downloads.json'), 'utf8');
  return (JSON.parse(text) as { downloads: { have: number }[] }).downloads;
}

test('what is paused, and what runs when the peer ends, goes on after it, without a verified piece twice', async () => {
  const { url, source } = await startSlow();
  const first = await startDownloading(url);
  const { id } = await first.desk.addDownload({ root, name: 'film', size: bytes.length });
  await untilDownload(first.desk, id, ({ have }) => have >= 2 * PIECE);
  await first.desk.changeDownload(id, { state: 'paused' });
  const paused = await untilDownload(
    first.desk,
    id,
    ({ state, rate }) => state === 'paused' && rate === 0,
  );
  expect(paused.have).toBeGreaterThanOrEqual(2 * PIECE);
  await first.peer.stop();

  const second = await startDownloading(url, first);
  expect(downloadOf(second.desk, id)).toMatchObject({
    state: 'paused',
    have: paused.have,
    size: bytes.length,
  });
  await second.desk.changeDownload(id, { state: 'running' });
  await untilDownload(
    second.desk,
    id,
    ({ state, have }) => state === 'running' && have > paused.have,
  );
  await second.peer.stop();

  const { have } = (await keptIn(first.dataFolder))[0] ?? {};
  expect(have).toBeGreaterThan(paused.have);
  const third = await startDownloading(url, first);
  expect(downloadOf(third.desk, id)).toMatchObject({
    state: expect.stringMatching('running|waiting') as string,
  });
  const done = await untilDownload(third.desk, id, ({ state }) => state === 'done');
  expect((await readFile(done.path)).equals(bytes)).toBe(true);
  expect(done.sources).toMatchObject([{ endpoint: source.key, bytes: bytes.length - (have ?? 0) }]);
  // Nothing else is left there.
  expect(await readdir(third.downloadFolder)).toEqual(['film']);
  await third.peer.stop();

  const fourth = await startDownloading(url, first);
  expect(downloadOf(fourth.desk, id)).toMatchObject({ state: 'done', have: bytes.length });
  expect(fourth.desk.followPieces(id, () => undefined).pieces).toEqual({
    count: 6,
    sources: [],
    runs: [[0, 6, -1]],
  });
}, 90_000);

test('a cancelled download leaves nothing behind, a finished file stays', async () => {
  const { url } = await startSlow();
  const { desk, downloadFolder } = await startDownloading(url);
  const { id } = await desk.addDownload({ root, name: 'film' });
  await untilDownload(desk, id, ({ have }) => have > 0);
  await desk.removeDownload(id);
  expect(desk.state.downloads).toEqual([]);
  expect(await readdir(downloadFolder)).toEqual([]);
  await expect(desk.removeDownload(id)).rejects.toMatchObject({ code: 'not-found' });

  const { id: next } = await desk.addDownload({ root, name: 'film' });
  await untilDownload(desk, next, ({ state }) => state === 'done');
  await desk.removeDownload(next);
  expect(await readdir(downloadFolder)).toEqual(['film']);
}, 60_000);

describe('where a file is already', () => {
  test('another one is left alone, and the new one gets a free name', async () => {
    const { url } = await startSlow(Infinity);
    const downloadFolder = await folderOf({ 'film.mkv': 'another', 'film (2).mkv': 'one more' });
    const { desk } = await startDownloading(url, { downloadFolder });
    const { id } = await desk.addDownload({ root, name: 'films/film.mkv' });
    const { path } = await untilDownload(desk, id, ({ state }) => state === 'done');
    expect(path).toBe(join(downloadFolder, 'film (3).mkv'));
    expect(await readFile(join(downloadFolder, 'film.mkv'), 'utf8')).toBe('another');
    expect((await readFile(path)).equals(bytes)).toBe(true);
  }, 60_000);

  test('that is that very content, nothing is fetched', async () => {
    const { url, source } = await startSlow();
    const downloadFolder = await folderOf({ film: bytes });
    const { desk } = await startDownloading(url, { downloadFolder });
    const { id } = await desk.addDownload({ root, name: 'film' });
    const { path } = await untilDownload(desk, id, ({ state }) => state === 'done');
    expect(path).toBe(join(downloadFolder, 'film'));
    expect(source.asked).toEqual([]);
  }, 60_000);

  test('that came while it was fetched, it gets a free name', async () => {
    const { url } = await startSlow();
    const { desk, downloadFolder } = await startDownloading(url);
    const { id } = await desk.addDownload({ root, name: 'film' });
    await untilDownload(desk, id, ({ have }) => have > 0);
    await writeFile(join(downloadFolder, 'film'), 'another');
    const { path } = await untilDownload(desk, id, ({ state }) => state === 'done');
    expect(path).toBe(join(downloadFolder, 'film (2)'));
    expect(await readFile(join(downloadFolder, 'film'), 'utf8')).toBe('another');
  }, 60_000);

  test('that came while it was paused, what was fetched is kept', async () => {
    const { url, source } = await startSlow();
    const { desk, downloadFolder } = await startDownloading(url);
    const { id } = await desk.addDownload({ root, name: 'film' });
    await untilDownload(desk, id, ({ have }) => have >= 3 * PIECE);
    await desk.changeDownload(id, { state: 'paused' });
    await vi.waitFor(async () => {
      expect((await readdir(downloadFolder)).some((name) => name.endsWith('lock'))).toBe(false);
    }, SOON);
    await writeFile(join(downloadFolder, 'film'), 'another');
    const asked = source.asked.length;
    const { pieces, stop } = desk.followPieces(id, () => undefined);
    stop();
    const kept = (pieces?.runs ?? []).flatMap(([first, count]) =>
      Array.from({ length: count }, (_, index) => first + index),
    );
    expect(kept.length).toBeGreaterThanOrEqual(3);
    await desk.changeDownload(id, { state: 'running' });
    const { path } = await untilDownload(desk, id, ({ state }) => state === 'done');
    expect(path).toBe(join(downloadFolder, 'film (2)'));
    // The last piece may be asked for once more, as the proof of the size (docs/decisions/0006).
    const askedAgain = kept.filter((piece) => source.asked.slice(asked).includes(piece));
    expect(askedAgain.length).toBeLessThanOrEqual(1);
  }, 60_000);
});

test('a download folder that vanishes is said, and the download goes on when it is back', async () => {
  const { url } = await startSlow(200_000);
  const { desk, downloadFolder } = await startDownloading(url);
  const { id } = await desk.addDownload({ root, name: 'film' });
  await untilDownload(desk, id, ({ have }) => have > 0);
  await rename(downloadFolder, `${downloadFolder}-away`);
  const failed = await untilDownload(desk, id, ({ state }) => state === 'failed');
  expect(failed.fault).toMatchObject({ code: 'cannot-write' });
  await rename(`${downloadFolder}-away`, downloadFolder);
  const again = await untilDownload(desk, id, ({ state }) => state === 'running');
  expect(again.fault).toBeNull();
  expect(again.have).toBeGreaterThan(0);
}, 60_000);

test('where nobody has it, or the registry is away, it waits and goes on by itself', async () => {
  const { registry, url, port } = await startRegistry();
  const { desk } = await startDownloading(url);
  const { id } = await desk.addDownload({ root, name: 'film' });
  const waiting = await untilDownload(desk, id, ({ fault }) => fault !== null);
  expect(waiting).toMatchObject({ state: 'waiting', fault: { code: 'no-source' } });
  await registry.stop();
  await untilDownload(desk, id, ({ fault }) => fault?.code === 'registry-unreachable');
  const back = await startRegistry({ port });
  await startPeer({
    shares: [await folderOf({ 'under another name': bytes })],
    registry: back.url,
  });
  await untilDownload(desk, id, ({ state }) => state === 'done');
}, 60_000);

test('a source that sends what is wrong is dropped and named', async () => {
  const { url } = await startSlow();
  const corrupt = await startContentSource(CONTENT, {
    answers: (honest, { piece }) =>
      piece === 'layer' ? honest : { ...honest, body: Buffer.alloc(honest.body.length) },
  });
  await announceFile(url, corrupt.endpoint, CONTENT, 'the same film');
  const { desk } = await startDownloading(url);
  const { id } = await desk.addDownload({ root, name: 'film', size: bytes.length });
  const done = await untilDownload(desk, id, ({ state }) => state === 'done');
  expect(done.dropped).toEqual([
    { endpoint: corrupt.key, reason: expect.stringContaining('bad-piece') as string },
  ]);
}, 60_000);

test('so many run at once, those of high priority first', async () => {
  const { url } = await startPatientRegistry();
  const contents = Array.from({ length: 4 }, () => contentOf(randomBytes(2 * PIECE)));
  for (const [index, content] of contents.entries()) {
    const source = await startContentSource(content, { rate: 100_000 });
    await announceFile(url, source.endpoint, content, `film ${index}`);
  }
  const { desk, downloadFolder } = await startDownloading(url);
  await desk.setSettings({ downloadFolder, atOnce: 2 });
  const ids: string[] = [];
  for (const [index, content] of contents.entries())
    ids.push((await desk.addDownload({ root: content.root, name: `film ${index}` })).id);
  const states = () => desk.state.downloads.map(({ state }) => state);
  await vi.waitFor(() => {
    expect(states()).toEqual(['running', 'running', 'waiting', 'waiting']);
  }, SOON);
  await desk.changeDownload(ids[3] ?? '', { priority: 'high' });
  await vi.waitFor(() => {
    expect(states()).toEqual(['running', 'waiting', 'waiting', 'running']);
  }, SOON);
  await desk.setSettings({ downloadFolder, atOnce: 4 });
  await vi.waitFor(() => {
    expect(states()).toEqual(['running', 'running', 'running', 'running']);
  }, SOON);
}, 60_000);

test('names of strangers never lead out of the folder, and what is no name is refused', async () => {
  const { url } = await startSlow();
  const { desk, downloadFolder } = await startDownloading(url);
  const { path, id } = await desk.addDownload({ root, name: 'a/b/film' });
  expect(path).toBe(join(downloadFolder, 'film'));
  expect((await desk.addDownload({ root, name: 'under another name' })).id).toBe(id);
  const other = 'ab'.repeat(32);
  for (const name of ['../film', '/etc/passwd', 'a\nb', 'x'.repeat(300)])
    await expect(desk.addDownload({ root: other, name })).rejects.toMatchObject({
      code: name.startsWith('x') ? 'unsafe-file-name' : 'bad-name',
    });
  await expect(
    desk.addDownload({ root: other, name: 'film', folder: 'relative' }),
  ).rejects.toMatchObject({ code: 'bad-request' });
}, 60_000);

describe('what is kept', () => {
  test('is for its owner alone, and broken it is put aside', async () => {
    const { url } = await startSlow();
    const first = await startDownloading(url);
    await first.desk.addDownload({ root, name: 'film' });
    await first.desk.setLimits({ maxUpload: 100_000, maxDownload: null });
    const file = join(first.dataFolder, 'downloads.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await first.peer.stop();
    const good = await readFile(file, 'utf8');
    for (const broken of [
      '',
      '{',
      '[]',
      good.replace(root, 'no root'),
      good.replace('"film"', '5'),
    ]) {
      await writeFile(file, broken);
      const peer = await startDownloading(url, first);
      expect(peer.desk.state.downloads).toEqual([]);
      expect(peer.desk.state.limits).toEqual({ maxUpload: 100_000, maxDownload: null });
      expect(await readFile(`${file}.broken`, 'utf8')).toBe(broken);
      await peer.peer.stop();
    }
  }, 60_000);

  test('is of one peer at a time', async () => {
    const { url } = await startPatientRegistry();
    const { peer, dataFolder } = await startDownloading(url);
    await expect(startDownloading(url, { dataFolder })).rejects.toMatchObject({
      code: 'data-in-use',
    });
    await peer.stop();
    await startDownloading(url, { dataFolder });
  }, 60_000);

  test('are the settings, too; a folder that cannot be made is refused', async () => {
    const { url } = await startPatientRegistry();
    const first = await startDownloading(url);
    const folder = join(await temporaryFolder(), 'new', 'folder');
    await first.desk.setSettings({ downloadFolder: folder, atOnce: 7 });
    expect((await stat(folder)).isDirectory()).toBe(true);
    const inFile = join(await folderOf({ file: '' }), 'file', 'folder');
    await expect(
      first.desk.setSettings({ downloadFolder: inFile, atOnce: 1 }),
    ).rejects.toMatchObject({ code: 'cannot-write' });
    await first.peer.stop();
    const second = await startDownloading(url, first);
    expect(second.desk.state.settings).toEqual({ downloadFolder: folder, atOnce: 7 });
  }, 60_000);
});

test('what this machine shares itself is not fetched: it is said where it is', async () => {
  const { url } = await startRegistry();
  const folder = await folderOf({ 'a film': bytes });
  const { desk } = await startDownloading(url, { shares: [folder] });
  await expect(desk.addDownload({ root, name: 'film' })).rejects.toMatchObject({
    code: 'file-exists',
    facts: { path: join(folder, 'a film') },
  });
  expect(desk.state.downloads).toEqual([]);
  // One that has changed meanwhile is not that content any more.
  await writeFile(join(folder, 'a film'), 'another one');
  await expect(desk.addDownload({ root, name: 'film' })).resolves.toMatchObject({ root });
});

test('where a peer was before it was killed is no source for it when it is there again', async () => {
  const { url, source } = await startSlow(Infinity);
  const first = await startDownloading(url);
  await first.peer.stop();
  // What a kill leaves at the registry.
  const former = new NativeRegistry({ url }).as(await ownIdentity(first.dataFolder));
  await former.announce({ ipAddress: '127.0.0.1', port: 9 });
  await former.holdContent(root, false);
  const told = { root, name: 'film', size: bytes.length };
  await writeFile(
    join(first.dataFolder, 'downloads.json'),
    JSON.stringify({
      version: 1,
      downloads: [
        {
          ...{
            id: '0'.repeat(16),
            name: told.name,
            root,
            path: join(first.downloadFolder, 'film'),
          },
          ...{ priority: 'normal', sequential: false, toldSize: told.size, size: null, have: 0 },
          ...{ state: 'waiting', addedAt: 1, finishedAt: null, fault: null },
        },
      ],
    }),
  );
  const second = await startDownloading(url, first);
  const done = await untilDownload(second.desk, '0'.repeat(16), ({ state }) => state === 'done');
  expect(done.dropped).toEqual([]);
  expect(done.sources).toMatchObject([{ endpoint: source.key }]);
});
