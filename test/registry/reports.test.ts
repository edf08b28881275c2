// What is reported of an endpoint is looked into, never believed; and nobody can have the registry dial
// what is not registered, or dial much. The endpoints here are real sockets that come and go.
import { expect, onTestFinished, test } from 'vitest';
import { connectRegistry } from '../../src/client/registry-client.ts';
import type { Endpoint } from '../../src/protocol/endpoints.ts';
import { Reports } from '../../src/registry/reports.ts';
import { identityOf } from '../harness/identities.ts';
import { silent, startRegistry } from '../harness/running.ts';
import { call } from './calling.ts';
import { close, listen } from './listener.ts';

const ROOT = '0123456789abcdef'.repeat(4);
const SOON = { timeout: 20_000 };
const UNPROBED = { probeEveryMs: 3_600_000, leaseSeconds: 3_600 };
const peerAt = (index: number) => `/api/v1/peers/${identityOf(index).peerId}`;

/** A registry with native peers at these ports, each of which holds a part of the content. */
async function startedWith(...ports: number[]) {
  const { registry, port, url } = await startRegistry(UNPROBED);
  const announce = (index: number) =>
    call(port, 'PUT', peerAt(index), { body: { port: ports[index] } });
  for (const index of ports.keys()) {
    await announce(index);
    await call(port, 'PUT', `${peerAt(index)}/contents/${ROOT}`, { body: { complete: false } });
  }
  const client = await connectRegistry({ url });
  if (client.contract === 'exercise') expect.fail();
  const sources = async () =>
    (await client.contentOf(ROOT, 100)).sources.map(({ endpoint }) => endpoint.port).sort();
  return { registry, port, client, announce, sources };
}

test('a source that is dead as reported goes, one that lives stays', async () => {
  const [living, dead] = [await listen(), await listen()];
  await close(dead);
  const { client, announce, sources } = await startedWith(living.endpoint.port, dead.endpoint.port);
  expect(await sources()).toHaveLength(2);
  for (const { endpoint } of [living, dead]) await client.report(endpoint, 'unreachable');
  await expect.poll(sources, SOON).toEqual([living.endpoint.port]);
  expect(living.visits()).toBe(1);
  // Its lease has ended, no more: the next renewal brings all of it back.
  await announce(1);
  expect(await sources()).toHaveLength(2);
});

test('a source that was away for a moment only stays', async () => {
  const away = await listen();
  await close(away);
  const { client, sources } = await startedWith(away.endpoint.port);
  await client.report(away.endpoint, 'unreachable', undefined, ROOT);
  // Between the two tries there is time enough.
  const back = await listen(away.endpoint.port);
  await expect.poll(back.visits, SOON).toBe(1);
  expect(await sources()).toEqual([away.endpoint.port]);
});

test('what is registered nowhere, or through the exercise’s contract alone, is not dialled', async () => {
  const [stranger, byHand, native] = [await listen(), await listen(), await listen()];
  const { port, client } = await startedWith(native.endpoint.port);
  await call(port, 'POST', '/api/Registers/a', { body: byHand.endpoint });
  for (const { endpoint } of [stranger, byHand, native])
    await client.report(endpoint, 'unreachable');
  await expect.poll(native.visits, SOON).toBe(1);
  expect([stranger.visits(), byHand.visits()]).toEqual([0, 0]);
  expect((await call(port, 'GET', '/api/Registers/a')).json).toEqual([byHand.endpoint]);
});

test('a bad piece is taken note of, and no more', async () => {
  const [accused, other] = [await listen(), await listen()];
  await close(accused);
  const { client, sources } = await startedWith(accused.endpoint.port, other.endpoint.port);
  await client.report(accused.endpoint, 'bad-piece', undefined, ROOT);
  await client.report(other.endpoint, 'unreachable');
  await expect.poll(other.visits, SOON).toBe(1);
  expect(await sources()).toHaveLength(2);
});

test('however often it is reported, an endpoint is looked at once in ten seconds', async () => {
  const gone = await listen();
  await close(gone);
  const clock = { time: 1_700_000_000_000, now: () => clock.time };
  const ended: string[] = [];
  const store = {
    hasLease: () => Promise.resolve(true),
    endLease: ({ ipAddress }: Endpoint) => Promise.resolve(void ended.push(ipAddress)),
  };
  const reports = new Reports(store, clock, silent, 1);
  onTestFinished(() => reports.stop());
  const looks = () => ended.filter((each) => each === gone.endpoint.ipAddress).length;
  let others = 0;
  /** Reports it often, and then another one: when that was looked at, this one was, too. */
  const reportMuch = async () => {
    for (let times = 0; times < 500; times++) await reports.unreachable(gone.endpoint);
    const other = `127.1.0.${++others}`;
    await reports.unreachable({ ...gone.endpoint, ipAddress: other });
    await expect.poll(() => ended, SOON).toContain(other);
    return looks();
  };
  expect(await reportMuch()).toBe(1);
  clock.time += 9_999;
  expect(await reportMuch()).toBe(1);
  clock.time += 1;
  expect(await reportMuch()).toBe(2);
  // A clock that is set back keeps nothing from being looked at.
  clock.time -= 3_600_000;
  expect(await reportMuch()).toBe(3);
});

test('many reports are looked into a few at a time, and what is too many is dropped', async () => {
  const ended: string[] = [];
  const looked = Promise.withResolvers<undefined>();
  const reports = new Reports(
    {
      hasLease: () => Promise.resolve(true),
      endLease: async ({ ipAddress }: Endpoint) => {
        ended.push(ipAddress);
        // The first sixteen stay at it, so that no further one has its turn.
        await looked.promise;
      },
    },
    { now: () => 0 },
    silent,
    1,
  );
  onTestFinished(() => reports.stop());
  const gone = await listen();
  await close(gone);
  // 127.1.x.y is this machine too, and nobody listens there.
  for (let index = 0; index < 1_000; index++)
    await reports.unreachable({
      ipAddress: `127.1.${index >> 8}.${index & 255}`,
      port: gone.endpoint.port,
    });
  await expect.poll(() => ended.length, SOON).toBe(16);
  looked.resolve(undefined);
  await expect.poll(() => ended.length, SOON).toBe(16 + 256);
  expect(new Set(ended).size).toBe(ended.length);
});

test('a registry that stops waits for no report, and ends no lease for it', async () => {
  const gone = await listen();
  await close(gone);
  const ended: Endpoint[] = [];
  const store = {
    hasLease: () => Promise.resolve(true),
    endLease: (endpoint: Endpoint) => Promise.resolve(void ended.push(endpoint)),
  };
  const reports = new Reports(store, { now: () => 0 }, silent);
  await reports.unreachable(gone.endpoint);
  await reports.stop();
  await reports.stop();
  await reports.unreachable({ ...gone.endpoint, ipAddress: '127.0.0.2' });
  await reports.stop();
  expect(ended).toEqual([]);

  const { registry, client } = await startedWith(gone.endpoint.port);
  await client.report(gone.endpoint, 'unreachable');
  const began = performance.now();
  await registry.stop();
  expect(performance.now() - began).toBeLessThan(5_000);
});
