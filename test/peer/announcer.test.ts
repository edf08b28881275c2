// What a peer offers and what the registry says it offers: one and the same, soon after anything
// happened to either of them.
import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { AnnouncerState } from '../../src/peer/announcer/announcer.ts';
import { Peer } from '../../src/peer/peer.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { silent, startPeer, startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { startGate, type Refusal } from './gate.ts';

const SOON = { timeout: 15_000, interval: 50 };

/** Names with the ports of those who offer them, as the registry tells everyone. */
async function registered(registry: URL): Promise<Record<string, number[]>> {
  const names: Record<string, number[]> = {};
  let next: string | undefined = '/api/Registers?limit=1000';
  while (next !== undefined) {
    const response: Response = await fetch(new URL(next, registry));
    const page = (await response.json()) as { name: string; endpoints: { port: number }[] }[];
    for (const { name, endpoints } of page) names[name] = endpoints.map(({ port }) => port);
    next = /<([^>]*)>; *rel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
  }
  return names;
}

/** Waits until the registry says that exactly these names are offered, and by this peer alone. */
async function registers(registry: URL, { port }: Peer, names: string[]): Promise<void> {
  const expected = Object.fromEntries(names.map((name) => [name, [port]]));
  await expect.poll(() => registered(registry).catch(() => 'away'), SOON).toEqual(expected);
}

/** A peer that has been started, whether or not there is a registry. */
async function startedPeer(folder: string, registry: URL) {
  const states: AnnouncerState[] = [];
  const peer = new Peer({
    shares: [folder],
    network: { url: registry },
    port: 0,
    host: '127.0.0.1',
    log: silent,
    onState: (state) => states.push(state),
  });
  onTestFinished(() => peer.stop());
  await peer.start();
  return { peer, states };
}

test('what is offered is registered, and follows its changes', async () => {
  const { url } = await startRegistry();
  const folder = await folderOf({ 'a b.txt': 'a', 'sub/ż.txt': 'ż', goes: 'g' });
  const peer = await startPeer({ shares: [folder], registry: url });
  await registers(url, peer, ['a b.txt', 'goes', 'sub/ż.txt']);
  await writeFile(join(folder, 'sub', 'new #1'), 'new');
  await unlink(join(folder, 'goes'));
  await registers(url, peer, ['a b.txt', 'sub/new #1', 'sub/ż.txt']);
  await writeFile(join(folder, 'a b.txt'), 'changed');
  const sizeOf = async () => {
    const response = await fetch(new URL('/api/v1/names/a%20b.txt', url));
    return ((await response.json()) as { sources: { size: number }[] }).sources[0]?.size;
  };
  await expect.poll(sizeOf, SOON).toBe(7);
});

test('more names than one call carries are all registered, and all taken back', async () => {
  const { url } = await startRegistry();
  const folder = await temporaryFolder();
  const names = Array.from({ length: 5_001 }, (_, index) => `file ${index}`);
  await Promise.all(names.map((name) => writeFile(join(folder, name), '')));
  const peer = await startPeer({ shares: [folder], registry: url });
  await registers(url, peer, names);
  await peer.stop();
  expect(await registered(url)).toEqual({});
});

test('a peer that stops takes back what it offered, and nothing of others', async () => {
  const { url } = await startRegistry();
  const shares = [await folderOf({ 'a.txt': 'a', both: 'b' })];
  const stays = await startPeer({ shares: [await folderOf({ both: 'b' })], registry: url });
  const stops = await startPeer({ shares, registry: url });
  expect((await registered(url))['both']?.toSorted()).toEqual([stays.port, stops.port].toSorted());
  await stops.stop();
  await stops.stop();
  expect(await registered(url)).toEqual({ both: [stays.port] });
});

test('a lease is renewed in time, however long nothing changes', async () => {
  const { url } = await startRegistry({ leaseSeconds: 1 });
  const gate = await startGate(url);
  const shares = [await folderOf({ 'a.txt': 'a' })];
  const peer = await startPeer({ shares, registry: gate.url });
  const renewals = () => gate.calls.filter((call) => call.startsWith('PUT ')).length;
  // Three in each second of a lease: by then two leases would have ended.
  for (let seen = renewals(); seen < 7; seen = renewals())
    expect(await registered(url)).toEqual({ 'a.txt': [peer.port] });
  expect(gate.calls.filter((call) => call.startsWith('PATCH ')).length).toBe(1);
});

