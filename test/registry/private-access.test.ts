// Who may come into a private network, and do what there; on both engines, over real TLS.
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';
import { isNamed } from '../../src/registry/access/roles.ts';
import { PostgresStore } from '../../src/registry/store/postgres.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import type { Store } from '../../src/registry/store/store.ts';
import { builtPage } from '../harness/page.ts';
import { postgresForTests } from '../harness/postgres.ts';
import { startRegistry } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { call, expectProblem } from './calling.ts';
import { startPrivate, type Private } from './private-registry.ts';

const server = postgresForTests();
const ROOT = 'ab'.repeat(32);
const PEER = '0123456789abcdef'.repeat(2);
const ENGINES: Record<string, () => Promise<Store>> = {
  SQLite: async () => new SqliteStore(`${await temporaryFolder()}/index.sqlite`),
  PostgreSQL: async () => new PostgresStore(await server.emptySchema()),
};

/** Every route that the OpenAPI document tells, with something in the place of its variables. */
function routesOf(registry: Private['registry']): [method: string, path: string, route: string][] {
  const { paths } = registry.openapi as { paths: Record<string, Record<string, unknown>> };
  return Object.entries(paths).flatMap(([route, methods]) =>
    Object.keys(methods).map((method): [string, string, string] => [
      method.toUpperCase(),
      route
        .replace('{peerId}', PEER)
        .replace('{root}', ROOT)
        .replace(/\{.*?\}/g, 'x'),
      route,
    ]),
  );
}

describe.each(Object.entries(ENGINES))('a private network in %s', (_name, storeOf) => {
  const started = async (clock?: Clock) =>
    startPrivate({ store: await storeOf(), ...(clock && { clock }) });

  test('without a key nothing is told but that it serves', async () => {
    const { registry, ask } = await started();
    const routes = routesOf(registry).filter(([, , route]) => !/healthz|session/.test(route));
    expect(routes.length).toBeGreaterThan(20);
    for (const [method, path] of [...routes, ['GET', '/no/such/path'], ['GET', '/']]) {
      const answer = await ask(undefined, method ?? '', path ?? '');
      expectProblem(answer, 401, 'no-key');
    }
    expect(await ask(undefined, 'GET', '/healthz')).toMatchObject({ status: 200, text: 'ok' });
  });

  test('a key says who has it, and is told to nobody again', async () => {
    const { ask, admin, keyFor } = await started();
    const ann = await keyFor('member', { name: 'Ann' });
    expect((await ask(ann.key, 'GET', '/api/v1')).json).toMatchObject({
      ...{ private: true, you: { name: 'Ann', role: 'member' } },
    });
    const listed = await ask(admin, 'GET', '/api/v1/keys');
    expect(listed.json).toMatchObject({ keys: [{ id: ann.id, name: 'Ann', role: 'member' }, {}] });
    expect(listed.text).not.toContain(ann.key.slice(-43));
  });

  test.each([
    ['of another secret', (key: string) => `${key.slice(0, -43)}${'A'.repeat(43)}`],
    ['of another id', (key: string) => key.replace(/_[0-9a-f]{16}_/, `_${'0'.repeat(16)}_`)],
    ['of half its length', (key: string) => key.slice(0, 30)],
    ['in other letters', (key: string) => key.toUpperCase()],
    ['that is none', () => "' OR 1=1"],
  ])('a key %s is refused', async (_what, wrong) => {
    const { ask, admin } = await started();
    expectProblem(await ask(wrong(admin), 'GET', '/api/v1'), 401, 'bad-key');
    expectProblem(
      await ask(undefined, 'GET', '/api/v1', { headers: { authorization: `Basic ${admin}` } }),
      ...([401, 'no-key'] as const),
    );
  });

  test('each role may do what it is for, and not what the next one is for', async () => {
    const { ask, admin, keyFor } = await started();
    const [reader, member] = [await keyFor('reader'), await keyFor('member')];
    const port = 7771;
    const calls = [
      ['reader', 'GET', '/api/v1/search?text=a', undefined, 200],
      ['reader', 'GET', '/api/v1/names/a', undefined, 200],
      ['reader', 'POST', '/api/v1/tickets', { root: ROOT, asker: PEER }, 200],
      [
        'member',
        'POST',
        '/api/v1/reports',
        { endpoint: { ipAddress: '192.0.2.1', port }, reason: 'bad-piece', root: ROOT },
        204,
      ],
      ['member', 'DELETE', `/api/v1/peers/${PEER}`, undefined, undefined],
      ['admin', 'GET', '/api/v1/keys', undefined, 200],
      ['admin', 'GET', '/api/v1/audit', undefined, 200],
      ['admin', 'POST', '/api/v1/ticket-keys', undefined, 200],
    ] as const;
    const order = ['reader', 'member', 'admin'];
    for (const [needed, method, path, body, status] of calls)
      for (const [role, key] of [
        ['reader', reader.key],
        ['member', member.key],
        ['admin', admin],
      ] as const) {
        const answer = await ask(key, method, path, { body });
        if (order.indexOf(role) < order.indexOf(needed)) expectProblem(answer, 403, 'not-allowed');
        else if (status !== undefined) expect(answer, answer.asked).toMatchObject({ status });
        else expect(answer.json).not.toMatchObject({ code: 'not-allowed' });
      }
  });

  test('a revoked key is refused at once, and what came with it is gone', async () => {
    const { ask, admin, keyFor } = await started();
    const ann = await keyFor('member');
    const revoke = () => ask(admin, 'DELETE', `/api/v1/keys/${ann.id}`);
    expect(await revoke()).toMatchObject({ status: 204 });
    expectProblem(await ask(ann.key, 'GET', '/api/v1'), 401, 'bad-key');
    expectProblem(await revoke(), 404, 'unknown-key');
    const { json } = await ask(admin, 'GET', '/api/v1/keys');
    const [own] = (json as { keys: { id: string }[] }).keys;
    expectProblem(await ask(admin, 'DELETE', `/api/v1/keys/${own?.id}`), 403, 'not-allowed');
  });

  test('a key ends when it was said to', async () => {
    let now = Date.now();
    const { ask, keyFor, admin } = await started({ now: () => now });
    const ann = await keyFor('reader', { expires: now + 1_000 });
    expect(await ask(ann.key, 'GET', '/api/v1')).toMatchObject({ status: 200 });
    now += 1_000;
    expectProblem(await ask(ann.key, 'GET', '/api/v1'), 401, 'bad-key');
    const body = { name: 'late', role: 'reader', expires: now };
    expectProblem(await ask(admin, 'POST', '/api/v1/keys', { body }), 400, 'bad-request');
  });

  test('the administrator’s key is made once', async () => {
    const store = await storeOf();
    const first = await startPrivate({ store });
    expect(first.admin).toMatch(/^sp2p_[0-9a-f]{16}_[\w-]{43}$/);
    await first.registry.stop();
    const second = await startPrivate({ store });
    expect(second.admin).toBe('');
    expect(await second.ask(first.admin, 'GET', '/api/v1')).toMatchObject({ status: 200 });
  });

  test.each([
    [true, '--private'],
    [false, 'stays one'],
  ])('an index stays what it was: private first, %s', async (isPrivate, said) => {
    const store = await storeOf();
    const first = isPrivate ? await startPrivate({ store }) : await startRegistry({ store });
    await first.registry.stop();
    const second = isPrivate ? startRegistry({ store }) : startPrivate({ store });
    await expect(second).rejects.toMatchObject({
      code: 'bad-usage',
      message: expect.stringContaining(said) as string,
    });
  });
});

