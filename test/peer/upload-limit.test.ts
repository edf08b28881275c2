// A peer sends no more than its owner allows, whatever is asked of it, and everything it sends is right.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import type { PeerOptions } from '../../src/peer/peer.ts';
import { folderOf } from '../harness/temporary.ts';
import { answerTo, connected, firstBytes, received } from './raw.ts';
import { serve, urlOf } from './serving.ts';

const BYTES = randomBytes(700_000);
const LINE = 'GET a.bin\r\n';
const HTTP = 'GET /files/a.bin HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';
const VOICES = { line: LINE, HTTP };

async function limited(bytesPerSecond: number, options: Partial<PeerOptions> = {}) {
  const uploadLimit = new RateLimit(bytesPerSecond);
  const peer = await serve(await folderOf({ 'a.bin': BYTES }), { ...options, uploadLimit });
  return { peer, uploadLimit };
}

/** What came behind the head, where there is one. */
function bodyOf(bytes: Buffer): Buffer {
  return bytes.subarray(bytes.indexOf('\r\n\r\n') === -1 ? 0 : bytes.indexOf('\r\n\r\n') + 4);
}

test.each(Object.entries(VOICES))('the %s voice sends it whole and right', async (_, request) => {
  const { peer } = await limited(2_000_000);
  const answers = await Promise.all([answerTo(peer, request), answerTo(peer, request)]);
  for (const { bytes, ending } of answers) {
    expect(ending).toBe('FIN');
    // The line voice has no head to look for.
    expect((request === LINE ? bytes : bodyOf(bytes)).equals(BYTES)).toBe(true);
  }
});

test.each(Object.entries(VOICES))(
  'the %s voice waits for longer than a stalled reader may, and goes on once it is allowed to',
  async (_, request) => {
    const { peer, uploadLimit } = await limited(1, {
      stalledAfterMs: 400,
      openingTimeoutMs: 2_000,
    });
    const socket = await connected(peer);
    socket.write(request);
    const first = await firstBytes(socket);
    expect(first.length).toBeLessThan(3_000);
    const rest = received(socket);
    // Who never says what it wants is cut meanwhile, which takes five times as long as a stall.
    expect((await answerTo(peer, 'GET')).bytes.length).toBe(0);
    uploadLimit.bytesPerSecond = Infinity;
    const { bytes, ending } = await rest;
    expect(ending).toBe('FIN');
    const all = Buffer.concat([first, bytes]);
    expect((request === LINE ? all : bodyOf(all)).equals(BYTES)).toBe(true);
  },
);

test('who goes away while waiting leaves the line to the others', async () => {
  const { peer, uploadLimit } = await limited(1);
  const leaving = await connected(peer);
  leaving.write(LINE);
  await firstBytes(leaving);
  const staying = await connected(peer);
  staying.write(HTTP);
  await firstBytes(staying);
  leaving.resetAndDestroy();
  const rest = received(staying);
  uploadLimit.bytesPerSecond = 5_000_000;
  expect((await rest).ending).toBe('FIN');
  await expect.poll(() => uploadLimit.isHoldingUp, { timeout: 20_000 }).toBe(false);
});

test('a connection beyond those that are allowed is closed, and another one may come in its place', async () => {
  const peer = await serve(await folderOf({ 'a.bin': BYTES }), { maxConnections: 1 });
  const first = await connected(peer);
  const second = await connected(peer);
  expect((await received(second)).bytes.length).toBe(0);
  first.destroy();
  await once(first, 'close');
  await expect
    .poll(async () => (await fetch(urlOf(peer)).catch(() => undefined))?.status, {
      timeout: 20_000,
    })
    .toBe(200);
});
