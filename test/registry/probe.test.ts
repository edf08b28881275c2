// Exercise registrations have no heartbeat: the registry looks for itself whether their endpoints can
// be reached. The endpoints here are real sockets that come and go.
import { expect, onTestFinished, test } from 'vitest';
import { Prober } from '../../src/registry/probe.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { identityOf } from '../harness/identities.ts';
import { silent, startRegistry } from '../harness/running.ts';
import { call } from './calling.ts';
import { close, listen } from './listener.ts';

const PROBE_EVERY_MS = 10;
const BASE = '/api/Registers';

test('an endpoint that dies is dropped with all its names, and one that lives stays', async () => {
  const { port } = await startRegistry({ probeEveryMs: PROBE_EVERY_MS });
  const [living, dying] = [await listen(), await listen()];
  for (const name of ['both', 'living'])
    await call(port, 'POST', `${BASE}/${name}`, { body: living.endpoint });
  for (const name of ['both', 'dying', 'd'])
    await call(port, 'POST', `${BASE}/${name}`, { body: dying.endpoint });
  await expect.poll(dying.visits, { timeout: 20_000 }).toBeGreaterThan(2);
  const listing = async () => (await call(port, 'GET', BASE)).json;
  expect(await listing()).toHaveLength(4);

  await close(dying);
  await expect.poll(listing, { timeout: 20_000 }).toEqual([
    { name: 'both', endpoints: [living.endpoint] },
    { name: 'living', endpoints: [living.endpoint] },
  ]);
  const visits = living.visits();
  await expect.poll(living.visits, { timeout: 20_000 }).toBeGreaterThan(visits + 5);
  expect(await listing()).toHaveLength(2);
  expect((await call(port, 'GET', '/api/v1/peers')).json).toMatchObject({
    peers: [{ endpoint: living.endpoint, names: 2 }],
  });
});

test('an endpoint that was dropped can be registered again', async () => {
  const { port } = await startRegistry({ probeEveryMs: PROBE_EVERY_MS });
  const listener = await listen();
  await call(port, 'POST', `${BASE}/a`, { body: listener.endpoint });
  await close(listener);
  const listing = async () => (await call(port, 'GET', `${BASE}/a`)).json;
  await expect.poll(listing, { timeout: 20_000 }).toEqual([]);
  const again = await listen(listener.endpoint.port);
  expect((await call(port, 'POST', `${BASE}/a`, { body: again.endpoint })).text).toBe('1');
  await expect.poll(again.visits, { timeout: 20_000 }).toBeGreaterThan(5);
  expect(await listing()).toEqual([again.endpoint]);
});

test('one failure is no reason: only several in a row are', async () => {
  const store = new SqliteStore(':memory:');
  onTestFinished(() => store.stop());
  await store.start();
  let listener = await listen();
  await store.register('a', listener.endpoint, 0);
  // The rounds are counted as they begin: every second one finds nobody.
  let rounds = 0;
  const prober = new Prober(
    {
      exerciseEndpoints: async () => {
        rounds++;
        if (rounds % 2 === 0) await close(listener);
        else if (rounds > 1) listener = await listen(listener.endpoint.port);
        return store.exerciseEndpoints();
      },
      dropExerciseEndpoint: (endpoint) => store.dropExerciseEndpoint(endpoint),
    },
    silent,
    0,
  );
  await prober.start();
  await expect.poll(() => rounds, { timeout: 20_000 }).toBeGreaterThan(10);
  await prober.stop();
  expect(await store.endpointsOf('a', 0)).toEqual([listener.endpoint]);
});

test('a native peer is never probed away: its lease says how long it is there', async () => {
  const { port } = await startRegistry({ probeEveryMs: PROBE_EVERY_MS });
  const gone = await listen();
  await close(gone);
  const peer = `/api/v1/peers/${identityOf('Ann').peerId}`;
  await call(port, 'PUT', peer, { body: { port: gone.endpoint.port } });
  const offered = [{ name: 'native', size: 1, modified: 1 }];
  const body = { revision: 0, offered, withdrawn: [] };
  await call(port, 'PATCH', `${peer}/catalogue`, { body });
  // At the same endpoint, by hand: this one is dropped.
  await call(port, 'POST', `${BASE}/by%20hand`, { body: gone.endpoint });
  const living = await listen();
  await call(port, 'POST', `${BASE}/living`, { body: living.endpoint });

  const endpointsOf = async (name: string) => (await call(port, 'GET', `${BASE}/${name}`)).json;
  await expect.poll(() => endpointsOf('by%20hand'), { timeout: 20_000 }).toEqual([]);
  const visits = living.visits();
  await expect.poll(living.visits, { timeout: 20_000 }).toBeGreaterThan(visits + 5);
  expect(await endpointsOf('native')).toEqual([gone.endpoint]);
});

test('more endpoints than are probed at once are all probed', async () => {
  const { port } = await startRegistry({ probeEveryMs: PROBE_EVERY_MS });
  const living = await listen();
  await call(port, 'POST', `${BASE}/a`, { body: living.endpoint });
  // 127.1.x.y is this machine too, and nobody listens there.
  for (let index = 1; index <= 200; index++)
    await call(port, 'POST', `${BASE}/a`, {
      body: { ipAddress: `127.1.0.${index}`, port: living.endpoint.port },
    });
  const endpoints = async () => (await call(port, 'GET', `${BASE}/a`)).json;
  await expect.poll(endpoints, { timeout: 20_000 }).toEqual([living.endpoint]);
});

test('a registry that stops stops probing', async () => {
  const { registry, port } = await startRegistry({ probeEveryMs: 0 });
  const living = await listen();
  await call(port, 'POST', `${BASE}/a`, { body: living.endpoint });
  await expect.poll(living.visits, { timeout: 20_000 }).toBeGreaterThan(5);
  await registry.stop();
  const visits = living.visits();
  // As much as took hundreds of probes before.
  const other = await startRegistry();
  for (let calls = 0; calls < 20; calls++) await call(other.port, 'GET', '/healthz');
  // One may have been connecting when it stopped.
  expect(living.visits()).toBeLessThanOrEqual(visits + 1);
});