test('of two registries over one database each refuses at once what the other revoked', async () => {
  const url = await server.emptySchema();
  const [one, other] = [new PostgresStore(url), new PostgresStore(url)];
  const first = await startPrivate({ store: one });
  const second = await startPrivate({ store: other });
  expect(second.admin).toBe('');
  for (let times = 0; times < 5; times++) {
    const ann = await first.keyFor('member');
    expect(await second.ask(ann.key, 'GET', '/api/v1')).toMatchObject({ status: 200 });
    await first.ask(first.admin, 'DELETE', `/api/v1/keys/${ann.id}`);
    expectProblem(await second.ask(ann.key, 'GET', '/api/v1'), 401, 'bad-key');
  }
});

test('many who ask at once are each let in by their own key', async () => {
  const { ask, keyFor } = await startPrivate();
  const keys = await Promise.all(
    Array.from({ length: 10 }, (_, index) => keyFor('reader', { name: `${index}` })),
  );
  const answers = await Promise.all(
    keys.flatMap(({ key, name }) => [
      ask(key, 'GET', '/api/v1').then(({ json }) => [name, json]),
      ask(`${key.slice(0, -43)}${'A'.repeat(43)}`, 'GET', '/api/v1').then(({ status }) => status),
    ]),
  );
  for (const [index, answer] of answers.entries())
    if (index % 2 === 1) expect(answer).toBe(401);
    else {
      const [name, json] = answer as [string, object];
      expect(json).toMatchObject({ you: { name } });
    }
});

test('what each role may do is written down for every route that there is', async () => {
  const { registry } = await startPrivate({ page: await builtPage() });
  for (const [method, , route] of routesOf(registry)) {
    const url = route.replace('/{*}', '/*').replace(/\{(\w+)\}/g, ':$1');
    expect(isNamed(method, url), `${method} ${url}`).toBe(true);
  }
});

test('an open network asks nobody for a key', async () => {
  const { port } = await startRegistry();
  const { json } = await call(port, 'GET', '/api/v1');
  expect(json).not.toHaveProperty('private');
  expect(await call(port, 'GET', '/api/v1/keys')).toMatchObject({ status: 404 });
});
