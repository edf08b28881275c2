// A private network as it is: its registry dials peers over TLS and signs tickets, and who downloads serves the
// others, over TLS, what has come.
import { randomBytes } from 'node:crypto';
import { rootOf } from '../peer/roots.ts';
import { expect, onTestFinished, test } from 'vitest';
import type { Network } from '../../src/client/network.ts';
import { pinOf } from '../../src/lib/pin.ts';
import { NativeRegistry } from '../../src/client/registry-client.ts';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import { Peer } from '../../src/peer/peer.ts';
import { silent } from '../harness/running.ts';
import { folderOf } from '../harness/temporary.ts';
import { memberOf } from '../peer/private-network.ts';
import { startPrivate } from '../registry/private-registry.ts';
import { downloadInSwarm } from './downloaders.ts';

const BYTES = randomBytes(24 * 1024 * 1024);
/** So slow that who downloads has time to serve the others. */
const UPLINK = 12 * 1024 * 1024;

test('three who download from one end with equal bytes, and had some of them of each other', async () => {
  const { port, certificate, keyFor } = await startPrivate({ dialBack: true });
  if (!certificate) throw new Error('it has no certificate of its own');
  const network = async (): Promise<Network> => ({
    url: new URL(`https://127.0.0.1:${port}`),
    pin: pinOf(certificate.publicKey),
    key: (await keyFor('member')).key,
  });
  const announced = Promise.withResolvers<undefined>();
  const seed = new Peer({
    shares: [await folderOf({ 'a b.bin': BYTES })],
    network: await network(),
    ...{ port: 0, host: '127.0.0.1', log: silent, uploadLimit: new RateLimit(UPLINK) },
    onState: ({ at }) => {
      if (at === 'announced') announced.resolve(undefined);
    },
  });
  onTestFinished(() => seed.stop());
  await seed.start();
  await announced.promise;

  const root = rootOf(BYTES);
  const getting = [];
  for (let n = 0; n < 3; n++) {
    const each = await network();
    const registry = new NativeRegistry(each);
    const membership = memberOf({ network: each });
    getting.push(await downloadInSwarm({ root, bytes: BYTES }, each, { registry, membership }));
  }
  const got = await Promise.all(getting.map(({ done }) => done));
  for (const { bytes } of got) expect(bytes.equals(BYTES)).toBe(true);
  const fromSeed = got
    .flatMap(({ sources }) => sources)
    .filter(({ endpoint }) => endpoint === `127.0.0.1:${seed.port}`)
    .reduce((sum, { bytes }) => sum + bytes, 0);
  expect(fromSeed).toBeLessThan(3 * BYTES.length);
});
