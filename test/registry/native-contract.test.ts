// The native contract over real HTTP: leases, catalogues in bulk, contents, search; and that both
// contracts read and write one index.
import { expect, test } from 'vitest';
import { connectRegistry } from '../../src/client/registry-client.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { identityOf } from '../harness/identities.ts';
import { startRegistry } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { call, expectProblem } from './calling.ts';

const ID = identityOf('Ann').peerId;
const OTHER_ID = identityOf('Bob').peerId;
const ROOT = '0123456789abcdef'.repeat(4);
const OTHER_ROOT = 'f'.repeat(64);
const PEER = `/api/v1/peers/${ID}`;
const OTHER = `/api/v1/peers/${OTHER_ID}`;
/** What is known of a source that registered through the exercise's contract. */
const UNTOLD = { contract: 'exercise', peerId: null, size: null, modified: null, root: null };
const LEASE_SECONDS = 10;
const KEPT_MS = 15 * 60 * 1000;
const here = (port: number) => ({ ipAddress: '127.0.0.1', port });

const clock = {
  time: 1_700_000_000_000,
  now(): number {
    return this.time;
  },
};

async function started(options: Parameters<typeof startRegistry>[0] = {}) {
  const { port, url } = await startRegistry({
    ...{ clock, leaseSeconds: LEASE_SECONDS, probeEveryMs: 3_600_000 },
    ...options,
  });
  const json = async (path: string) => (await call(port, 'GET', path)).json;
  const announce = (peer: string, body: object) => call(port, 'PUT', peer, { body });
  const change = (peer: string, revision: number, offered: string[], rest: object = {}) =>
    call(port, 'PATCH', `${peer}/catalogue`, {
      body: {
        revision,
        offered: offered.map((name) => ({ name, size: 5, modified: 7 })),
        withdrawn: [],
        ...rest,
      },
    });
  const tell = (peer: string, revision: number, ...entries: { name: string; root: string }[]) =>
    change(peer, revision, [], {
      offered: entries.map((entry) => ({ size: 5, modified: 7, ...entry })),
    });
  return { port, url, json, announce, change, tell };
}

test('a registry says what it is', async () => {
  const { json } = await started();
  expect(await json('/api/v1')).toEqual({
    service: 'sp2p-registry',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    leaseSeconds: LEASE_SECONDS,
  });
});

test('a peer makes itself known at the address that it calls from', async () => {
  const { json, announce, change } = await started();
  expect((await announce(PEER, { port: 7771, displayName: 'Ann’s \u202egnp.exe' })).json).toEqual({
    endpoint: here(7771),
    leaseSeconds: LEASE_SECONDS,
    revision: 0,
  });
  expect((await change(PEER, 0, ['e\u0301', 'sub/b'])).json).toEqual({ revision: 1 });
  expect((await announce(PEER, { port: 7771 })).json).toMatchObject({ revision: 1 });
  expect(await json('/api/v1/names/%C3%A9')).toEqual({
    name: 'é',
    versions: [],
    sources: [
      ...[
        { endpoint: here(7771), contract: 'native', peerId: ID, size: 5, modified: 7, root: null },
      ],
    ],
  });
  expect(await json('/api/v1/names/nobody%20has%20it')).toEqual({
    name: 'nobody has it',
    versions: [],
    sources: [],
  });
});

test('a name that tries to deceive a terminal is shown for what it is', async () => {
  const { json, announce } = await started();
  await announce(PEER, { port: 7771, displayName: 'Ann \u001b[2J\u202e' });
  expect(await json('/api/v1/peers')).toMatchObject({
    peers: [{ displayName: 'Ann \\u{1b}[2J\\u{202e}' }],
  });
});

