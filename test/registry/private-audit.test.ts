// The audit trail of a private network: who registered, asked and was refused, on both engines.
import { describe, expect, test } from 'vitest';
import type { Audit } from '../../src/protocol/access.ts';
import { PostgresStore } from '../../src/registry/store/postgres.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import type { Store } from '../../src/registry/store/store.ts';
import { postgresForTests } from '../harness/postgres.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { startPrivate, type Private } from './private-registry.ts';

const server = postgresForTests();
const ROOT = 'ab'.repeat(32);
const PEER = '0123456789abcdef'.repeat(2);
const ENGINES: Record<string, () => Promise<Store>> = {
  SQLite: async () => new SqliteStore(`${await temporaryFolder()}/index.sqlite`),
  PostgreSQL: async () => new PostgresStore(await server.emptySchema()),
};

async function trailOf({ ask, admin }: Private, query = ''): Promise<Audit> {
  const answer = await ask(admin, 'GET', `/api/v1/audit${query}`);
  expect(answer).toMatchObject({ status: 200 });
  return answer.json as Audit;
}

describe.each(Object.entries(ENGINES))('the audit trail in %s', (_name, storeOf) => {
  test('tells who did what, and who was refused what', async () => {
    const network = await startPrivate({ store: await storeOf() });
    const { ask, admin } = network;
    const ann = await network.keyFor('reader', { name: 'Ann' });
    await ask(ann.key, 'GET', '/api/v1/names/a%20map.txt');
    await ask(ann.key, 'GET', '/api/v1/search?text=summer');
    await ask(ann.key, 'POST', '/api/v1/tickets', { body: { root: ROOT, asker: PEER } });
    await ask(ann.key, 'GET', '/api/v1/keys');
    await ask(undefined, 'GET', '/api/v1/names/b');
    await ask(admin, 'DELETE', `/api/v1/keys/${ann.id}`);
    await ask(ann.key, 'POST', '/api/v1/session', { body: { key: ann.key } });
    const { entries } = await trailOf(network);
    const told = entries.map(({ key, action, subject, outcome }) => [
      ...[key?.name ?? null, action, subject, outcome],
    ]);
    expect(told.toReversed()).toEqual([
      ['administrator', 'create-key', 'Ann', 'done'],
      ['Ann', 'look-up', 'a map.txt', 'done'],
      ['Ann', 'search', 'summer', 'done'],
      ['Ann', 'ticket', ROOT, 'done'],
      ['Ann', 'GET /api/v1/keys', null, 'not-allowed'],
      [null, 'look-up', 'b', 'no-key'],
      ['administrator', 'revoke-key', ann.id, 'done'],
      [null, 'sign-in', null, 'bad-key'],
    ]);
    for (const entry of entries) expect(entry).toMatchObject({ address: '127.0.0.1', count: 1 });
    expect(JSON.stringify(entries)).not.toContain(ann.key.slice(-43));
  });

  test('is read page by page, and survives the registry', async () => {
    const store = await storeOf();
    const first = await startPrivate({ store });
    for (const name of ['a', 'b', 'c'])
      await first.ask(first.admin, 'GET', `/api/v1/names/${name}`);
    await first.registry.stop();
    const second = { ...(await startPrivate({ store })), admin: first.admin };
    const page = await trailOf(second, '?limit=2');
    expect(page.entries.map(({ subject }) => subject)).toEqual(['c', 'b']);
    expect(await trailOf(second, `?limit=2&after=${page.next}`)).toMatchObject({
      ...{ entries: [{ subject: 'a' }], next: null },
    });
  });
});

test('what is alike is counted, and who asks very much pushes nobody else out', async () => {
  const network = await startPrivate();
  const { ask, admin } = network;
  const ann = await network.keyFor('reader', { name: 'Ann' });
  // Before they are written, which is every few seconds.
  await trailOf(network);
  const names = Array.from({ length: 200 }, (_, index) => `${index}`);
  await Promise.all(names.map((name) => ask(ann.key, 'GET', `/api/v1/names/${name}`)));
  await Promise.all([1, 2, 3].map(() => ask(admin, 'GET', '/api/v1/names/same')));
  const { entries } = await trailOf(network);
  const ofAnn = entries.filter(({ key }) => key?.id === ann.id);
  expect(ofAnn.reduce((sum, { count }) => sum + count, 0)).toBe(200);
  expect(ofAnn.some(({ action, subject }) => action === 'more' && subject === null)).toBe(true);
  expect(ofAnn.length).toBeLessThan(160);
  expect(
    entries.filter(({ subject }) => subject === 'same').reduce((sum, { count }) => sum + count, 0),
  ).toBe(3);
});
