// The PostgreSQL engine on a real server: the contract of every engine, and what only a database can do:
// be of another version, lack rights, be used by several at once.
import { expect, onTestFinished, test } from 'vitest';
import { STEPS } from '../../src/registry/store/postgres-schema.ts';
import { PostgresStore } from '../../src/registry/store/postgres.ts';
import { PASSWORD, postgresForTests } from '../harness/postgres.ts';
import { accessContract } from './access-contract.ts';
import { storeContract } from './store-contract.ts';

const server = postgresForTests();

storeContract(
  'PostgreSQL',
  async (limits) => new PostgresStore(await server.emptySchema(), limits),
  8,
);
accessContract('PostgreSQL', async () => new PostgresStore(await server.emptySchema()));

const NOW = 1_700_000_000_000;
const A = { ipAddress: '192.0.2.1', port: 7771 };
const idOf = (index: number) => index.toString(16).padStart(32, '0');
const entry = (name: string) => ({ name, size: 5, modified: 7 });

async function opened(url: string, limits = {}): Promise<PostgresStore> {
  const store = new PostgresStore(url, limits);
  onTestFinished(() => store.stop());
  await store.start();
  return store;
}

async function announced(store: PostgresStore, index: number): Promise<string> {
  const endpoint = { ...A, port: 1 + index };
  await store.renewLease({ peerId: idOf(index), endpoint, displayName: undefined }, NOW + 25_000);
  return idOf(index);
}

/** What only a look at the tables shows. */
async function expectSoundTables(url: string): Promise<void> {
  const count = async (sql: string) =>
    (await server.query(url, `SELECT count(*)::int AS n FROM ${sql}`))[0]?.['n'];
  expect(await count('names WHERE id NOT IN (SELECT name FROM offers)')).toBe(0);
  expect(
    await count('peers WHERE names <> (SELECT count(*) FROM offers WHERE peer = peers.id)'),
  ).toBe(0);
  expect(await count("peers WHERE contract = 'exercise' AND names = 0")).toBe(0);
}

test('several that begin at once on an empty database make its tables once', async () => {
  const url = await server.emptyDatabase();
  const stores = await Promise.all(Array.from({ length: 5 }, () => opened(url)));
  for (const [index, store] of stores.entries()) await store.register(`${index}`, A, NOW);
  expect(await stores[0]?.listNames('', 10, NOW)).toHaveLength(5);
});

test('a database of a newer version is refused and left as it is', async () => {
  const url = await server.emptySchema();
  await (await opened(url)).register('a', A, NOW);
  await server.query(url, 'UPDATE sp2p_version SET version = 4711');
  await expect(new PostgresStore(url).start()).rejects.toMatchObject({
    code: 'cannot-open-data',
    message: expect.stringContaining('newer version') as string,
  });
  await server.query(url, `UPDATE sp2p_version SET version = ${STEPS.length}`);
  expect(await (await opened(url)).endpointsOf('a', NOW)).toEqual([A]);
});

test('a user who may not make the extension is told what is missing', async () => {
  const url = await server.emptyDatabase();
  await server.query(
    url,
    "CREATE ROLE weak LOGIN PASSWORD 'weak'; GRANT ALL ON SCHEMA public TO weak",
  );
  const weak = url.replace(`postgres:${PASSWORD}@`, 'weak:weak@');
  await expect(new PostgresStore(weak).start()).rejects.toMatchObject({
    code: 'cannot-open-data',
    message: expect.stringContaining('CREATE EXTENSION pg_trgm') as string,
  });
  await server.query(url, 'CREATE EXTENSION pg_trgm');
  expect(await (await opened(weak)).lastChange()).toBe(0);
});

test.each([
  'mysql://a:hush@b/c',
  'a:hush',
  'postgres://user:hush@host:x/d',
  'postgres://u:hush@/d',
])('what is no URL of a database is refused without a word of it: %s', (url) => {
  expect(() => new PostgresStore(url)).toThrow(expect.objectContaining({ code: 'bad-usage' }));
  expect(() => new PostgresStore(url)).toThrow(/^(?!.*hush)/s);
});

test('of two changes of one peer at once one is refused with the revision of the other', async () => {
  const url = await server.emptySchema();
  const stores = [await opened(url), await opened(url)];
  const peerId = await announced(stores[0] ?? expect.fail(), 1);
  for (let revision = 0; revision < 10; revision++) {
    const changes = stores.map((store, index) =>
      store.changeCatalogue(
        peerId,
        { revision, offered: [entry(`${revision} ${index}`)], withdrawn: [] },
        NOW,
      ),
    );
    const done = await Promise.allSettled(changes);
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(done.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'revision-mismatch', facts: { revision: revision + 1 } },
    });
  }
});

