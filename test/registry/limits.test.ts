// What is refused before it is looked at: too much of one address, and too much altogether.
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { Load } from '../../src/registry/load.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { startRegistry } from '../harness/running.ts';
import { call, expectProblem } from './calling.ts';
import { startedFor } from './started-for.ts';

const ANN = '203.0.113.7';
const BOB = '203.0.113.8';
const OPERATIONS = ['/healthz', '/readyz', '/metrics'];

test('who asks for more than its share is refused, and the others are served', async () => {
  const from = await startedFor({ rateLimit: 3 });
  for (let asked = 0; asked < 3; asked++)
    expect((await from(ANN, 'GET', '/api/Registers')).status).toBe(200);
  for (const path of ['/api/Registers', '/api/v1', '/nothing', '/api/v1/reference']) {
    const answer = await from(ANN, 'GET', path);
    expectProblem(answer, 429, 'too-many-requests');
    const seconds = Number(answer.headers['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
  }
  expect((await from(BOB, 'GET', '/api/Registers')).status).toBe(200);
  for (const path of OPERATIONS) expect((await from(ANN, 'GET', path)).status).toBe(200);
});

test('a question that finds nothing counts like any other', async () => {
  const from = await startedFor({ rateLimit: 2 });
  await from(ANN, 'GET', '/nothing');
  await from(ANN, 'POST', '/healthzz');
  expectProblem(await from(ANN, 'GET', '/api/v1'), 429, 'too-many-requests');
});

test('the registry’s own machine has no limit', async () => {
  const from = await startedFor({ rateLimit: 1 });
  for (const own of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '127.1.2.3'])
    for (let asked = 0; asked < 3; asked++)
      expect((await from(own, 'GET', '/api/v1')).status).toBe(200);
});

test('without a limit nobody is refused', async () => {
  const from = await startedFor({ rateLimit: 0 });
  for (let asked = 0; asked < 5; asked++)
    expect((await from(ANN, 'GET', '/api/v1')).status).toBe(200);
});

test('of IPv6 a whole subscriber is one address, however it is spelt', async () => {
  const from = await startedFor({ rateLimit: 2 });
  await from('2001:db8::1', 'GET', '/api/v1');
  await from('2001:DB8:0:0:ffff::2', 'GET', '/api/v1');
  expectProblem(await from('2001:db8::3', 'GET', '/api/v1'), 429, 'too-many-requests');
  expect((await from('2001:db8:0:1::1', 'GET', '/api/v1')).status).toBe(200);
  await from('fe80::1%eth0', 'GET', '/api/v1');
  for (const address of [`::ffff:${ANN}`, ANN])
    expect((await from(address, 'GET', '/api/v1')).status).toBe(200);
  expectProblem(await from(ANN, 'GET', '/api/v1'), 429, 'too-many-requests');
});

test('behind a proxy each caller has a share of its own', async () => {
  const from = await startedFor({ rateLimit: 1, trustProxy: ['198.51.100.1'] });
  const by = (address: string) =>
    from('198.51.100.1', 'GET', '/api/v1', undefined, { 'x-forwarded-for': address });
  expect((await by(ANN)).status).toBe(200);
  expect((await by(BOB)).status).toBe(200);
  expectProblem(await by(ANN), 429, 'too-many-requests');
});

/** An index that keeps everyone waiting who asks for sources, until it is let go on. */
class WaitingStore extends SqliteStore {
  readonly waiting = Promise.withResolvers<undefined>();
  asked = 0;
  override async endpointsOf(...asked: Parameters<SqliteStore['endpointsOf']>) {
    this.asked++;
    await this.waiting.promise;
    return super.endpointsOf(...asked);
  }
}

test('what is too much at once is refused, and taken again afterwards', async () => {
  const store = new WaitingStore(':memory:');
  const { port } = await startRegistry({ store, maxUnderWay: 3 });
  const early = [1, 2, 3].map(() => call(port, 'GET', '/api/Registers/a'));
  await expect.poll(() => store.asked).toBe(3);
  for (const path of ['/api/Registers/a', '/api/v1', '/nothing']) {
    const answer = await call(port, 'GET', path);
    expectProblem(answer, 503, 'busy');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  }
  for (const path of OPERATIONS) expect((await call(port, 'GET', path)).status).toBe(200);
  expect((await call(port, 'GET', '/metrics')).text).toMatch(/^sp2p_shed_total 3$/m);
  store.waiting.resolve(undefined);
  for (const answer of early) expect((await answer).json).toEqual([]);
  expect((await call(port, 'GET', '/api/Registers/a')).status).toBe(200);
});

test('a registry that stops answers what it has begun', async () => {
  const store = new WaitingStore(':memory:');
  const { registry, port } = await startRegistry({ store });
  const asked = call(port, 'GET', '/api/Registers/a');
  await expect.poll(() => store.asked).toBe(1);
  const stopped = registry.stop();
  // Longer than those are waited for who have not even asked.
  setTimeout(() => {
    store.waiting.resolve(undefined);
  }, 1_500);
  expect((await asked).json).toEqual([]);
  await stopped;
});

test('while everything comes a second late, again and again, new requests are refused', async () => {
  const load = new Load(createLog('silent'));
  await load.start();
  const block = async () => {
    const until = performance.now() + 1_700;
    while (performance.now() < until);
    // Timers that are due come before what is set to come at once.
    await setImmediate();
    await setImmediate();
  };
  await block();
  expect(load.isTooMuch()).toBe(false);
  await block();
  expect(load.isTooMuch()).toBe(true);
  await expect.poll(() => load.isTooMuch(), { interval: 10, timeout: 20_000 }).toBe(false);
  await load.stop();
});

test('who sends slowly takes nobody’s place', async () => {
  const { port } = await startRegistry({ maxUnderWay: 1 });
  const slow = connect({ port, host: '127.0.0.1' });
  onTestFinished(() => void slow.destroy());
  slow.write('POST /api/Registers/a HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{');
  // What was sent before this has arrived when this is answered.
  for (let asked = 0; asked < 3; asked++)
    expect((await call(port, 'GET', '/api/v1')).status).toBe(200);
});
