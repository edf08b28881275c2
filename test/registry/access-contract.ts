// What every engine keeps of keys, secrets and the audit trail.
import { hash } from 'node:crypto';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { KeptKey } from '../../src/registry/store/access-store.ts';
import type { Store } from '../../src/registry/store/store.ts';

const NOW = 1_700_000_000_000;
const LATER = NOW + 25_000;
const A = { ipAddress: '192.0.2.1', port: 7771 };
const B = { ipAddress: '192.0.2.2', port: 7771 };
const ADMIN = 'ad'.repeat(8);
const ANN = 'aa'.repeat(8);
const BOB = 'bb'.repeat(8);
const PEER = '0123456789abcdef'.repeat(2);
const OTHER = 'f'.repeat(32);

const key = (id: string, told: Partial<KeptKey> = {}): KeptKey => ({
  ...{ id, digest: hash('sha256', id, 'buffer'), name: 'somebody', role: 'member' },
  ...{ created: NOW, expires: null },
  ...told,
});
const entry = (subject: string) => ({
  ...{ at: NOW, key: null, address: '192.0.2.1', action: 'look-up', subject },
  ...{ outcome: 'done', count: 1 },
});

/** @param open gives an empty store, not started yet */
export function accessContract(name: string, open: () => Promise<Store>): void {
  describe(`access in ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
      onTestFinished(() => store.stop());
      await store.start();
    });

    const announce = (peerId: string, endpoint: typeof A, as: string) =>
      store.renewLease({ peerId, endpoint, displayName: undefined, key: as }, LATER);
    const offer = (peerId: string, name: string) =>
      store.changeCatalogue(
        peerId,
        { revision: 0, offered: [{ name, size: 1, modified: 1 }], withdrawn: [] },
        NOW,
      );

    test('a secret is made once, and another name has another one', async () => {
      const [first, again, other] = await Promise.all([
        store.secret('leases'),
        store.secret('leases'),
        store.secret('sessions'),
      ]);
      expect(first).toHaveLength(32);
      expect(again).toEqual(first);
      expect(other).not.toEqual(first);
      expect(await store.secret('leases')).toEqual(first);
    });

    test('what is kept first under a name stays', async () => {
      expect(await store.access.kept('network')).toBeUndefined();
      expect(String(await store.access.keep('network', Buffer.from('private')))).toBe('private');
      expect(String(await store.access.keep('network', Buffer.from('open')))).toBe('private');
      expect(String(await store.access.kept('network'))).toBe('private');
    });

    test('keys are found by id, listed without digests, and gone once revoked', async () => {
      await store.access.addKey(key(ADMIN, { role: 'admin' }));
      const ann = key(ANN, { name: 'Ann ✓', expires: LATER, created: NOW + 1 });
      await store.access.addKey(ann);
      const found = await store.access.keysOf([ANN, BOB]);
      expect(found).toHaveLength(1);
      expect({ ...found[0], digest: Buffer.from(found[0]?.digest ?? []) }).toEqual(ann);
      const [told] = await store.access.keys();
      expect({ ...told, digest: ann.digest }).toEqual(ann);
      expect(told).not.toHaveProperty('digest');
      expect(await store.access.revokeKey(ANN, NOW)).toBe(true);
      expect(await store.access.revokeKey(ANN, NOW)).toBe(false);
      expect(await store.access.keysOf([ANN])).toEqual([]);
      expect(await store.access.keys()).toMatchObject([{ id: ADMIN }]);
    });

    test('the first administrator is made once, and anew when no key of one holds any more', async () => {
      const admins = [1, 2, 3].map((n) =>
        key(`${n}`.repeat(16), { role: 'admin', expires: LATER }),
      );
      const made = await Promise.all(admins.map((each) => store.access.addFirstAdmin(each, NOW)));
      expect(made.filter(Boolean)).toHaveLength(1);
      expect(await store.access.addFirstAdmin(key(ADMIN, { role: 'admin' }), LATER)).toBe(true);
    });

    test('the last key of an administrator stays', async () => {
      await store.access.addKey(key(ADMIN, { role: 'admin' }));
      await store.access.addKey(key(ANN, { role: 'admin', expires: NOW }));
      await expect(store.access.revokeKey(ADMIN, NOW)).rejects.toMatchObject({
        code: 'not-allowed',
      });
      await store.access.addKey(key(BOB, { role: 'admin', expires: LATER }));
      expect(await store.access.revokeKey(ADMIN, NOW)).toBe(true);
    });

    test('with a key go the peers that came with it, and no others', async () => {
      for (const id of [ANN, BOB]) await store.access.addKey(key(id));
      await announce(PEER, A, ANN);
      await announce(OTHER, B, BOB);
      await offer(PEER, 'a');
      await offer(OTHER, 'b');
      const last = await store.lastChange();
      await store.access.revokeKey(ANN, NOW);
      expect((await store.listNames('', 10, NOW)).map(({ name }) => name)).toEqual(['b']);
      expect(await store.endpointOfPeer(PEER)).toBeUndefined();
      expect(await store.changesAfter(last, 10)).toMatchObject([
        { change: { kind: 'peer', endpoint: A, isHere: false } },
      ]);
    });

    test('nobody comes, comes back or stays with a key that is not known', async () => {
      await expect(announce(PEER, A, ANN)).rejects.toMatchObject({ code: 'bad-key' });
      await store.access.addKey(key(ANN));
      await announce(PEER, A, ANN);
      const peer = { peerId: PEER, endpoint: A, displayName: undefined, key: ANN };
      expect(await store.renewRunning(peer, NOW, LATER)).toBe(0);
      await store.access.revokeKey(ANN, NOW);
      expect(await store.renewRunning(peer, NOW, LATER)).toBeUndefined();
      await expect(announce(PEER, A, ANN)).rejects.toMatchObject({ code: 'bad-key' });
      expect(await store.peers(10, NOW)).toEqual([]);
    });

    test('a peer that comes with another key goes with that one', async () => {
      for (const id of [ANN, BOB]) await store.access.addKey(key(id));
      await announce(PEER, A, ANN);
      const peer = { peerId: PEER, endpoint: A, displayName: undefined, key: BOB };
      expect(await store.renewRunning(peer, NOW, LATER)).toBeUndefined();
      await announce(PEER, A, BOB);
      await store.access.revokeKey(ANN, NOW);
      expect(await store.peers(10, NOW)).toHaveLength(1);
      await store.access.revokeKey(BOB, NOW);
      expect(await store.peers(10, NOW)).toEqual([]);
    });

    test('the latest ticket key comes first, and the old ones are forgotten', async () => {
      const made = (kid: string, created: number) => ({ kid, pem: `pem of ${kid}`, created });
      await store.access.addTicketKey(made('a', 1), 0);
      await store.access.addTicketKey(made('b', 2), 0);
      expect(await store.access.ticketKeys()).toEqual([made('b', 2), made('a', 1)]);
      await store.access.addTicketKey(made('c', 3), 2);
      expect((await store.access.ticketKeys()).map(({ kid }) => kid)).toEqual(['c', 'b']);
    });

    test('the audit trail is told from its end, and loses its beginning', async () => {
      await store.access.record([entry('a'), entry(`"b" it's ✓`)]);
      await store.access.record([entry('c')]);
      const all = await store.access.audit(undefined, 10);
      expect(all).toMatchObject([entry('c'), entry(`"b" it's ✓`), entry('a')]);
      expect(await store.access.audit(all[0]?.id, 1)).toEqual(all.slice(1, 2));
      await store.access.record([entry('d')], 2);
      const subjects = (await store.access.audit(undefined, 10)).map(({ subject }) => subject);
      expect(subjects).toEqual(['d', 'c']);
    });
  });
}