test('many peers come and go with the same names at once, and all of it is kept', async () => {
  const url = await server.emptySchema();
  const stores = [await opened(url), await opened(url)];
  const names = Array.from({ length: 300 }, (_, index) => `name ${index}`);
  await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const store = stores[index % stores.length] ?? expect.fail();
      const peerId = await announced(store, index);
      // Each in an order of its own.
      const own = index % 2 === 0 ? names : names.toReversed();
      for (let revision = 0; revision < 12;) {
        const odd = own.filter((_name, at) => (at + index) % 3 === revision % 3);
        const rest = own.filter((name) => !odd.includes(name));
        const change = { revision, offered: odd.map(entry), withdrawn: rest };
        revision = await store.changeCatalogue(peerId, change, NOW);
      }
      const last = { revision: 12, offered: [], withdrawn: names };
      await store.changeCatalogue(peerId, last, NOW);
      if (index % 2 === 0)
        await store.changeCatalogue(
          peerId,
          { revision: 13, offered: own.map(entry), withdrawn: [] },
          NOW,
        );
    }),
  );
  await expectSoundTables(url);
  const listed = await stores[0]?.listNames('', 1_000, NOW);
  expect(listed).toHaveLength(300);
  for (const { endpoints } of listed ?? []) expect(endpoints).toHaveLength(4);
});

test('peers that change places, and one that announces itself everywhere, end up at one endpoint each', async () => {
  const url = await server.emptySchema();
  const stores = [await opened(url), await opened(url)];
  const at = (port: number) => ({ ...A, port });
  for (let round = 0; round < 20; round++) {
    const leases = stores.flatMap((store, index) => [
      store.renewLease(
        { peerId: idOf(1), endpoint: at(1 + ((round + index) % 2)), displayName: '' },
        NOW + 1,
      ),
      store.renewLease(
        { peerId: idOf(2), endpoint: at(2 - ((round + index) % 2)), displayName: '' },
        NOW + 1,
      ),
    ]);
    await Promise.all(leases);
    const endpoints = (await stores[0]?.peers(10, NOW)) ?? [];
    const ports = endpoints.map(({ endpoint }) => endpoint.port);
    expect(new Set(ports).size).toBe(ports.length);
    expect(ports.length).toBeGreaterThan(0);
  }
});

test('an endpoint that registers and deregisters a name everywhere at once is counted right', async () => {
  const url = await server.emptySchema();
  const stores = [await opened(url), await opened(url)];
  for (let round = 0; round < 10; round++) {
    const added = await Promise.all(stores.map((store) => store.register('a', A, NOW)));
    expect(added.toSorted()).toEqual([false, true]);
    const both = stores.flatMap((store) => [
      store.deregister('a', A, NOW),
      store.register('b', A, NOW),
      store.deregister('b', A, NOW),
    ]);
    await Promise.all(both);
    for (const store of stores) await store.deregister('b', A, NOW);
    await expectSoundTables(url);
  }
});

test('changes that end out of order are all told to who follows by number', async () => {
  const url = await server.emptySchema();
  const store = await opened(url);
  const told: string[] = [];
  let last = 0;
  const follow = async () => {
    for (const { id, change } of await store.changesAfter(last, 1_000)) {
      expect(id).toBe(last + 1);
      last = id;
      if (change.kind === 'catalogue') told.push(change.names[0] ?? '');
    }
  };
  const others = [await opened(url), await opened(url)];
  const work = Promise.all(
    Array.from({ length: 120 }, (_, index) =>
      (others[index % 2] ?? expect.fail()).register(`${index}`, { ...A, port: 1 + index }, NOW),
    ),
  );
  const state = { isDone: false };
  const followed = (async () => {
    while (!state.isDone) await follow();
    await follow();
  })();
  await work;
  state.isDone = true;
  await followed;
  expect(told.toSorted()).toEqual(Array.from({ length: 120 }, (_, i) => `${i}`).toSorted());
});

test('a peer with very many names is gone at once, and its names bit by bit', async () => {
  const url = await server.emptySchema();
  const store = await opened(url);
  const names = Array.from({ length: 5_000 }, (_, index) => `name ${index}`);
  const peerId = await announced(store, 1);
  const change = (revision: number, offered: string[], reset = false) =>
    store.changeCatalogue(
      peerId,
      { revision, offered: offered.map(entry), withdrawn: [], reset },
      NOW,
    );
  await change(0, names);
  await change(1, ['one more', 'and another']);
  await store.holdContent(peerId, 'a'.repeat(64), true);
  expect(await change(2, ['name 7'], true)).toBe(NOW);
  expect((await store.listNames('', 10, NOW)).map(({ name }) => name)).toEqual(['name 7']);
  expect(await store.contentOf('a'.repeat(64), 10, NOW)).toMatchObject({ holders: 1 });
  expect(await store.peers(10, NOW)).toMatchObject([{ names: 1 }]);
  await change(NOW, [...names.slice(0, 4_990)]);
  await change(NOW + 1, names.slice(4_990));
  await change(NOW + 2, ['one more']);
  expect(await store.removePeer(peerId)).toBe(true);
  expect(await store.listNames('', 10, NOW)).toEqual([]);
  expect(await store.removePeer(peerId)).toBe(false);
  await announced(store, 1);
  expect(await store.dropExpired(NOW)).toBe(0);
  await expectSoundTables(url);
  expect(await server.query(url, 'SELECT count(*)::int AS n FROM names')).toEqual([{ n: 0 }]);
  expect(await server.query(url, 'SELECT count(*)::int AS n FROM peers')).toEqual([{ n: 1 }]);
});

