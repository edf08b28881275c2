// The SQLite engine: the contract of every engine, and what only a file can do: outlive the process,
// be unreadable, be of another version.
import fc from 'fast-check';
import { DatabaseSync } from 'node:sqlite';
import { mkdir, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { STEPS } from '../../src/registry/store/sqlite-schema.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { sourcesOf, versionsOf } from './looking-up.ts';
import { accessContract } from './access-contract.ts';
import { storeContract } from './store-contract.ts';
import {
  expectToMatchPlainStore,
  MAX_CONTENTS,
  MAX_NAMES,
  operations,
} from './store-operations.ts';

storeContract('SQLite', (limits) => Promise.resolve(new SqliteStore(':memory:', limits)));
storeContract('SQLite that keeps little in memory', (limits) =>
  Promise.resolve(new SqliteStore(':memory:', { ...limits, maxRecent: 0 })),
);
accessContract('SQLite', () => Promise.resolve(new SqliteStore(':memory:')));

const NOW = 1_700_000_000_000;
const A = { ipAddress: '192.0.2.1', port: 7771 };
const PEER = '0123456789abcdef'.repeat(2);
const ROOT = '0123456789abcdef'.repeat(4);
const OTHER_ROOT = 'f'.repeat(64);

async function opened(file: string): Promise<SqliteStore> {
  const store = new SqliteStore(file);
  onTestFinished(() => store.stop());
  await store.start();
  return store;
}

test('what was registered is there after a restart, in a folder that did not exist', async () => {
  const file = `${await temporaryFolder()}/not/yet/index.sqlite`;
  const first = await opened(file);
  await first.register('by hand', A, NOW);
  const peer = { peerId: PEER, endpoint: { ...A, port: 1 }, displayName: 'Ann' };
  await first.renewLease(peer, NOW + 1000);
  const entry = { name: 'native', size: 5, modified: 7, root: ROOT };
  await first.changeCatalogue(PEER, { revision: 0, offered: [entry], withdrawn: [] }, NOW);
  await first.holdContent(PEER, OTHER_ROOT, false);
  await first.stop();

  const second = await opened(file);
  expect(await second.endpointsOf('by hand', NOW)).toEqual([A]);
  expect((await second.search({ text: 'native' }, 1, NOW)).found).toEqual([
    { ...entry, holders: 1, versions: 1 },
  ]);
  expect(await second.contentOf(OTHER_ROOT, 1, NOW)).toMatchObject({ holders: 0, partial: 1 });
  expect(await second.renewLease(peer, NOW + 2000)).toBe(1);
});

test('a lease that was renewed in passing is in the file soon, and when it is closed', async () => {
  const file = `${await temporaryFolder()}/index.sqlite`;
  const store = await opened(file);
  const other = new DatabaseSync(file);
  onTestFinished(() => {
    other.close();
  });
  const kept = () => other.prepare('SELECT expires_at FROM peers').get()?.['expires_at'];
  const peer = { peerId: PEER, endpoint: A, displayName: undefined };
  await store.renewLease(peer, NOW + 1000);
  expect(await store.renewRunning(peer, NOW, NOW + 2000)).toBe(0);
  await expect.poll(kept, { timeout: 10_000 }).toBe(NOW + 2000);
  expect(await store.renewRunning(peer, NOW, NOW + 3000)).toBe(0);
  await store.stop();
  expect(kept()).toBe(NOW + 3000);
});

test('a change that was taken back leaves what is known of a peer as it was', async () => {
  const store = await opened(':memory:');
  const peer = { peerId: PEER, endpoint: A, displayName: undefined };
  await store.renewLease(peer, NOW + 1000);
  const offered = [{ name: 'a', size: 5, modified: 7 }];
  await store.changeCatalogue(PEER, { revision: 0, offered, withdrawn: [] }, NOW);
  expect(await store.renewRunning(peer, NOW, NOW + 2000)).toBe(1);
  const late = store.changeCatalogue(PEER, { revision: 0, offered: [], withdrawn: [] }, NOW);
  await expect(late).rejects.toMatchObject({ code: 'revision-mismatch' });
  expect(await store.endpointsOf('a', NOW + 1999)).toEqual([A]);
  expect(await store.renewRunning(peer, NOW, NOW + 3000)).toBe(1);
});

test('however often it is closed, no name stays without a holder, nothing is found that is not there, and every peer’s count is true', async () => {
  const maxRecent = fc.integer({ min: 0, max: 4 });
  const each = fc.integer({ min: 1, max: 60 });
  await fc.assert(
    fc.asyncProperty(operations, maxRecent, each, async (todo, maxRecent, each) => {
      const file = `${await temporaryFolder()}/index.sqlite`;
      const limits = { maxNamesPerPeer: MAX_NAMES, maxContentsPerPeer: MAX_CONTENTS, maxRecent };
      let store = new SqliteStore(file, limits);
      await store.start();
      let done = 0;
      await expectToMatchPlainStore(store, todo, async () => {
        if (++done % each > 0) return store;
        await store.stop();
        store = new SqliteStore(file, limits);
        await store.start();
        return store;
      });
      await store.stop();
      const database = new DatabaseSync(file, { readOnly: true });
      const count = (sql: string) =>
        database.prepare(`SELECT count(*) AS n FROM ${sql}`).get()?.['n'];
      expect(count('names WHERE id NOT IN (SELECT name FROM offers)')).toBe(0);
      expect(count('offers WHERE name NOT IN (SELECT id FROM names)')).toBe(0);
      expect(
        count('peers WHERE names <> (SELECT count(*) FROM offers WHERE peer = peers.id)'),
      ).toBe(0);
      expect(count("peers WHERE contract = 'exercise' AND names = 0")).toBe(0);
      const named = 'SELECT id FROM names n WHERE n.id = t.id AND n';
      expect(count(`by_name t WHERE NOT EXISTS (${named}.name = t.name)`)).toBe(0);
      expect(count(`by_leaf t WHERE NOT EXISTS (${named}.leaf = t.leaf)`)).toBe(0);
      const noted = 'AND id NOT IN (SELECT name FROM recent)';
      expect(count(`names WHERE id NOT IN (SELECT id FROM by_name) ${noted}`)).toBe(0);
      expect(count(`names WHERE id NOT IN (SELECT id FROM by_leaf) ${noted}`)).toBe(0);
      const rooted = 'SELECT root, peer, name, size FROM';
      expect(count(`(${rooted} by_root EXCEPT ${rooted} offers WHERE root IS NOT NULL)`)).toBe(0);
      expect(
        count(
          `(${rooted} offers o WHERE root IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM recent r WHERE r.name = o.name AND r.peer = o.peer
           ) EXCEPT ${rooted} by_root)`,
        ),
      ).toBe(0);
      expect(count('holdings WHERE peer NOT IN (SELECT id FROM peers)')).toBe(0);
      expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
      database.close();
    }),
    { numRuns: 15 },
  );
});

test('data from before there were roots are kept, and take roots from then on', async () => {
  const file = `${await temporaryFolder()}/index.sqlite`;
  const former = new DatabaseSync(file);
  former.exec(STEPS[0] ?? expect.fail());
  former.exec(`
    PRAGMA user_version = 1;
    INSERT INTO peers (id, contract, peer_id, ip_address, port, revision, expires_at, names) VALUES
      (1, 'exercise', NULL, '192.0.2.1', 7771, 0, NULL, 1),
      (2, 'native', '${PEER}', '192.0.2.1', 1, 3, ${NOW + 1000}, 1);
    INSERT INTO names (id, name, folded) VALUES (1, 'by hand', 'BY HAND'), (2, 'native', 'NATIVE');
    INSERT INTO offers (name, peer, size, modified) VALUES (1, 1, NULL, NULL), (2, 2, 5, 7);
  `);
  former.close();

  const store = await opened(file);
  const facts = { size: 5, modified: 7 };
  const entry = { name: 'native', ...facts };
  const source = { endpoint: { ...A, port: 1 }, contract: 'native', peerId: PEER, ...facts };
  expect(await store.endpointsOf('by hand', NOW)).toEqual([A]);
  expect(await sourcesOf(store, 'native', 10, NOW)).toEqual([{ ...source, root: null }]);
  expect(await versionsOf(store, 'native', 10, NOW)).toEqual([]);
  expect((await store.search({ text: 'native' }, 1, NOW)).found).toEqual([
    { ...entry, holders: 1, versions: 0, root: null },
  ]);
  const offered = [{ ...entry, root: ROOT }];
  expect(await store.changeCatalogue(PEER, { revision: 3, offered, withdrawn: [] }, NOW)).toBe(4);
  expect(await store.contentOf(ROOT, 10, NOW)).toMatchObject({ holders: 1, names: ['native'] });
  expect(await store.peers(10, NOW)).toMatchObject([{ names: 1 }, { names: 1 }]);
});

test('data from before downloaders were sources are kept, and take them from then on', async () => {
  const file = `${await temporaryFolder()}/index.sqlite`;
  const former = new DatabaseSync(file);
  for (const step of STEPS.slice(0, 2)) former.exec(step);
  former.exec(`
    PRAGMA user_version = 2;
    INSERT INTO peers (id, contract, peer_id, ip_address, port, revision, expires_at, names) VALUES
      (1, 'native', '${PEER}', '192.0.2.1', 7771, 3, ${NOW + 1000}, 1);
    INSERT INTO names (id, name, folded) VALUES (1, 'a', 'A');
    INSERT INTO offers (name, peer, size, modified, root) VALUES (1, 1, 5, 7, x'${ROOT}');
  `);
  former.close();

  const store = await opened(file);
  const sources = [{ endpoint: A, peerId: PEER, complete: true }];
  const content = { size: 5, holders: 1, partial: 0, names: ['a'], sources };
  expect(await store.contentOf(ROOT, 10, NOW)).toEqual({ root: ROOT, ...content });
  await store.holdContent(PEER, OTHER_ROOT, false);
  expect(await store.contentOf(OTHER_ROOT, 10, NOW)).toMatchObject({ holders: 0, partial: 1 });
});

test('of two registries with one index the second is refused, until the first is gone', async () => {
  const file = `${await temporaryFolder()}/index.sqlite`;
  const first = await opened(file);
  await first.register('a', A, NOW);
  const second = new SqliteStore(file);
  await expect(second.start()).rejects.toMatchObject({
    code: 'data-in-use',
    message: expect.stringContaining(file) as string,
  });
  await second.stop();
  expect(await first.endpointsOf('a', NOW)).toEqual([A]);
  await first.stop();
  expect(await (await opened(file)).endpointsOf('a', NOW)).toEqual([A]);
});

test('data of a newer version is refused and left as it is', async () => {
  const file = `${await temporaryFolder()}/index.sqlite`;
  const store = await opened(file);
  await store.register('a', A, NOW);
  await store.stop();
  const pretend = (version: number) => {
    const database = new DatabaseSync(file);
    const before = database.prepare('PRAGMA user_version').get()?.['user_version'] as number;
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
    return before;
  };
  const known = pretend(4711);
  await expect(new SqliteStore(file).start()).rejects.toMatchObject({
    code: 'cannot-open-data',
    message: expect.stringContaining('newer version') as string,
  });
  pretend(known);
  expect(await (await opened(file)).endpointsOf('a', NOW)).toEqual([A]);
});

test.each([
  ['a file is where the folder should be', (folder: string) => writeFile(`${folder}/data`, '')],
  [
    'the index is a folder',
    (folder: string) => mkdir(`${folder}/data/index.sqlite`, { recursive: true }),
  ],
  [
    'the index is something else',
    async (folder: string) => {
      await mkdir(`${folder}/data`);
      await writeFile(`${folder}/data/index.sqlite`, 'no database '.repeat(1000));
    },
  ],
])('data that cannot be opened are named: %s', async (_what, prepare) => {
  const folder = await temporaryFolder();
  await prepare(folder);
  const store = new SqliteStore(`${folder}/data/index.sqlite`);
  await expect(store.start()).rejects.toMatchObject({
    code: 'cannot-open-data',
    message: expect.stringContaining(`${folder}/data`) as string,
  });
  await store.stop();
});

test('a change that fails half way is taken back whole', async () => {
  const store = await opened(':memory:');
  await store.renewLease({ peerId: PEER, endpoint: A, displayName: undefined }, NOW + 1);
  const offered = ['a', 'b'].map((name) => ({ name, size: 1, modified: 1 }));
  // No route lets this pass; it stands for any failure of the engine itself.
  const broken = { name: 'c', size: 0.5, modified: 1 };
  const change = { revision: 0, offered: [...offered, broken], withdrawn: [] };
  await expect(store.changeCatalogue(PEER, change, NOW)).rejects.toThrow();
  expect(await store.listNames('', 10, NOW)).toEqual([]);
  expect(await store.changeCatalogue(PEER, { ...change, offered }, NOW)).toBe(1);
});

test('names are found alike before and after they are in trigrams, and not at all once they are gone', async () => {
  const file = `${await temporaryFolder()}/index.sqlite`;
  const store = await opened(file);
  await store.renewLease({ peerId: PEER, endpoint: A, displayName: undefined }, NOW + 1);
  const words = ['Été', 'winter', 'ΟΔΟΣ'];
  const offered = Array.from({ length: 900 }, (_, index) => ({
    ...{ name: `${words[index % 3] ?? ''}/"${index}" it's`, size: index, modified: index },
  }));
  await store.changeCatalogue(PEER, { revision: 0, offered, withdrawn: [] }, NOW);
  const asked = ['été', 'winter 12', 'οδος "7', `it's`, '"899"', 'winter été', 'nter/'];
  const answers = async () => {
    const all: string[][] = [];
    for (const text of asked) {
      const { found } = await store.search({ text }, 1_000, NOW);
      all.push(found.map(({ name }) => name).sort());
    }
    return all;
  };
  const before = await answers();
  expect(before.map(({ length }) => length)).toEqual([300, 6, 36, 900, 1, 0, 300]);
  const beside = new DatabaseSync(file);
  const waiting = () => beside.prepare('SELECT count(*) AS count FROM ungrammed').get()?.['count'];
  await expect.poll(waiting, { timeout: 20_000 }).toBe(0);
  beside.close();
  expect(await answers()).toEqual(before);
  const gone = offered.filter(({ size }) => size % 2 === 0).map(({ name }) => name);
  await store.changeCatalogue(PEER, { revision: 1, offered: [], withdrawn: gone }, NOW);
  const isGone = new Set(gone);
  expect(await answers()).toEqual(before.map((names) => names.filter((name) => !isGone.has(name))));
});

test('what goes while it is being put in order is not found again', async () => {
  const file = `${await temporaryFolder()}/index.sqlite`;
  const store = new SqliteStore(file, { maxRecent: 100 });
  onTestFinished(() => store.stop());
  await store.start();
  await store.renewLease({ peerId: PEER, endpoint: A, displayName: undefined }, NOW + 1);
  let revision = 0;
  const change = async (offered: string[], withdrawn: string[] = []) => {
    const entries = offered.map((name) => ({ name, size: 1, modified: 1, root: ROOT }));
    const told = { revision, offered: entries, withdrawn };
    revision = await store.changeCatalogue(PEER, told, NOW);
  };
  const names = Array.from({ length: 100 }, (_, n) => `a/${String(n).padStart(3, '0')}`);
  const beside = new DatabaseSync(file);
  onTestFinished(() => {
    beside.close();
  });
  const inTree = (tree: string) =>
    beside.prepare(`SELECT count(*) AS count FROM ${tree}`).get()?.['count'] as number;
  await change(names);
  await change(['b']);
  expect(inTree('by_name')).toBeGreaterThan(0);
  expect(inTree('by_name')).toBeLessThan(100);
  await change([], names);
  for (let n = 0; n < 90; n++) await change([`c/${n}`]);
  expect(inTree('by_root')).toBeGreaterThan(0);
  expect(await store.listNames('', 1_000, NOW)).toHaveLength(91);
  const { found } = await store.search({ text: '09' }, 1_000, NOW);
  expect(found).toEqual([]);
  expect(await store.contentOf(ROOT, 10, NOW)).toMatchObject({ holders: 1 });
  expect(
    (await store.contentOf(ROOT, 10, NOW)).names.filter((name) => names.includes(name)),
  ).toEqual([]);
  expect((await store.counts(NOW)).names).toBe(91);
  expect(await store.contents()).toBe(1);
  for (const tree of ['by_name', 'by_leaf'])
    expect(
      beside
        .prepare(`SELECT count(*) AS count FROM ${tree} WHERE id NOT IN (SELECT id FROM names)`)
        .get(),
    ).toEqual({ count: 0 });
});

test('names that came last are listed past those whose peers are gone', async () => {
  const store = await opened(':memory:');
  const gone = 'e'.repeat(32);
  const names = (peer: string) => Array.from({ length: 30 }, (_, n) => `${n % 10}${peer}${n}`);
  for (const [peerId, port, until] of [
    [gone, 1, NOW],
    [PEER, 2, NOW + 1],
  ] as const) {
    const endpoint = { ...A, port };
    await store.renewLease({ peerId, endpoint, displayName: undefined }, until);
    const offered = names(peerId).map((name) => ({ name, size: 1, modified: 1 }));
    await store.changeCatalogue(peerId, { revision: 0, offered, withdrawn: [] }, NOW - 1);
  }
  const listed: string[] = [];
  for (;;) {
    const page = await store.listNames(listed.at(-1) ?? '', 7, NOW);
    listed.push(...page.map(({ name }) => name));
    if (page.length < 7) break;
  }
  expect(listed).toEqual(names(PEER).sort());
});

test('names that came last are listed past those whose peers are gone, while some are being put in order', async () => {
  const store = new SqliteStore(':memory:', { maxRecent: 30 });
  onTestFinished(() => store.stop());
  await store.start();
  const gone = 'e'.repeat(32);
  const entry = (name: string) => ({ name, size: 1, modified: 1 });
  let revision = 0;
  const offer = async (name: string) => {
    const change = { revision, offered: [entry(name)], withdrawn: [] };
    revision = await store.changeCatalogue(PEER, change, NOW);
  };
  await store.renewLease({ peerId: gone, endpoint: A, displayName: undefined }, NOW);
  await store.renewLease(
    { peerId: PEER, endpoint: { ...A, port: 2 }, displayName: undefined },
    NOW + 1,
  );
  const offered = Array.from({ length: 30 }, (_, n) => entry(`a${n + 10}`));
  await store.changeCatalogue(gone, { revision: 0, offered, withdrawn: [] }, NOW - 1);
  // This one turns the generation; those that follow are too few to bring it in.
  for (const name of ['n', 'z0', 'z1', 'z2']) await offer(name);
  const page = await store.listNames('', 3, NOW);
  expect(page.map(({ name }) => name)).toEqual(['n', 'z0', 'z1']);
});
