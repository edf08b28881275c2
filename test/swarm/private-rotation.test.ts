// The registry of a private network changes the keys with which it signs tickets, while there are downloads.
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import type { Network } from '../../src/client/network.ts';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import { pinOf } from '../../src/lib/pin.ts';
import { Peer } from '../../src/peer/peer.ts';
import { silent } from '../harness/running.ts';
import { folderOf } from '../harness/temporary.ts';
import { rootOf } from '../peer/roots.ts';
import { startPrivate, type Private } from '../registry/private-registry.ts';
import { downloadInSwarm } from './downloaders.ts';

const BYTES = randomBytes(4 * 1024 * 1024);
const ROOT = rootOf(BYTES);
const SLOW = 512 * 1024;

async function joined({ port, certificate, keyFor }: Private): Promise<Network> {
  if (!certificate) throw new Error('it has no certificate of its own');
  const url = new URL(`https://127.0.0.1:${port}`);
  return { url, pin: pinOf(certificate.publicKey), key: (await keyFor('member')).key };
}

async function rotated({ ask, admin }: Private): Promise<void> {
  expect(await ask(admin, 'POST', '/api/v1/ticket-keys')).toMatchObject({ status: 200 });
}

/** A peer that shares the bytes, as slowly as a test wants it. */
async function startSeed(inside: Private): Promise<RateLimit> {
  const announced = Promise.withResolvers<undefined>();
  const uploadLimit = new RateLimit();
  const seed = new Peer({
    shares: [await folderOf({ 'a b.bin': BYTES })],
    network: await joined(inside),
    ...{ port: 0, host: '127.0.0.1', log: silent, uploadLimit },
    onState: ({ at }) => {
      if (at === 'announced') announced.resolve(undefined);
    },
  });
  onTestFinished(() => seed.stop());
  await seed.start();
  await announced.promise;
  return uploadLimit;
}

/** A download by somebody who was never there before, and so has no ticket yet. */
async function downloading(inside: Private) {
  const begun = Promise.withResolvers<undefined>();
  const { done } = await downloadInSwarm({ root: ROOT, bytes: BYTES }, await joined(inside), {
    port: undefined,
    onPiece: () => {
      begun.resolve(undefined);
    },
  });
  done.catch(begun.reject);
  return { done, begun: begun.promise };
}

test('what is under way goes on, and what begins with the new key is served, however often it changes', async () => {
  const inside = await startPrivate({ dialBack: true });
  const uploadLimit = await startSeed(inside);
  uploadLimit.bytesPerSecond = SLOW;
  const before = await downloading(inside);
  await before.begun;
  const after = [];
  // Peers ask for keys now and then only: also of the second change they have to hear.
  for (let change = 0; change < 2; change++) {
    await rotated(inside);
    after.push(await downloading(inside));
    await after[change]?.begun;
  }
  uploadLimit.bytesPerSecond = Infinity;
  for (const { done } of [before, ...after]) {
    const { bytes, failed } = await done;
    expect([bytes.equals(BYTES), failed]).toEqual([true, []]);
  }
});