test('names that are looked up at the same moment are answered each by itself', async () => {
  const store = await opened(await server.emptySchema());
  const names = Array.from({ length: 100 }, (_, index) => `näme "${index}" \\ '`);
  const peers = [await announced(store, 1), await announced(store, 2), await announced(store, 3)];
  for (const [index, peerId] of peers.entries()) {
    const offered = names.map((name) => ({ ...entry(name), root: `${index}`.repeat(64) }));
    await store.changeCatalogue(peerId, { revision: 0, offered, withdrawn: [] }, NOW);
  }
  await store.register('by hand', A, NOW);
  const most = (index: number) => ({ versions: index % 4, sources: (index + 1) % 4 });
  const asked = ['unknown', 'by hand', ...names, ...names];
  const found = await Promise.all(asked.map((name, at) => store.lookUp(name, most(at), NOW)));
  expect(found[0]).toEqual({ versions: [], sources: [] });
  expect(found[1]).toMatchObject({ versions: [], sources: [{ endpoint: A, size: null }] });
  for (const [at, { versions, sources }] of [...found.entries()].slice(2)) {
    expect(versions).toHaveLength(most(at).versions);
    expect(sources).toHaveLength(most(at).sources);
  }
  // Leases run until 25 s after.
  const endpoints = await Promise.all([
    ...names.map((name) => store.endpointsOf(name, NOW)),
    ...names.map((name) => store.endpointsOf(name, NOW + 25_000)),
    store.endpointsOf('by hand', NOW + 25_000),
  ]);
  expect(endpoints.map(({ length }) => length)).toEqual([
    ...names.map(() => 3),
    ...names.map(() => 0),
    1,
  ]);
});

test('what the server knows of the tables is up to date soon after very many names were offered', async () => {
  const url = await server.emptySchema();
  const store = await opened(url);
  const known = async () =>
    server.query(
      url,
      `SELECT relname FROM pg_class
       WHERE relnamespace = current_schema()::regnamespace AND relname IN ('names', 'offers', 'peers')
         AND reltuples > 0 ORDER BY relname`,
    );
  const peerId = await announced(store, 1);
  const names = Array.from({ length: 1_000 }, (_, index) => `name ${index}`);
  const change = (revision: number, some: string[]) =>
    store.changeCatalogue(peerId, { revision, offered: some.map(entry), withdrawn: [] }, NOW);
  await change(0, names.slice(0, 900));
  await store.noticeEndedLeases(NOW);
  expect(await known()).toEqual([]);
  await change(1, names.slice(900));
  await store.noticeEndedLeases(NOW);
  expect(await known()).toEqual([
    { relname: 'names' },
    { relname: 'offers' },
    { relname: 'peers' },
  ]);
});

test('names of any length and script are kept and found', async () => {
  const store = await opened(await server.emptySchema());
  // Folded it is eighteen times as long: more than an index takes.
  const names = [
    'ﷺ'.repeat(300),
    'x'.repeat(1024),
    '日本語.txt',
    'ΟΔΥΣΣΕΥΣ',
    `a/${'%'.repeat(99)}`,
  ];
  for (const name of names) await store.register(name, A, NOW);
  const found = async (text: string) =>
    (await store.search({ text }, 10, NOW)).found.map(({ name }) => name);
  for (const name of names) expect(await found(name.slice(0, 200))).toEqual([name]);
  expect(await found('本')).toEqual(['日本語.txt']);
  expect(await found('δυσς')).toEqual(['ΟΔΥΣΣΕΥΣ']);
  expect(await found('a\0')).toEqual([]);
});

test('what there is is counted: peers in answers, names, leases that run', async () => {
  const store = await opened(await server.emptySchema());
  const peerId = await announced(store, 1);
  const change = { revision: 0, offered: [entry('a'), entry('b')], withdrawn: [] };
  await store.changeCatalogue(peerId, change, NOW);
  await store.register('a', A, NOW);
  expect(await store.counts(NOW)).toEqual({ peers: 2, names: 2, leases: 1 });
  expect(await store.counts(NOW + 25_000)).toEqual({ peers: 1, names: 2, leases: 0 });
});