test('what comes through one contract is found and taken away through the other', async () => {
  const { port, json, announce, change } = await started();
  await announce(PEER, { port: 7771 });
  await change(PEER, 0, ['native']);
  const exercise = (method: string, name: string) =>
    call(port, method, `/api/Registers/${name}`, { body: here(7771) });

  expect(await json('/api/Registers/native')).toEqual([here(7771)]);
  expect((await exercise('POST', 'native')).text).toBe('0');
  expect((await exercise('PUT', 'native')).text).toBe('1');
  expect(await json('/api/v1/names/native')).toMatchObject({ sources: [] });

  expect((await exercise('POST', 'by%20hand')).text).toBe('1');
  expect(await json('/api/v1/names/by%20hand')).toEqual({
    name: 'by hand',
    versions: [],
    sources: [{ ...UNTOLD, endpoint: here(7771) }],
  });
  expect(await json('/api/v1/search?text=HAND')).toEqual({
    found: [{ name: 'by hand', size: null, modified: null, holders: 1, versions: 0, root: null }],
    more: false,
    next: null,
  });
  // Its revision has grown with what was taken from it.
  expectProblem(await change(PEER, 1, ['native again']), 409, 'revision-mismatch');
  await change(PEER, 2, ['native again']);
  expect(await json('/api/Registers')).toEqual([
    { name: 'by hand', endpoints: [here(7771)] },
    { name: 'native again', endpoints: [here(7771)] },
  ]);
});

test('a silent peer is in no answer after its lease, and comes back with its catalogue', async () => {
  const { json, announce, change } = await started();
  await announce(PEER, { port: 7771 });
  await change(PEER, 0, ['a']);
  const answers = () =>
    Promise.all(
      ['Registers/a', 'Registers', 'v1/names/a', 'v1/search?text=a', 'v1/peers'].map((path) =>
        json(`/api/${path}`),
      ),
    );
  const nothing = [
    [],
    [],
    { name: 'a', versions: [], sources: [] },
    { found: [], more: false, next: null },
    { peers: [], more: false },
  ];
  clock.time += LEASE_SECONDS * 1000 - 1;
  const something = await answers();
  expect(JSON.stringify(something).match(/7771/g)).toHaveLength(4);
  clock.time += 1;
  expect(await answers()).toEqual(nothing);
  clock.time += KEPT_MS;
  expect((await announce(PEER, { port: 7771 })).json).toMatchObject({ revision: 1 });
  expect(await answers()).toEqual(something);
});

test('a peer that stays away is forgotten, and one that was there just now is not', async () => {
  const file = `${await temporaryFolder()}/index.sqlite`;
  const before = await startRegistry({ clock, leaseSeconds: 1, store: new SqliteStore(file) });
  const announceAt = (port: number, peer: string, own: number) =>
    call(port, 'PUT', peer, { body: { port: own } });
  await announceAt(before.port, PEER, 7771);
  clock.time += KEPT_MS / 2;
  await announceAt(before.port, OTHER, 7772);
  await before.registry.stop();

  // Upkeep begins with the start.
  clock.time += KEPT_MS / 2 + 1001;
  const store = new SqliteStore(file);
  const after = await startRegistry({ clock, leaseSeconds: 1, store });
  await expect.poll(() => store.endpointOfPeer(ID), { timeout: 20_000 }).toBeUndefined();
  expect(await store.endpointOfPeer(OTHER_ID)).toEqual(here(7772));
  const body = { revision: 0, offered: [], withdrawn: [] };
  expectProblem(
    await call(after.port, 'PATCH', `${PEER}/catalogue`, { body }),
    404,
    'unknown-peer',
  );
});

test('a lost update is noticed: another revision is refused, and a reset repairs it', async () => {
  const { json, announce, change } = await started();
  await announce(PEER, { port: 7771 });
  expect((await change(PEER, 0, ['a', 'b'])).json).toEqual({ revision: 1 });
  for (const revision of [0, 2, Number.MAX_SAFE_INTEGER]) {
    const refused = await change(PEER, revision, ['c']);
    expectProblem(refused, 409, 'revision-mismatch');
    expect(refused.json).toMatchObject({ revision: 1 });
  }
  const at = clock.time;
  expect((await change(PEER, 77, ['c'], { reset: true })).json).toEqual({ revision: at });
  expect(await json('/api/Registers')).toEqual([{ name: 'c', endpoints: [here(7771)] }]);
  // Both in one change: it is offered.
  await change(PEER, at, ['c', 'd'], { withdrawn: ['c', 'never there'] });
  expect(await json('/api/v1/peers')).toMatchObject({ peers: [{ names: 2 }] });
});

