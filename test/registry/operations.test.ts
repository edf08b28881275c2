// What those who run a registry go by: is it alive, is it ready, what has it counted.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { VERSION } from '../../src/lib/version.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Metrics } from '../../src/registry/metrics.ts';
import { Readiness } from '../../src/registry/readiness.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { identityOf } from '../harness/identities.ts';
import { startRegistry } from '../harness/running.ts';
import { call, expectProblem, sendRaw } from './calling.ts';
import { listen } from './listener.ts';

const PEER = `/api/v1/peers/${identityOf('Ann').peerId}`;

/** The value of one series, undefined where there is none. */
async function metric(port: number, series: string): Promise<number | undefined> {
  const { text } = await call(port, 'GET', '/metrics');
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test('it is ready once it serves, and not while its engine fails', async () => {
  const store = new SqliteStore(':memory:');
  const { port } = await startRegistry({ store });
  expect(await call(port, 'GET', '/readyz')).toMatchObject({ status: 200, text: 'ok' });
  await store.stop();
  const answer = await call(port, 'GET', '/readyz');
  expectProblem(answer, 503, 'not-ready');
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  // Alive it is: to start it anew would help nobody.
  expect((await call(port, 'GET', '/healthz')).text).toBe('ok');
  await store.start();
  expect((await call(port, 'GET', '/readyz')).status).toBe(200);
});

test('it drains: not ready any more, and serving all the same', async () => {
  const { registry, port } = await startRegistry();
  registry.drain();
  expectProblem(await call(port, 'GET', '/readyz'), 503, 'not-ready');
  expect((await call(port, 'GET', '/healthz')).status).toBe(200);
  expect((await call(port, 'GET', '/api/Registers')).json).toEqual([]);
});

test('an engine that says nothing is asked once, however many ask whether it is ready', async () => {
  let asked = 0;
  const answer = Promise.withResolvers<undefined>();
  const endpointOfPeer = () => {
    asked++;
    return answer.promise;
  };
  const readiness = new Readiness({ endpointOfPeer }, 20);
  const all = Array.from({ length: 50 }, () => readiness.check());
  for (const result of await Promise.allSettled(all))
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'not-ready' } });
  expect(asked).toBe(1);
  answer.resolve(undefined);
  await readiness.check();
});

test('requests are counted by route pattern, method and status', async () => {
  const { port } = await startRegistry();
  for (const path of ['/api/Registers/a', '/API/registers/b%2Fc', '/api/Registers/%F0%9F%8E%88'])
    await call(port, 'GET', path);
  for (const path of ['/wp-login.php', '/.env', '/a/b/c']) await call(port, 'GET', path);
  await call(port, 'GET', '/api/Registers/%E9');
  await call(port, 'POST', '/healthz');
  await sendRaw(port, 'no HTTP\r\n\r\n');
  const counted = (route: string, method: string, status: number) =>
    metric(port, `sp2p_requests_total{route="${route}",method="${method}",status="${status}"}`);
  expect(await counted('/api/Registers/*', 'GET', 200)).toBe(3);
  expect(await counted('unknown', 'GET', 404)).toBe(3);
  expect(await counted('unknown', 'GET', 400)).toBe(1);
  expect(await counted('unknown', 'unknown', 400)).toBe(1);
  expect(await counted('/healthz', 'POST', 405)).toBe(1);
  expect(await metric(port, 'sp2p_request_seconds_count{route="/api/Registers/*"}')).toBe(3);
});

test('whatever is asked, the series stay few', async () => {
  const { port } = await startRegistry();
  const series = async () =>
    (await call(port, 'GET', '/metrics')).text.match(/^sp2p_requests_total/gm);
  for (let index = 0; index < 20; index++) await call(port, 'GET', `/api/Registers/${index}`);
  for (let index = 0; index < 20; index++) await call(port, 'GET', `/${index}?${index}`);
  const before = await series();
  for (let index = 20; index < 60; index++) {
    await call(port, 'GET', `/api/Registers/${index}`);
    await call(port, 'GET', `/${index}/x`);
  }
  expect(await series()).toHaveLength((before?.length ?? 0) + 1);
});

test('peers, names, leases and connections are told', async () => {
  const { port } = await startRegistry({ probeEveryMs: 3_600_000 });
  const { endpoint } = await listen();
  await call(port, 'POST', '/api/Registers/by%20hand', { body: endpoint });
  await call(port, 'PUT', PEER, { body: { port: 7771 } });
  const offered = ['a', 'b'].map((name) => ({ name, size: 1, modified: 1 }));
  const change = { revision: 0, offered, withdrawn: [] };
  expect((await call(port, 'PATCH', `${PEER}/catalogue`, { body: change })).status).toBe(200);
  const socket = connect({ port, host: '127.0.0.1' });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');

  const { text, headers } = await call(port, 'GET', '/metrics');
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  for (const line of [
    'sp2p_peers 2',
    'sp2p_names 3',
    'sp2p_leases 1',
    'sp2p_engine_up 1',
    `sp2p_registry_info{version="${VERSION}",engine="sqlite"} 1`,
  ])
    expect(text.split('\n')).toContain(line);
  expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
  expect(await metric(port, 'sp2p_connections')).toBeGreaterThanOrEqual(2);
  socket.destroy();
  await expect.poll(() => metric(port, 'sp2p_connections'), { timeout: 20_000 }).toBe(1);
});

test('counts are told again for five seconds, and a failure not at all', async () => {
  let now = 1_700_000_000_000;
  let asked = 0;
  let fails = false;
  const counts = () => {
    asked++;
    return fails
      ? Promise.reject(new Error('gone'))
      : Promise.resolve({ peers: asked, names: 0, leases: 0 });
  };
  const metrics = new Metrics({ counts, engine: 'sqlite' }, { now: () => now });
  for (let times = 0; times < 3; times++) expect(await metrics.text()).toMatch(/^sp2p_peers 1$/m);
  now += 5_000;
  expect(await metrics.text()).toMatch(/^sp2p_peers 2$/m);
  now += 5_000;
  fails = true;
  const text = await metrics.text();
  expect(text).not.toMatch(/^sp2p_peers /m);
  expect(text).toMatch(/^sp2p_engine_up 0$/m);
  fails = false;
  expect(await metrics.text()).toMatch(/^sp2p_peers 4$/m);
});

test('two registries in one process count apart', async () => {
  const one = new Metrics(new SqliteStore(':memory:'), systemClock);
  const other = new Metrics(new SqliteStore(':memory:'), systemClock);
  one.answered('/a', 'GET', 200, 1);
  expect(await one.text()).toContain('route="/a"');
  expect(await other.text()).not.toContain('route="/a"');
});
