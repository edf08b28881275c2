// A downloader as the registry tells of it: a source of its content as long as it runs, whatever
// happens to the registry.
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { NativeRegistry } from '../../src/client/registry-client.ts';
import { Identity } from '../../src/lib/identity.ts';
import {
  SourceAnnouncer,
  type SourceAnnouncerOptions,
} from '../../src/peer/announcer/source-announcer.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { silent, startRegistry } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { startGate } from './gate.ts';

const ROOT = '0123456789abcdef'.repeat(4);
const PORT = 7771;
const HERE = { ipAddress: '127.0.0.1', port: PORT };
const SOON = { timeout: 15_000, interval: 20 };

async function startAnnouncer(url: URL, options: Partial<SourceAnnouncerOptions> = {}) {
  const registry = new NativeRegistry({ url });
  const announcer = new SourceAnnouncer({
    identity: Identity.fresh(),
    ...{ registry, port: PORT, root: ROOT, log: silent },
    ...options,
  });
  onTestFinished(() => announcer.stop());
  await announcer.start();
  return announcer;
}

/** What the registry tells of the content, `away` while it does not answer. */
const told = (url: URL) => async () =>
  new NativeRegistry({ url }).contentOf(ROOT, 10).then(
    ({ sources }) => sources.map(({ endpoint, complete }) => ({ endpoint, complete })),
    () => 'away',
  );
const part = [{ endpoint: HERE, complete: false }];
const whole = [{ endpoint: HERE, complete: true }];

test('a downloader is a source of a part, then of the whole, and gone once it stops', async () => {
  const { url } = await startRegistry();
  const announcer = await startAnnouncer(url, { displayName: 'Ann' });
  await expect.poll(told(url), SOON).toEqual(part);
  expect(announcer.endpoint).toEqual(HERE);
  expect(await new NativeRegistry({ url }).peers(10)).toMatchObject({
    peers: [{ endpoint: HERE, displayName: 'Ann', names: 0 }],
  });
  announcer.complete();
  // Long before the next renewal, which is after 8 s.
  await expect.poll(told(url), { ...SOON, timeout: 4_000 }).toEqual(whole);
  await announcer.stop();
  await announcer.stop();
  expect(await told(url)()).toEqual([]);
  expect(await new NativeRegistry({ url }).peers(10)).toMatchObject({ peers: [] });
});

test('what becomes whole before it was told is told as whole', async () => {
  const { url } = await startRegistry();
  const announcer = await startAnnouncer(url, { advertise: '127.0.0.5' });
  expect(announcer.endpoint).toBeUndefined();
  announcer.complete();
  await expect
    .poll(told(url), SOON)
    .toEqual([{ endpoint: { ipAddress: '127.0.0.5', port: PORT }, complete: true }]);
});

test('what becomes whole while it is told is told anew at once', async () => {
  const { url } = await startRegistry();
  const gate = await startGate(url);
  const registry = new NativeRegistry({ url: gate.url });
  const announcer = new SourceAnnouncer({
    identity: Identity.fresh(),
    registry,
    port: PORT,
    root: ROOT,
    log: silent,
  });
  onTestFinished(() => announcer.stop());
  const holds = () => gate.calls.filter((call) => call.includes('/contents/')).length;
  gate.refuses = (call) => {
    // The body of this very call was made before.
    if (call.includes('/contents/') && holds() === 1) announcer.complete();
    return undefined;
  };
  await announcer.start();
  await expect.poll(told(url), { ...SOON, timeout: 4_000 }).toEqual(whole);
  expect(holds()).toBe(2);
});

test.for(['with its data', 'with an empty index'])(
  'a registry that is started again %s tells of it after the next renewal',
  async (how) => {
    const file = join(await temporaryFolder(), 'index.sqlite');
    const options = { leaseSeconds: 1 };
    const before = await startRegistry({ ...options, store: new SqliteStore(file) });
    const announcer = await startAnnouncer(before.url);
    await expect.poll(told(before.url), SOON).toEqual(part);
    await before.registry.stop();
    announcer.complete();
    const { url } = await startRegistry({
      ...options,
      port: before.port,
      ...(how === 'with its data' && { store: new SqliteStore(file) }),
    });
    await expect.poll(told(url), SOON).toEqual(whole);
    await announcer.stop();
    expect(await told(url)()).toEqual([]);
  },
);

test('a registry that comes later is told', async () => {
  const away = await startRegistry();
  await away.registry.stop();
  await startAnnouncer(away.url);
  const { url } = await startRegistry({ port: away.port });
  await expect.poll(told(url), SOON).toEqual(part);
});

test('a lease is renewed in time', async () => {
  const { url } = await startRegistry({ leaseSeconds: 1 });
  const gate = await startGate(url);
  await startAnnouncer(gate.url);
  await expect.poll(told(url), SOON).toEqual(part);
  const renewals = () => gate.calls.filter((call) => !call.includes('/contents/')).length;
  // Three in each second of a lease: by then two leases would have ended.
  for (let seen = renewals(); seen < 7; seen = renewals()) expect(await told(url)()).toEqual(part);
});

test('what lost its lease at the registry is back after the next renewal', async () => {
  const store = new SqliteStore(':memory:');
  const { url } = await startRegistry({ leaseSeconds: 1, store });
  await startAnnouncer(url);
  await expect.poll(told(url), SOON).toEqual(part);
  await store.endLease(HERE, Date.now());
  await expect.poll(told(url), SOON).toEqual(part);
});

test('a registry that answers no more holds up the end for seconds only', async () => {
  const { url } = await startRegistry({ leaseSeconds: 1 });
  const gate = await startGate(url);
  const announcer = await startAnnouncer(gate.url);
  await expect.poll(told(url), SOON).toEqual(part);
  gate.refuses = () => 'hang';
  const began = performance.now();
  await announcer.stop();
  expect(performance.now() - began).toBeLessThan(6_000);
  // Nobody renews it.
  await expect.poll(told(url), SOON).toEqual([]);
});

test('one that never began has nothing to take back', async () => {
  const { url } = await startRegistry();
  const gate = await startGate(url);
  const announcer = new SourceAnnouncer({
    identity: Identity.fresh(),
    ...{ registry: new NativeRegistry({ url: gate.url }), port: PORT, root: ROOT, log: silent },
  });
  await announcer.stop();
  expect(gate.calls).toEqual([]);
});