test('a change with one bad name changes nothing', async () => {
  const { json, announce, change } = await started();
  await announce(PEER, { port: 7771 });
  expectProblem(await change(PEER, 0, ['good', '../bad']), 400, 'bad-name');
  expectProblem(await change(PEER, 0, ['good'], { withdrawn: ['a\u0000'] }), 400, 'bad-name');
  expect(await json('/api/Registers')).toEqual([]);
  expect((await change(PEER, 0, ['good'])).json).toEqual({ revision: 1 });
});

test('a peer may not offer more names than the limit, through either contract', async () => {
  const store = new SqliteStore(':memory:', { maxNamesPerPeer: 3 });
  const { port, json, announce, change } = await started({ store });
  await announce(PEER, { port: 7771 });
  await change(PEER, 0, ['a', 'b', 'c']);
  expectProblem(await change(PEER, 1, ['d']), 422, 'too-many-names');
  expect((await change(PEER, 1, ['d'], { withdrawn: ['a'] })).json).toEqual({ revision: 2 });
  expect(await json('/api/v1/peers')).toMatchObject({ peers: [{ names: 3 }] });
  const register = (name: string) =>
    call(port, 'POST', `/api/Registers/${name}`, { body: here(7772) });
  for (const name of ['a', 'b', 'c']) expect((await register(name)).text).toBe('1');
  expectProblem(await register('d'), 422, 'too-many-names');
  expect((await register('a')).text).toBe('0');
});

test('a peer that goes takes everything along, and is unknown after it', async () => {
  const { port, json, announce, change } = await started();
  await announce(PEER, { port: 7771 });
  await change(PEER, 0, ['a']);
  expect(await call(port, 'DELETE', PEER)).toMatchObject({ status: 204, text: '' });
  expect(await json('/api/Registers')).toEqual([]);
  expectProblem(await call(port, 'DELETE', PEER), 404, 'unknown-peer');
  expectProblem(await change(PEER, 1, ['a']), 404, 'unknown-peer');
  expect((await announce(PEER, { port: 7771 })).json).toMatchObject({ revision: 0 });
});

test('of two peers at one endpoint the later one is there', async () => {
  const { json, announce, change } = await started();
  await announce(PEER, { port: 7771 });
  await change(PEER, 0, ['old', 'both']);
  await announce(OTHER, { port: 7771 });
  await change(OTHER, 0, ['both']);
  expect(await json('/api/Registers')).toEqual([{ name: 'both', endpoints: [here(7771)] }]);
  expectProblem(await change(PEER, 1, ['more']), 404, 'unknown-peer');
});

test('peers and what is found come up to the limit, and it is said that there is more', async () => {
  const { json, announce, change } = await started();
  await announce(PEER, { port: 7771, displayName: 'Ann' });
  await announce(OTHER, { port: 7772 });
  await change(PEER, 0, ['map']);
  await change(OTHER, 0, ['road map', 'map']);
  const ann = {
    endpoint: here(7771),
    contract: 'native',
    peerId: ID,
    displayName: 'Ann',
    names: 1,
  };
  const told = { contract: 'native', peerId: OTHER_ID, displayName: null, names: 2 };
  const other = { endpoint: here(7772), ...told };
  expect(await json('/api/v1/peers')).toEqual({ peers: [other, ann], more: false });
  expect(await json('/api/v1/peers?limit=1')).toEqual({ peers: [other], more: true });
  const untold = { size: 5, modified: 7, versions: 0, root: null };
  const map = { name: 'map', holders: 2, ...untold };
  const roadMap = { name: 'road map', holders: 1, ...untold };
  expect(await json('/api/v1/search?text=Map')).toEqual({
    found: [map, roadMap],
    more: false,
    next: null,
  });
  expect(await json('/api/v1/search?text=m%C3%A0p+road')).toMatchObject({ found: [roadMap] });
  expect(await json('/api/v1/search?text=map&limit=1')).toMatchObject({
    ...{ found: [map], more: true, next: expect.any(String) as string },
  });
});

