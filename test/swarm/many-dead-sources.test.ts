// Many are named who are not there, or send nothing, and one who does.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { contentOf, PIECE } from '../download/content-source.ts';
import { getContent, HASTY } from '../download/getting-content.ts';
import { startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { serve } from '../peer/serving.ts';
import { announceFile, announceHolding } from './announcing.ts';
import { downloadInSwarm } from './downloaders.ts';
import { follow } from './following.ts';
import { greet, startLinkedSource } from './linked-source.ts';

const CONTENT = contentOf(randomBytes(12 * PIECE + 500));
const DEAD = 1_000;
const HOUR_MS = 3_600_000;

test('beside a thousand dead sources of a part the one that is alive is found', async () => {
  const store = new SqliteStore(`${await temporaryFolder()}/index.sqlite`);
  const { url } = await startRegistry({ store, leaseSeconds: 3_600 });
  for (let dead = 0; dead < DEAD; dead++) {
    const peerId = randomBytes(16).toString('hex');
    // Nobody listens there: it is refused at once.
    const ipAddress = `127.1.${dead >> 8}.${dead & 255}`;
    await store.renewLease(
      { peerId, endpoint: { ipAddress, port: 9 }, displayName: undefined },
      Date.now() + HOUR_MS,
    );
    await store.holdContent(peerId, CONTENT.root, false);
  }
  const share = await serve(await folderOf({ film: CONTENT.bytes }));
  await announceFile(url, { ipAddress: '127.0.0.1', port: share.port }, CONTENT, 'film');
  const { done } = await downloadInSwarm(CONTENT, { url });
  const { bytes, sources } = await done;
  expect(bytes.equals(CONTENT.bytes)).toBe(true);
  expect(sources).toEqual([{ endpoint: `127.0.0.1:${share.port}`, bytes: CONTENT.bytes.length }]);
}, 120_000);

/** As many as are used at once. */
const SILENT = 50;

test('those who open links and never offer anything keep nobody out who does', async () => {
  const silent = await Promise.all(
    Array.from({ length: SILENT }, () => startLinkedSource(CONTENT, { links: greet })),
  );
  const good = await startLinkedSource(CONTENT);
  let isThere = false;
  void Promise.all(silent.map(({ linked }) => linked)).then(() => {
    isThere = true;
  });
  const endpoints = silent.map(({ endpoint }) => endpoint);
  const { bytes } = await getContent(CONTENT, {
    sources: () => (isThere ? [...endpoints, good.endpoint] : endpoints),
    size: CONTENT.bytes.length,
    patience: { ...HASTY, stalledAfterMs: 2_000, trickleOverMs: 4_000 },
  });
  expect(bytes.equals(CONTENT.bytes)).toBe(true);
}, 120_000);

test('neighbours who are made up keep nobody out who sends', async () => {
  const { url } = await startRegistry({ leaseSeconds: 3_600 });
  const first = await startLinkedSource(CONTENT, { holds: (piece) => piece === 0 });
  await announceHolding(url, first.endpoint, CONTENT.root, false);
  const { done } = await downloadInSwarm(CONTENT, { url });
  await first.linked;
  const [port = 0] = first.neighbours.filter((each) => each !== undefined);

  const silent = await Promise.all(
    Array.from({ length: SILENT }, () => startLinkedSource(CONTENT, { links: greet })),
  );
  // They are at the address from which they are told.
  for (const each of silent) await follow({ port }, CONTENT.root, { query: `?port=${each.port}` });
  // As many as one address may have are believed.
  await silent[0]?.linked;
  const good = await startLinkedSource(CONTENT);
  await announceHolding(url, good.endpoint, CONTENT.root, true);
  expect((await done).bytes.equals(CONTENT.bytes)).toBe(true);
}, 120_000);