test('a registry that comes later is told everything', async () => {
  const away = await startRegistry();
  await away.registry.stop();
  const folder = await folderOf({ 'a.txt': 'a' });
  const { peer, states } = await startedPeer(folder, away.url);
  await expect
    .poll(() => states.at(-1), SOON)
    .toMatchObject({ at: 'away', error: { code: 'registry-unreachable' } });
  await writeFile(join(folder, 'b.txt'), 'b');
  const { url } = await startRegistry({ port: away.port });
  await registers(url, peer, ['a.txt', 'b.txt']);
  expect(states.at(-1)).toMatchObject({ at: 'announced', contract: 'native' });
});

test.for(['with its data', 'with an empty index'])(
  'a registry that is started again %s has everything',
  async (how) => {
    const file = join(await temporaryFolder(), 'index.sqlite');
    const options = { leaseSeconds: 1 };
    const before = await startRegistry({ ...options, store: new SqliteStore(file) });
    const folder = await folderOf({ 'a.txt': 'a', 'b.txt': 'b' });
    const peer = await startPeer({ shares: [folder], registry: before.url });
    await registers(before.url, peer, ['a.txt', 'b.txt']);
    await before.registry.stop();
    const { url } = await startRegistry({
      ...options,
      port: before.port,
      ...(how === 'with its data' && { store: new SqliteStore(file) }),
    });
    await registers(url, peer, ['a.txt', 'b.txt']);
    await unlink(join(folder, 'a.txt'));
    await writeFile(join(folder, 'c.txt'), 'c');
    await registers(url, peer, ['b.txt', 'c.txt']);
  },
);

test('a catalogue that went another way at the registry is told anew', async () => {
  const file = join(await temporaryFolder(), 'index.sqlite');
  const store = new SqliteStore(file);
  const { url } = await startRegistry({ store });
  const folder = await folderOf({ 'a.txt': 'a' });
  const { peer, states } = await startedPeer(folder, url);
  await registers(url, peer, ['a.txt']);

  const database = new DatabaseSync(file, { readOnly: true });
  const row = database.prepare('SELECT peer_id, revision FROM peers').get();
  database.close();
  await store.changeCatalogue(
    String(row?.['peer_id']),
    {
      revision: Number(row?.['revision']),
      offered: [{ name: 'never offered', size: 1, modified: 0 }],
      withdrawn: ['a.txt'],
    },
    Date.now(),
  );
  await registers(url, peer, ['never offered']);

  // The next change is refused with 409, long before the next renewal would find out.
  await writeFile(join(folder, 'b.txt'), 'b');
  await registers(url, peer, ['a.txt', 'b.txt']);
  expect(states).toContainEqual(
    expect.objectContaining({
      error: expect.objectContaining({ code: 'revision-mismatch' }) as unknown,
    }),
  );
});

test.for<[string, Refusal]>([
  ['409', { status: 409, code: 'revision-mismatch' }],
  ['404, not knowing the peer', { status: 404, code: 'unknown-peer' }],
  ['500', { status: 500, code: 'internal' }],
  ['a broken connection', 'cut'],
])('changes that are answered with %s are told again', async ([, refusal]) => {
  const { url } = await startRegistry();
  const gate = await startGate(url);
  const folder = await folderOf({ 'a.txt': 'a', 'b.txt': 'b' });
  const { peer } = await startedPeer(folder, gate.url);
  await registers(url, peer, ['a.txt', 'b.txt']);
  let refused = 0;
  gate.refuses = (call) =>
    call.startsWith('PATCH ') && refused < 2 && ++refused ? refusal : undefined;
  await writeFile(join(folder, 'c.txt'), 'c');
  await unlink(join(folder, 'b.txt'));
  await registers(url, peer, ['a.txt', 'c.txt']);
  expect(refused).toBe(2);
});

test('a change that arrived though its answer did not is no change twice', async () => {
  const { url } = await startRegistry();
  const gate = await startGate(url);
  const folder = await folderOf({ 'a.txt': 'a' });
  const { peer } = await startedPeer(folder, gate.url);
  await registers(url, peer, ['a.txt']);
  gate.losesAnswers = 1;
  await writeFile(join(folder, 'b.txt'), 'b');
  await registers(url, peer, ['a.txt', 'b.txt']);
  await writeFile(join(folder, 'c.txt'), 'c');
  await registers(url, peer, ['a.txt', 'b.txt', 'c.txt']);
  expect(gate.losesAnswers).toBe(0);
});