test('a name is answered with its contents, and a content with all who hold it', async () => {
  const { port, url, json, announce, tell } = await started();
  await announce(PEER, { port: 7771 });
  await announce(OTHER, { port: 7772 });
  await tell(PEER, 0, { name: 'a', root: ROOT }, { name: 'copy', root: ROOT });
  await tell(OTHER, 0, { name: 'a', root: OTHER_ROOT }, { name: 'z', root: ROOT });
  await call(port, 'POST', '/api/Registers/a', { body: here(7773) });

  const versions = [
    { root: ROOT, size: 5, modified: 7, holders: 2 },
    { root: OTHER_ROOT, size: 5, modified: 7, holders: 1 },
  ];
  const told = { contract: 'native', size: 5, modified: 7 };
  const sources = [
    { endpoint: here(7771), peerId: ID, ...told, root: ROOT },
    { endpoint: here(7772), peerId: OTHER_ID, ...told, root: OTHER_ROOT },
    { ...UNTOLD, endpoint: here(7773) },
  ];
  const name = (await json('/api/v1/names/a')) as { sources: unknown[] };
  expect(name).toMatchObject({ name: 'a', versions });
  expect(name.sources).toHaveLength(3);
  expect(name.sources).toEqual(expect.arrayContaining(sources));

  const content = { root: ROOT, size: 5, holders: 2, partial: 0, names: ['a', 'copy', 'z'] };
  const holders = [
    { endpoint: here(7771), peerId: ID, complete: true },
    { endpoint: here(7772), peerId: OTHER_ID, complete: true },
  ];
  const whole = (await json(`/api/v1/contents/${ROOT}`)) as { sources: unknown[] };
  expect(whole).toEqual({ ...content, sources: expect.any(Array) as unknown[] });
  expect(whole.sources).toHaveLength(2);
  expect(whole.sources).toEqual(expect.arrayContaining(holders));
  const one = (await json(`/api/v1/contents/${ROOT}?limit=1`)) as { sources: unknown[] };
  expect(one).toMatchObject(content);
  expect(one.sources).toHaveLength(1);

  expect(await json('/api/v1/search?text=a')).toMatchObject({
    found: [{ name: 'a', holders: 3, versions: 2, root: null }],
  });
  expect(await json('/api/v1/search?text=copy')).toMatchObject({
    found: [{ name: 'copy', holders: 1, versions: 1, root: ROOT }],
  });

  const client = await connectRegistry({ url });
  expect((await client.lookUp('a')).versions).toEqual(versions);
  expect(client.contract === 'native' && (await client.contentOf(ROOT, 10))).toMatchObject(content);
});

test('a content that nobody holds is answered without holders', async () => {
  const { json, announce, tell } = await started();
  const nobody = { root: ROOT, size: null, holders: 0, partial: 0, names: [], sources: [] };
  expect(await json(`/api/v1/contents/${ROOT}`)).toEqual(nobody);
  await announce(PEER, { port: 7771 });
  await tell(PEER, 0, { name: 'a', root: ROOT });
  expect(await json(`/api/v1/contents/${ROOT}`)).toMatchObject({ holders: 1 });
  clock.time += LEASE_SECONDS * 1000;
  expect(await json(`/api/v1/contents/${ROOT}`)).toEqual(nobody);
});

