// A download that runs in a peer is served on the peer's own port, and told under the peer's own lease.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import { NativeRegistry } from '../../src/client/registry-client.ts';
import { contentOf, PIECE } from '../download/content-source.ts';
import { startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { announceFile, sourcesOf, startPatientRegistry } from '../swarm/announcing.ts';
import { startLinkedSource } from '../swarm/linked-source.ts';
import { downloadOf, SOON, startDownloading, untilDownload } from './desk.ts';

const bytes = randomBytes(8 * PIECE);
const CONTENT = contentOf(bytes);
const { root } = CONTENT;

/** Holds back all but the first pieces until it is released. */
async function startHeldBackSource(pieces: number) {
  const release = Promise.withResolvers<undefined>();
  const source = await startLinkedSource(CONTENT, {
    offers: ({ has }) =>
      Array.from({ length: 8 }, (_, piece) => piece).filter((piece) => !has.has(piece)),
    answers: async (honest, piece) => {
      if (piece >= pieces && piece !== 7) await release.promise;
      return honest;
    },
  });
  return {
    source,
    release: () => {
      release.resolve(undefined);
    },
  };
}

test('what has come is served on the port of the peer, which is a source in part, then none of a name', async () => {
  const { url } = await startPatientRegistry();
  const { source, release } = await startHeldBackSource(3);
  await announceFile(url, source.endpoint, CONTENT, 'films/a film');
  const shared = await folderOf({ 'own.txt': 'own' });
  const { peer, desk, downloadFolder } = await startDownloading(url, { shares: [shared] });
  const own = { ipAddress: '127.0.0.1', port: peer.port };

  const { id } = await desk.addDownload({ root, name: 'films/a film', size: bytes.length });
  await vi.waitFor(async () => {
    expect(await sourcesOf(url, root)).toContainEqual({ endpoint: own, complete: false });
  }, SOON);
  expect(source.neighbours).toEqual([peer.port]);
  const { peers } = await new NativeRegistry({ url }).peers(10);
  expect(peers.filter(({ endpoint }) => endpoint.port === peer.port)).toHaveLength(1);
  expect(peers).toHaveLength(2);
  const piece = await fetch(`http://127.0.0.1:${peer.port}/contents/${root}`, {
    headers: { range: `bytes=0-${PIECE - 1}` },
  });
  expect(Buffer.from(await piece.arrayBuffer()).equals(bytes.subarray(0, PIECE))).toBe(true);
  const named = await fetch(`http://127.0.0.1:${peer.port}/files/own.txt`);
  expect(await named.text()).toBe('own');

  release();
  const done = await untilDownload(desk, id, ({ state }) => state === 'done');
  expect(done).toMatchObject({
    have: bytes.length,
    size: bytes.length,
    path: join(downloadFolder, 'a film'),
  });
  expect((await readFile(done.path)).equals(bytes)).toBe(true);
  // Its folder is no share.
  await vi.waitFor(async () => {
    expect(await sourcesOf(url, root)).not.toContainEqual(
      expect.objectContaining({ endpoint: own }),
    );
  }, SOON);
}, 60_000);

test('a finished file in a share is the whole to others at every moment, and then offered by its name', async () => {
  const { url } = await startPatientRegistry();
  const { source, release } = await startHeldBackSource(3);
  await announceFile(url, source.endpoint, CONTENT, 'film');
  const folder = await temporaryFolder();
  const { peer, desk } = await startDownloading(url, { shares: [folder], downloadFolder: folder });
  const { id } = await desk.addDownload({ root, name: 'film' });
  const own = { ipAddress: '127.0.0.1', port: peer.port };
  const asked = async () => {
    const { status } = await fetch(`http://127.0.0.1:${peer.port}/contents/${root}`, {
      headers: { range: 'bytes=0-9' },
    });
    const listed = (await sourcesOf(url, root)).some(({ endpoint }) => endpoint.port === peer.port);
    return { status, listed };
  };
  await vi.waitFor(async () => {
    expect(await asked()).toEqual({ status: 206, listed: true });
  }, SOON);
  release();
  // Until it is offered by its name nothing of it is missing in between.
  for (let isNamed = false; !isNamed;) {
    expect(await asked()).toEqual({ status: 206, listed: true });
    const { sources } = await new NativeRegistry({ url }).lookUp('film');
    isNamed = sources.some(({ endpoint }) => endpoint.port === peer.port);
  }
  await untilDownload(desk, id, ({ state }) => state === 'done');
  await vi.waitFor(async () => {
    expect(await sourcesOf(url, root)).toContainEqual({ endpoint: own, complete: true });
  }, SOON);
  expect(desk.state.shares).toMatchObject([{ isDownloads: true, files: 1, bytes: bytes.length }]);
}, 60_000);

test('a registry that has forgotten everything is told again of what is being downloaded', async () => {
  const before = await startRegistry({ leaseSeconds: 3 });
  const { source } = await startHeldBackSource(2);
  await announceFile(before.url, source.endpoint, CONTENT, 'film');
  const { peer, desk } = await startDownloading(before.url);
  await desk.addDownload({ root, name: 'film' });
  const own = { endpoint: { ipAddress: '127.0.0.1', port: peer.port }, complete: false };
  await vi.waitFor(async () => {
    expect(await sourcesOf(before.url, root)).toContainEqual(own);
  }, SOON);
  await before.registry.stop();
  await vi.waitFor(() => {
    expect(desk.state.peer.registry).toMatchObject({
      at: 'away',
      fault: { code: 'registry-unreachable' },
    });
  }, SOON);
  const { url } = await startRegistry({ leaseSeconds: 3, port: before.port });
  await vi.waitFor(async () => {
    expect(await sourcesOf(url, root)).toContainEqual(own);
  }, SOON);
  expect(desk.state.peer.registry).toMatchObject({
    at: 'announced',
    contract: 'native',
    fault: null,
  });
}, 60_000);

test('two downloaders get from each other, each on its own port, and see who sends what', async () => {
  const { url } = await startPatientRegistry();
  const seed = await startDownloading(url, {
    shares: [await folderOf({ film: bytes })],
    uploadLimit: new RateLimit(2 * 1024 * 1024),
  });
  const [a, b] = [await startDownloading(url), await startDownloading(url)];
  const wanted = { root, name: 'film', size: bytes.length };
  const [{ id: first }, { id: second }] = [
    await a.desk.addDownload(wanted),
    await b.desk.addDownload(wanted),
  ];
  await vi.waitFor(() => {
    const [upload] = seed.desk.state.uploads;
    expect(upload).toMatchObject({ name: 'film', root });
    expect([a.peer.port, b.peer.port].map((port) => `127.0.0.1:${port}`)).toContain(upload?.to);
    expect(upload?.rate).toBeGreaterThan(0);
  }, SOON);
  const done = await untilDownload(a.desk, first, ({ state }) => state === 'done');
  await untilDownload(b.desk, second, ({ state }) => state === 'done');
  expect(done.sources.reduce((sum, source) => sum + source.bytes, 0)).toBe(bytes.length);
  const sent = seed.desk.state.peer.sent;
  const { offered } = seed.desk.offered('FIL', '', 10);
  expect(offered).toMatchObject([
    { name: 'film', root, sent, fetched: Math.floor(sent / bytes.length) },
  ]);
  expect(a.desk.state.peer.received).toBeGreaterThanOrEqual(bytes.length);
  expect(downloadOf(a.desk, first)).toMatchObject({ rate: 0, secondsLeft: null, fault: null });
}, 60_000);
