// Who downloads is a source of what it has got, for as long as it runs and no longer.
import { randomBytes } from 'node:crypto';
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { contentOf, PIECE } from '../download/content-source.ts';
import { sp2p, startSp2p } from '../harness/command.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { answerTo } from '../peer/raw.ts';
import { announceFile, sourcesOf, startPatientRegistry } from './announcing.ts';
import { asked, follow } from './following.ts';
import { startLinkedSource } from './linked-source.ts';

const PIECES = 10;
const CONTENT = contentOf(randomBytes((PIECES - 1) * PIECE + 500));
const { root, bytes, layer } = CONTENT;
/** Pieces that the source sends at once; the others when it is told to. */
const FIRST = [0, 1, 2, 5];
const SOON = { timeout: 60_000, interval: 50 };

/** A registry, a source that holds back all but some pieces, and a command that gets from it. */
async function startHeldBack(flags: string[] = []) {
  const { url } = await startPatientRegistry();
  const released = Promise.withResolvers<undefined>();
  let isReleased = false;
  const source = await startLinkedSource(CONTENT, {
    holds: (piece) => isReleased || FIRST.includes(piece),
  });
  void released.promise.then(() => {
    isReleased = true;
  });
  await announceFile(url, source.endpoint, CONTENT, 'film');
  const folder = await temporaryFolder();
  const args = ['get', 'film', '--registry', url.href, '-o', folder, '--json', ...flags];
  const getter = await startSp2p(args);
  const release = async () => {
    released.resolve(undefined);
    await released.promise;
    // They are offered what there is now.
    for (const { socket } of source.followers)
      socket.send(JSON.stringify({ offer: [...Array(PIECES).keys()] }));
  };
  return { url, source, getter, folder, release };
}

/** Where a downloader is told to listen, once it is. */
async function getterAt(url: URL, others: number[]): Promise<{ port: number; complete: boolean }> {
  return vi.waitFor(async () => {
    const sources = await sourcesOf(url, root);
    const one = sources.find(({ endpoint }) => !others.includes(endpoint.port));
    if (!one) throw new Error('nobody else is told');
    return { port: one.endpoint.port, complete: one.complete };
  }, SOON);
}

async function piecesAt(port: number): Promise<unknown> {
  const { status, bytes: body } = await asked({ port }, `/contents/${root}/pieces`);
  return status === 200 ? JSON.parse(body.toString()) : status;
}

test('who downloads is told as a source in part while it runs, serves what it has, and nothing else', async () => {
  const { url, source, getter, release, folder } = await startHeldBack();
  const { port, complete } = await getterAt(url, [source.port]);
  expect(complete).toBe(false);
  expect(source.neighbours).toEqual([port]);

  await vi.waitFor(async () => {
    expect(await piecesAt(port)).toEqual({ size: bytes.length, pieces: PIECES, have: '0-2,5' });
  }, SOON);
  const range = (start: number, end: number) =>
    asked({ port }, `/contents/${root}`, { range: `bytes=${start}-${end}` });
  for (const [start, end] of [
    [0, PIECE - 1],
    [PIECE, 3 * PIECE - 1],
    [5 * PIECE + 1, 5 * PIECE + 1],
  ] as const) {
    const answer = await range(start, end);
    expect(answer.status).toBe(206);
    expect(answer.headers).toMatchObject({
      etag: `"${root}"`,
      'content-range': `bytes ${start}-${end}/${bytes.length}`,
    });
    expect(answer.bytes.equals(bytes.subarray(start, end + 1))).toBe(true);
  }
  for (const [start, end] of [
    [3 * PIECE, 4 * PIECE - 1],
    [2 * PIECE, 3 * PIECE],
    [bytes.length - 1, bytes.length - 1],
  ] as const)
    expect((await range(start, end)).status).toBe(404);
  // The whole is not there.
  expect((await asked({ port }, `/contents/${root}`)).status).toBe(404);
  const layerThere = await asked({ port }, `/contents/${root}/layer`);
  expect(layerThere.headers['sp2p-size']).toBe(String(bytes.length));
  expect(layerThere.bytes.equals(layer)).toBe(true);

  // No names: they are for those who offer them.
  expect((await asked({ port }, '/files/film')).status).toBe(404);
  expect(JSON.parse((await asked({ port }, '/')).bytes.toString())).toMatchObject({ files: [] });
  for (const line of ['film\n', `${root}\n`, '/etc/passwd\n']) {
    const { bytes: answered, ending } = await answerTo({ port }, line);
    expect({ answered: answered.toString(), ending }).toEqual({ answered: '', ending: 'FIN' });
  }
  const other = 'ab'.repeat(32);
  expect((await asked({ port }, `/contents/${other}/layer`)).status).toBe(404);
  await expect(follow({ port }, other)).rejects.toThrow('refused with 404');

  const link = await follow({ port }, root);
  link.say({ have: '' });
  await link.hasOffers(1);
  expect(link.offers.flat().every((piece) => FIRST.includes(piece))).toBe(true);

  await release();
  expect(await getter.ended).toMatchObject({ code: 0, stderr: '' });
  expect((await readFile(join(folder, 'film'))).equals(bytes)).toBe(true);
  await link.closed;
  expect(await sourcesOf(url, root)).toEqual([{ endpoint: source.endpoint, complete: true }]);
}, 120_000);