test('a downloader is told as a source of its content, and under no name', async () => {
  const { port, url, json, announce, tell } = await started();
  await announce(PEER, { port: 7771 });
  await announce(OTHER, { port: 7772 });
  await tell(PEER, 0, { name: 'a', root: ROOT });
  const others = () =>
    Promise.all(
      ['Registers/a', 'Registers', 'v1/names/a', 'v1/search?text=a'].map((path) =>
        json(`/api/${path}`),
      ),
    );
  const before = await others();
  const held = `${OTHER}/contents/${ROOT}`;
  const content = { root: ROOT, size: 5, names: ['a'] };
  for (const [complete, counts] of [
    [false, { holders: 1, partial: 1 }],
    [false, { holders: 1, partial: 1 }],
    [true, { holders: 2, partial: 0 }],
  ] as const) {
    const answer = await call(port, 'PUT', held, { body: { complete } });
    expect(answer).toMatchObject({ status: 204, text: '' });
    expect(await json(`/api/v1/contents/${ROOT}`)).toEqual({
      ...{ ...content, ...counts },
      sources: expect.toSatisfy((sources: unknown[]) => sources.length === 2) as unknown[],
    });
    expect(await json(`/api/v1/contents/${ROOT}`)).toMatchObject({
      sources: expect.arrayContaining([
        { endpoint: here(7771), peerId: ID, complete: true },
        { endpoint: here(7772), peerId: OTHER_ID, complete },
      ]) as unknown[],
    });
    expect(await others()).toEqual(before);
  }
  for (let times = 0; times < 2; times++)
    expect(await call(port, 'DELETE', held)).toMatchObject({ status: 204, text: '' });
  expect(await json(`/api/v1/contents/${ROOT}`)).toMatchObject({ holders: 1, partial: 0 });

  const client = await connectRegistry({ url });
  if (client.contract === 'exercise') expect.fail();
  const other = client.as(identityOf('Bob'));
  await other.holdContent(OTHER_ROOT, false);
  expect(await client.contentOf(OTHER_ROOT, 10)).toEqual({
    ...{ root: OTHER_ROOT, size: null, holders: 0, partial: 1, names: [] },
    sources: [{ endpoint: here(7772), peerId: OTHER_ID, complete: false }],
  });
  await other.letContentGo(OTHER_ROOT);
  expect(await client.contentOf(OTHER_ROOT, 10)).toMatchObject({ sources: [] });
});

test('an unknown peer holds nothing, and a known one not too much', async () => {
  const store = new SqliteStore(':memory:', { maxContentsPerPeer: 1 });
  const { port, announce } = await started({ store });
  const hold = (root: string) =>
    call(port, 'PUT', `${PEER}/contents/${root}`, { body: { complete: true } });
  expectProblem(await hold(ROOT), 404, 'unknown-peer');
  expect((await call(port, 'DELETE', `${PEER}/contents/${ROOT}`)).status).toBe(204);
  await announce(PEER, { port: 7771 });
  expect((await hold(ROOT)).status).toBe(204);
  expectProblem(await hold(OTHER_ROOT), 422, 'too-many-contents');
  expect((await hold(ROOT)).status).toBe(204);
});

test('20,000 names of one peer are all found', async () => {
  const { json, announce, change } = await started();
  await announce(PEER, { port: 7771 });
  const names = Array.from({ length: 20_000 }, (_, index) => `dir/file ${index}.txt`);
  for (let at = 0; at < names.length; at += 5_000)
    expect((await change(PEER, at / 5_000, names.slice(at, at + 5_000))).status).toBe(200);
  expect(await json('/api/v1/peers')).toMatchObject({ peers: [{ names: 20_000 }] });

  const listed = new Set<string>();
  for (let after = '', pages = 0; pages < 21; pages++) {
    const query = new URLSearchParams({ after, limit: '1000' }).toString();
    const page = (await json(`/api/Registers?${query}`)) as { name: string }[];
    for (const { name } of page) listed.add(name);
    after = page.at(-1)?.name ?? after;
  }
  expect([...listed].sort()).toEqual(names.toSorted());
  expect(await json('/api/v1/search?text=FILE+19999')).toMatchObject({
    found: [{ name: 'dir/file 19999.txt' }],
  });
  expect((await change(PEER, 4, [], { withdrawn: names.slice(1, 5_000) })).status).toBe(200);
  expect(await json('/api/v1/peers')).toMatchObject({ peers: [{ names: 15_001 }] });
});
