// Who follows a download sees where each piece is from; who reads one that is under way gets its bytes in
// order, those that are wanted first.
import { randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import type { PiecesChange } from '../../src/protocol/control.ts';
import { contentOf, PIECE, startContentSource, type Answer } from '../download/content-source.ts';
import { announceFile, startPatientRegistry } from '../swarm/announcing.ts';
import { startLinkedSource } from '../swarm/linked-source.ts';
import { SOON, startDownloading, untilDownload } from './desk.ts';

const bytes = randomBytes(10 * PIECE);
const CONTENT = contentOf(bytes);
const { root } = CONTENT;
const WANTED = { root, name: 'film', size: bytes.length };

const never = new AbortController().signal;

async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

test('who follows is told once of each piece, who sent it, and who is sending what', async () => {
  const { url } = await startPatientRegistry();
  const source = await startContentSource(CONTENT, { rate: 2_000_000 });
  const { desk } = await startDownloading(url);
  const { id } = await desk.addDownload(WANTED);
  const changes: PiecesChange[] = [];
  const { pieces, stop } = desk.followPieces(id, (change) => changes.push(change));
  expect(pieces).toBeUndefined();
  await announceFile(url, source.endpoint, CONTENT, 'film');
  await untilDownload(desk, id, ({ state }) => state === 'done');
  const arrived = () => changes.flatMap((change) => change.arrived.map(([piece]) => piece));
  await vi.waitFor(() => {
    expect(arrived().sort((a, b) => a - b)).toEqual([...Array(10).keys()]);
  }, SOON);
  stop();
  expect(changes.every(({ sources }) => sources.every((each) => each === source.key))).toBe(true);
  expect(changes.some(({ underWay }) => underWay.length > 0)).toBe(true);
  expect(changes.at(-1)?.underWay).toEqual([]);
  const late = desk.followPieces(id, () => undefined);
  late.stop();
  expect(late.pieces).toEqual({ count: 10, sources: [source.key], runs: [[0, 10, 0]] });
  expect(() => desk.followPieces('0'.repeat(16), () => undefined)).toThrow('no such download');
}, 60_000);

test('a range that is read while it comes comes first, from sources with and without links', async () => {
  for (const isLinked of [false, true]) {
    const { url } = await startPatientRegistry();
    const held = Promise.withResolvers<undefined>();
    const holdsBack = async (honest: Answer, piece: number | 'layer') => {
      if (piece !== 'layer' && piece >= 3 && piece < 6) await held.promise;
      return honest;
    };
    const source = isLinked
      ? await startLinkedSource(CONTENT, { answers: holdsBack })
      : await startContentSource(CONTENT, {
          answers: (honest, { piece }) => holdsBack(honest, piece),
        });
    await announceFile(url, source.endpoint, CONTENT, 'film');
    const { desk } = await startDownloading(url);
    const { id } = await desk.addDownload(WANTED);
    await untilDownload(desk, id, ({ size }) => size !== null);
    const content = await desk.readDownload(id);
    expect(content).toMatchObject({ name: 'film', size: bytes.length });
    const reading = gathered(content.read(7 * PIECE + 5, 9 * PIECE + 1, never));
    held.resolve(undefined);
    expect((await reading).equals(bytes.subarray(7 * PIECE + 5, 9 * PIECE + 2))).toBe(true);
    await untilDownload(desk, id, ({ state }) => state === 'done');
    // It is read from the file now.
    const whole = await gathered((await desk.readDownload(id)).read(0, bytes.length - 1, never));
    expect(whole.equals(bytes)).toBe(true);
  }
}, 60_000);

test('pieces near what is read are asked for before those that come first in the content', async () => {
  const { url } = await startPatientRegistry();
  const source = await startContentSource(CONTENT, { rate: 1_000_000 });
  await announceFile(url, source.endpoint, CONTENT, 'film');
  const { desk } = await startDownloading(url);
  const { id } = await desk.addDownload(WANTED);
  await untilDownload(desk, id, ({ size }) => size !== null);
  const content = await desk.readDownload(id);
  await gathered(content.read(8 * PIECE, 8 * PIECE, never));
  const asked = source.asked.filter((each) => each !== 'layer');
  expect(asked.indexOf(8)).toBeLessThanOrEqual(4);
}, 60_000);

test('reading ends with an error when the download is paused, or nobody reads any more', async () => {
  const { url } = await startPatientRegistry();
  const source = await startContentSource(CONTENT, { rate: 100_000 });
  const { desk } = await startDownloading(url);
  const { id } = await desk.addDownload(WANTED);
  await expect(desk.readDownload(id)).rejects.toMatchObject({ code: 'not-ready' });
  await announceFile(url, source.endpoint, CONTENT, 'film');
  await untilDownload(desk, id, ({ size }) => size !== null);
  const content = await desk.readDownload(id);
  const leaving = new AbortController();
  const left = gathered(content.read(0, bytes.length - 1, leaving.signal));
  const stopped = gathered(content.read(0, bytes.length - 1, never));
  const expected = [
    expect(left).rejects.toMatchObject({ code: 'interrupted' }),
    expect(stopped).rejects.toMatchObject({ code: 'not-ready' }),
  ];
  leaving.abort();
  await expected[0];
  await desk.changeDownload(id, { state: 'paused' });
  await Promise.all(expected);
}, 60_000);

test('in order can be switched on while it runs', async () => {
  const { url } = await startPatientRegistry();
  const release = Promise.withResolvers<undefined>();
  const source = await startLinkedSource(CONTENT, {
    answers: async (honest) => {
      await release.promise;
      return honest;
    },
  });
  await announceFile(url, source.endpoint, CONTENT, 'film');
  const { desk } = await startDownloading(url);
  const { id } = await desk.addDownload(WANTED);
  const readsAt = () => [...source.followers].map((follower) => follower.readsAt);
  await vi.waitFor(() => {
    expect(readsAt()).toEqual([undefined]);
  }, SOON);
  await untilDownload(desk, id, ({ size }) => size !== null);
  await desk.changeDownload(id, { sequential: true });
  await vi.waitFor(() => {
    expect(readsAt()).toEqual([0]);
  }, SOON);
  await desk.changeDownload(id, { sequential: false });
  await vi.waitFor(() => {
    expect(readsAt()).toEqual([undefined]);
  }, SOON);
  release.resolve(undefined);
}, 60_000);