test('a source that is told of a piece that has just come is offered on', async () => {
  const { url, source, release } = await startHeldBack();
  const { port } = await getterAt(url, [source.port]);
  const link = await follow({ port }, root);
  link.say({ have: '0-2,5' });
  await release();
  await link.hasOffers(1);
  expect(FIRST).not.toContain(link.offers[0]?.[0]);
}, 120_000);

test('who downloads and is interrupted is told no more', async () => {
  const { url, source, getter } = await startHeldBack();
  await getterAt(url, [source.port]);
  getter.process.kill('SIGINT');
  const { code, stderr } = await getter.ended;
  expect({ code, stderr }).toEqual({
    code: 130,
    stderr: expect.stringContaining('are kept; the same command goes on from there') as string,
  });
  expect(await sourcesOf(url, root)).toEqual([{ endpoint: source.endpoint, complete: true }]);
}, 120_000);

test('who goes on with what was kept serves that, too, from the beginning', async () => {
  const first = await startHeldBack();
  await getterAt(first.url, [first.source.port]);
  await vi.waitFor(() => {
    expect(first.source.asked).toHaveLength(FIRST.length);
  }, SOON);
  // Told of the last one: all are stored.
  await vi.waitFor(() => {
    expect([...first.source.followers].map(({ has }) => has.size)).toEqual([FIRST.length]);
  }, SOON);
  first.getter.process.kill('SIGKILL');
  await first.getter.ended;
  await first.source.vanish();

  const { url } = await startPatientRegistry();
  const nothing = await startLinkedSource(CONTENT, { holds: () => false });
  await announceFile(url, nothing.endpoint, CONTENT, 'film');
  await startSp2p(['get', 'film', '--registry', url.href, '-o', first.folder, '--json']);
  const { port } = await getterAt(url, [nothing.port]);
  await vi.waitFor(async () => {
    expect(await piecesAt(port)).toMatchObject({ have: '0-2,5' });
  }, SOON);
  const piece = await asked({ port }, `/contents/${root}`, { range: `bytes=0-${PIECE - 1}` });
  expect(piece.bytes.equals(bytes.subarray(0, PIECE))).toBe(true);
}, 120_000);

test('--no-share opens no port and is never told as a source', async () => {
  const { url, source, getter, release, folder } = await startHeldBack(['--no-share']);
  await vi.waitFor(() => {
    expect([...source.followers].map(({ has }) => has.size)).toEqual([FIRST.length]);
  }, SOON);
  expect(source.neighbours).toEqual([undefined]);
  expect(await listeningOf(getter.process.pid)).toEqual([]);
  expect(await sourcesOf(url, root)).toEqual([{ endpoint: source.endpoint, complete: true }]);
  await release();
  expect(await getter.ended).toMatchObject({ code: 0, stderr: '' });
  expect((await readFile(join(folder, 'film'))).equals(bytes)).toBe(true);
}, 120_000);

test('--listen names the port; one that is taken is said', async () => {
  const { url, source, getter } = await startHeldBack(['--listen', '0']);
  const { port } = await getterAt(url, [source.port]);
  expect(await listeningOf(getter.process.pid)).toEqual([port]);
  const folder = await temporaryFolder();
  const args = ['get', 'film', '--registry', url.href, '-o', folder, '--listen', String(port)];
  const { code, stderr } = await sp2p(args);
  expect(code).toBe(1);
  expect(stderr).toContain('[port-taken]');
}, 120_000);

test('--seed serves the whole on, to others when the share is gone, until it is interrupted', async () => {
  const { url, source, getter, folder, release } = await startHeldBack(['--seed', '5']);
  const { port } = await getterAt(url, [source.port]);
  await release();
  await getter.event(({ verified }) => verified === true);
  await vi.waitFor(async () => {
    expect(await getterAt(url, [source.port])).toEqual({ port, complete: true });
  }, SOON);
  await source.vanish();
  await rm(join(folder, 'film'));

  const other = await temporaryFolder();
  const args = ['get', '--root', root, '--registry', url.href, '-o', join(other, 'copy'), '--json'];
  const second = await sp2p(args);
  expect(second).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(second.stdout.toString())).toMatchObject({
    verified: true,
    sources: [{ endpoint: `127.0.0.1:${port}`, bytes: bytes.length }],
  });
  expect((await readFile(join(other, 'copy'))).equals(bytes)).toBe(true);

  getter.process.kill('SIGINT');
  expect(await getter.ended).toMatchObject({ code: 0 });
  const told = (await sourcesOf(url, root)).map(({ endpoint }) => endpoint.port);
  expect(told).not.toContain(port);
}, 120_000);

/** The TCP ports on which a process of Linux listens. */
async function listeningOf(pid = 0): Promise<number[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')),
  );
  const inodes = await socketsOf(pid);
  return tables
    .flatMap((table) => table.trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && inodes.has(fields[9] ?? ''))
    .map((fields) => parseInt(fields[1]?.split(':').at(-1) ?? '', 16));
}

async function socketsOf(pid: number): Promise<Set<string>> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(folder)).map((name) => readlink(join(folder, name)).catch(() => '')),
  );
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}
