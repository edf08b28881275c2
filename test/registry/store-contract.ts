// What every engine of the index keeps, one suite for all of them.
import fc from 'fast-check';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../src/registry/store/store.ts';
import { sourcesOf, versionsOf } from './looking-up.ts';
import {
  expectToMatchPlainStore,
  MAX_CONTENTS,
  MAX_NAMES,
  operations,
} from './store-operations.ts';

const NOW = 1_700_000_000_000;
const LATER = NOW + 25_000;
const A = { ipAddress: '192.0.2.1', port: 7771 };
const B = { ipAddress: '192.0.2.2', port: 7771 };
const PEER = '0123456789abcdef'.repeat(2);
const OTHER = 'f'.repeat(32);
const ROOT = '0123456789abcdef'.repeat(4);
const OTHER_ROOT = 'f'.repeat(64);

/**
 * @param open gives an empty store, not started yet
 * @param runs how many arbitrary sequences of operations are tried: an engine over a socket takes its time
 */
export function storeContract(
  name: string,
  open: (limits?: { maxNamesPerPeer?: number; maxContentsPerPeer?: number }) => Promise<Store>,
  runs = 60,
): void {
  describe(`the index in ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
      onTestFinished(() => store.stop());
      await store.start();
    });

    const offer = (peerId: string, names: string[], revision = 0, root?: string) =>
      store.changeCatalogue(
        peerId,
        {
          revision,
          offered: names.map((name) => ({ name, size: 5, modified: 7, ...(root && { root }) })),
          withdrawn: [],
        },
        NOW,
      );
    const announce = (peerId = PEER, endpoint = A, expiresAt = LATER) =>
      store.renewLease({ peerId, endpoint, displayName: 'Ann' }, expiresAt);
    const search = async (text: string, limit = 100, now = NOW) =>
      (await store.search({ text }, limit, now)).found;
    const listed = async () => (await store.listNames('', 10, NOW)).map(({ name }) => name);
    const found = async (text: string) => (await search(text)).map(({ name }) => name);

    test('whatever is done to it, it answers as the plain store does', async () => {
      await fc.assert(
        fc.asyncProperty(operations, async (todo) => {
          const fresh = await open({
            ...{ maxNamesPerPeer: MAX_NAMES, maxContentsPerPeer: MAX_CONTENTS },
          });
          await fresh.start();
          try {
            await expectToMatchPlainStore(fresh, todo);
          } finally {
            await fresh.stop();
          }
        }),
        { numRuns: runs },
      );
    });

    test('names come in code point order, and any of them leads on', async () => {
      const names = ['a', 'B', 'é', 'ﬁ', '🎈', 'a/b', 'a b', '%', "'"];
      for (const name of names) await store.register(name, A, NOW);
      const inOrder = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const after = async (name: string, limit: number) =>
        (await store.listNames(name, limit, NOW)).map(({ name }) => name);
      expect(await after('', 100)).toEqual(inOrder);
      for (const [index, name] of inOrder.entries())
        expect(await after(name, 2)).toEqual(inOrder.slice(index + 1, index + 3));
    });

    test('a lease that has ended takes the peer out of every answer, and a new one brings it back', async () => {
      await announce();
      await offer(PEER, ['a'], 0, ROOT);
      const answers = (now: number) =>
        Promise.all([
          store.endpointsOf('a', now),
          sourcesOf(store, 'a', 10, now),
          versionsOf(store, 'a', 10, now),
          store.contentOf(ROOT, 10, now).then(({ sources }) => sources),
          store.listNames('', 10, now),
          search('a', 10, now),
          store.peers(10, now),
        ]);
      for (const answer of await answers(LATER - 1)) expect(answer).toHaveLength(1);
      for (const answer of await answers(LATER)) expect(answer).toEqual([]);
      expect(await announce(PEER, A, LATER + 25_000)).toBe(1);
      for (const answer of await answers(LATER)) expect(answer).toHaveLength(1);
    });

    test('a peer is forgotten with all that it offered once its lease ended long ago', async () => {
      await announce();
      await offer(PEER, ['a']);
      expect(await store.dropExpired(LATER)).toBe(0);
      expect(await store.dropExpired(LATER + 1)).toBe(1);
      expect(await announce()).toBe(0);
      expect(await store.endpointsOf('a', NOW)).toEqual([]);
    });

    test('a change at another revision is refused with the revision that is kept', async () => {
      await announce();
      expect(await offer(PEER, ['a'])).toBe(1);
      await expect(offer(PEER, ['b'])).rejects.toMatchObject({
        code: 'revision-mismatch',
        facts: { revision: 1 },
      });
      expect(await found('b')).toEqual([]);
    });

    test('a change that goes too far changes nothing at all', async () => {
      const small = await open({ maxNamesPerPeer: 2 });
      onTestFinished(() => small.stop());
      await small.start();
      await small.renewLease({ peerId: PEER, endpoint: A, displayName: undefined }, LATER);
      const entry = (name: string) => ({ name, size: 1, modified: 1 });
      const change = (revision: number, offered: string[], withdrawn: string[]) =>
        small.changeCatalogue(PEER, { revision, offered: offered.map(entry), withdrawn }, NOW);
      expect(await change(0, ['a', 'b'], [])).toBe(1);
      await expect(change(1, ['c', 'd'], ['a'])).rejects.toMatchObject({ code: 'too-many-names' });
      expect((await small.listNames('', 10, NOW)).map(({ name }) => name)).toEqual(['a', 'b']);
      // Still at the revision before, and room for what takes the place of something.
      expect(await change(1, ['c'], ['a'])).toBe(2);
      for (const name of ['x', 'y']) expect(await small.register(name, B, NOW)).toBe(true);
      await expect(small.register('z', B, NOW)).rejects.toMatchObject({ code: 'too-many-names' });
      expect(await small.peers(10, NOW)).toMatchObject([{ names: 2 }, { names: 2 }]);
    });

    test('whoever listens at an endpoint now takes the place of the one before', async () => {
      await announce(PEER, A);
      await offer(PEER, ['old']);
      await announce(OTHER, A);
      await offer(OTHER, ['new']);
      expect(await store.endpointsOf('old', NOW)).toEqual([]);
      expect(await store.endpointsOf('new', NOW)).toEqual([A]);
      expect(await store.endpointOfPeer(PEER)).toBeUndefined();
    });

    test('a peer that announces another endpoint takes its catalogue along', async () => {
      await announce(PEER, A);
      await offer(PEER, ['a']);
      expect(await announce(PEER, B)).toBe(1);
      expect(await store.endpointsOf('a', NOW)).toEqual([B]);
    });

    test('one endpoint under both contracts is one holder, and the native one tells of it', async () => {
      await store.register('a', A, NOW);
      await announce(PEER, A);
      await offer(PEER, ['a'], 0, ROOT);
      expect(await store.endpointsOf('a', NOW)).toEqual([A]);
      expect(await sourcesOf(store, 'a', 10, NOW)).toEqual([
        { endpoint: A, contract: 'native', peerId: PEER, size: 5, modified: 7, root: ROOT },
      ]);
      expect(await search('a', 10, NOW)).toEqual([
        { name: 'a', size: 5, modified: 7, holders: 1, versions: 1, root: ROOT },
      ]);
      expect(await store.contentOf(ROOT, 10, NOW)).toMatchObject({ holders: 1 });
    });

    test('equal bytes are one content, whatever they are called', async () => {
      await announce(PEER, A);
      await announce(OTHER, B);
      await offer(PEER, ['a', 'copy of a'], 0, ROOT);
      await offer(OTHER, ['a', 'b'], 0, ROOT);
      const version = { root: ROOT, size: 5, modified: 7, holders: 2 };
      for (const name of ['a', 'copy of a', 'b'])
        expect(await versionsOf(store, name, 10, NOW)).toEqual([version]);
      const { sources, ...content } = await store.contentOf(ROOT, 10, NOW);
      expect(content).toEqual({
        ...{ root: ROOT, size: 5, holders: 2, partial: 0 },
        names: ['a', 'b', 'copy of a'],
      });
      expect(sources).toHaveLength(2);
      expect(sources).toEqual(
        expect.arrayContaining([
          { endpoint: A, peerId: PEER, complete: true },
          { endpoint: B, peerId: OTHER, complete: true },
        ]),
      );
    });

    test('a content that nobody holds has no holders, no names and no sources', async () => {
      await announce();
      await offer(PEER, ['a'], 0, ROOT);
      expect(await store.contentOf(OTHER_ROOT, 10, NOW)).toEqual({
        ...{ root: OTHER_ROOT, size: null, holders: 0, partial: 0, names: [], sources: [] },
      });
      expect(await versionsOf(store, 'b', 10, NOW)).toEqual([]);
    });

    test('a peer whose lease has ended counts for no content that others hold', async () => {
      await announce(PEER, A);
      await announce(OTHER, B, LATER + 1);
      await offer(PEER, ['a', 'only here'], 0, ROOT);
      await offer(OTHER, ['a'], 0, ROOT);
      const content = { root: ROOT, size: 5, holders: 1 };
      expect(await versionsOf(store, 'a', 10, LATER)).toEqual([{ ...content, modified: 7 }]);
      expect(await store.contentOf(ROOT, 10, LATER)).toEqual({
        ...{ ...content, partial: 0, names: ['a'] },
        sources: [{ endpoint: B, peerId: OTHER, complete: true }],
      });
    });

    test('a name offered again has the root that was told last, or none', async () => {
      await announce();
      for (const [revision, root] of [ROOT, OTHER_ROOT, undefined].entries()) {
        await offer(PEER, ['a'], revision, root);
        expect(await sourcesOf(store, 'a', 10, NOW)).toMatchObject([{ root: root ?? null }]);
        for (const each of [ROOT, OTHER_ROOT])
          expect(await store.contentOf(each, 10, NOW)).toMatchObject({
            holders: each === root ? 1 : 0,
          });
      }
    });

    test('the versions of a name are told with the most held first, then the latest, then by root', async () => {
      const roots = ['1', '2', '3', '4', '5'].map((digit) => digit.repeat(64));
      const [first = '', second = '', third = '', fourth = '', fifth = ''] = roots;
      const tell = async (index: number, name: string, root: string, modified: number) => {
        const peerId = index.toString(16).padStart(32, '0');
        await announce(peerId, { ...A, port: index });
        const offered = [{ name, size: 5, modified, root }];
        await store.changeCatalogue(peerId, { revision: 0, withdrawn: [], offered }, NOW);
      };
      const told: [string, string, number][] = [
        ['a', fifth, 7],
        // Held under another name it counts, but not when that was changed.
        ['b', fifth, 99],
        ['a', fourth, 8],
        ['a', second, 9],
        ['a', first, 8],
        ['b', third, 7],
      ];
      for (const [index, each] of told.entries()) await tell(index + 1, ...each);
      const versions = await versionsOf(store, 'a', 10, NOW);
      expect(versions.map(({ root }) => root)).toEqual([fifth, second, first, fourth]);
      expect(versions[0]).toEqual({ root: fifth, size: 5, modified: 7, holders: 2 });
      expect(await versionsOf(store, 'a', 2, NOW)).toEqual(versions.slice(0, 2));
      expect(await search('a', 1, NOW)).toMatchObject([{ versions: 4, root: null }]);
    });

    test('a name that many offer is told like one that few do', async () => {
      for (let index = 1; index <= 15; index++) {
        const peerId = index.toString(16).padStart(32, '0');
        await announce(peerId, { ...A, port: index });
        await offer(peerId, index > 2 ? ['many', 'again'] : ['few', 'again'], 0, ROOT);
        const versions = await versionsOf(store, 'many', 10, NOW);
        const ofRoot = { root: ROOT, size: 5, modified: 7, holders: index };
        expect(versions).toEqual(index > 2 ? [ofRoot] : []);
        expect(await versionsOf(store, 'few', 10, NOW)).toEqual([ofRoot]);
        expect(await sourcesOf(store, 'many', 20, NOW)).toHaveLength(Math.max(index - 2, 0));
      }
    });

    test('of more holders than are asked for another choice is told each time', async () => {
      const all = Array.from({ length: 5 }, (_, index) => ({ ...A, port: index + 1 }));
      for (const [index, endpoint] of all.entries()) {
        const peerId = index.toString(16).padStart(32, '0');
        await announce(peerId, endpoint);
        await offer(peerId, ['a'], 0, ROOT);
      }
      const ofContent = new Set<number>();
      const ofName = new Set<number>();
      // Chosen by chance, one of the five is missed once in 10^21 runs.
      for (let asked = 0; asked < 100; asked++) {
        const content = await store.contentOf(ROOT, 2, NOW);
        expect(content).toMatchObject({ holders: 5 });
        const sources = await sourcesOf(store, 'a', 2, NOW);
        for (const [seen, chosen] of [
          [ofContent, content.sources],
          [ofName, sources],
        ] as const) {
          expect(new Set(chosen.map(({ endpoint }) => endpoint.port)).size).toBe(2);
          for (const { endpoint } of chosen) seen.add(endpoint.port);
        }
        if (ofContent.size + ofName.size === 10) return;
      }
      expect.fail('always the same were chosen');
    });

    test('of the names of a content twenty are told, in code point order', async () => {
      await announce();
      const names = ['🎈', 'ﬁ', ...Array.from({ length: 30 }, (_, index) => `${index}`)];
      await offer(PEER, names.slice(0, 12), 0, ROOT);
      const content = await store.contentOf(ROOT, 10, NOW);
      expect(content.names.slice(-2)).toEqual(['ﬁ', '🎈']);
      await offer(PEER, names, 1, ROOT);
      expect((await store.contentOf(ROOT, 10, NOW)).names).toEqual(
        names.slice(2).sort().slice(0, 20),
      );
    });

    test('a downloader is a source of its content, and in no other answer', async () => {
      await announce(PEER, A);
      await announce(OTHER, B);
      await offer(OTHER, ['a'], 0, ROOT);
      const others = () =>
        Promise.all([
          store.endpointsOf('a', NOW),
          sourcesOf(store, 'a', 10, NOW),
          versionsOf(store, 'a', 10, NOW),
          store.listNames('', 10, NOW),
          search('a', 10, NOW),
        ]);
      const before = await others();
      const whole = { root: ROOT, size: 5, names: ['a'] };
      for (const [complete, counts] of [
        [false, { holders: 1, partial: 1 }],
        [false, { holders: 1, partial: 1 }],
        [true, { holders: 2, partial: 0 }],
        [false, { holders: 1, partial: 1 }],
      ] as const) {
        await store.holdContent(PEER, ROOT, complete);
        const { sources, ...content } = await store.contentOf(ROOT, 10, NOW);
        expect(content).toEqual({ ...whole, ...counts });
        expect(sources).toHaveLength(2);
        expect(sources).toContainEqual({ endpoint: A, peerId: PEER, complete });
        expect(sources).toContainEqual({ endpoint: B, peerId: OTHER, complete: true });
        expect(await others()).toEqual(before);
      }
      for (const peerId of [PEER, PEER, 'e'.repeat(32)]) await store.letContentGo(peerId, ROOT);
      expect(await store.contentOf(ROOT, 10, NOW)).toMatchObject({ holders: 1, partial: 0 });
    });

    test('a content that only downloaders hold has neither name nor size', async () => {
      await announce();
      await store.holdContent(PEER, ROOT, true);
      expect(await store.contentOf(ROOT, 10, NOW)).toEqual({
        ...{ root: ROOT, size: null, holders: 1, partial: 0, names: [] },
        sources: [{ endpoint: A, peerId: PEER, complete: true }],
      });
    });

    test('who offers a content and holds a part of it is one source of the whole', async () => {
      await announce();
      await offer(PEER, ['a', 'b'], 0, ROOT);
      await store.holdContent(PEER, ROOT, false);
      expect(await store.contentOf(ROOT, 10, NOW)).toMatchObject({
        ...{ size: 5, holders: 1, partial: 0 },
        sources: [{ endpoint: A, peerId: PEER, complete: true }],
      });
    });

    test('a downloader goes with its lease, comes back with it, and is forgotten with its peer', async () => {
      await announce();
      await store.holdContent(PEER, ROOT, false);
      const sources = async (now: number) => (await store.contentOf(ROOT, 10, now)).sources;
      const one = [{ endpoint: A, peerId: PEER, complete: false }];
      expect(await sources(LATER - 1)).toEqual(one);
      expect(await sources(LATER)).toEqual([]);
      await announce(PEER, A, LATER + 1);
      expect(await sources(LATER)).toEqual(one);
      await store.removePeer(PEER);
      await announce();
      expect(await sources(NOW)).toEqual([]);
      await store.holdContent(PEER, ROOT, false);
      await announce(OTHER, A);
      expect(await sources(NOW)).toEqual([]);
      await expect(store.holdContent(PEER, ROOT, true)).rejects.toMatchObject({
        code: 'unknown-peer',
      });
    });

    test('a peer may hold so many contents under no name and no more', async () => {
      const small = await open({ maxContentsPerPeer: 2 });
      onTestFinished(() => small.stop());
      await small.start();
      await small.renewLease({ peerId: PEER, endpoint: A, displayName: undefined }, LATER);
      const third = 'e'.repeat(64);
      for (const root of [ROOT, OTHER_ROOT, ROOT]) await small.holdContent(PEER, root, false);
      await expect(small.holdContent(PEER, third, true)).rejects.toMatchObject({
        code: 'too-many-contents',
      });
      expect(await small.contentOf(third, 10, NOW)).toMatchObject({ sources: [] });
      await small.letContentGo(PEER, ROOT);
      await small.holdContent(PEER, third, true);
      expect(await small.contentOf(third, 10, NOW)).toMatchObject({ holders: 1 });
    });

    test('of many downloaders another choice is told each time, at most a second old', async () => {
      const idOf = (index: number) => index.toString(16).padStart(32, '0');
      for (let index = 1; index <= 150; index++) {
        await announce(idOf(index), { ...A, port: index });
        await store.holdContent(idOf(index), ROOT, index % 3 === 0);
      }
      const seen = new Set<number>();
      for (let asked = 0; asked < 20; asked++) {
        const content = await store.contentOf(ROOT, 30, NOW);
        expect(content).toMatchObject({ holders: 50, partial: 100 });
        const ports = content.sources.map(({ endpoint }) => endpoint.port);
        expect(new Set(ports).size).toBe(30);
        for (const { endpoint, complete } of content.sources)
          expect(complete).toBe(endpoint.port % 3 === 0);
        for (const port of ports) seen.add(port);
      }
      // Chosen by chance, fewer are seen once in far more than 10^30 runs.
      expect(seen.size).toBeGreaterThan(80);
      expect((await store.contentOf(ROOT, 1_000, NOW)).sources).toHaveLength(150);
      await store.removePeer(idOf(1));
      expect(await store.contentOf(ROOT, 1_000, NOW + 1_000)).toMatchObject({ partial: 99 });
    });

    test('a lease is ended early at its endpoint alone, and renewed like any other', async () => {
      await announce(PEER, A);
      await announce(OTHER, B);
      await offer(PEER, ['a']);
      await store.holdContent(PEER, ROOT, true);
      await store.register('by hand', A, NOW);
      expect(await store.hasLease(A, NOW)).toBe(true);
      expect(await store.hasLease({ ...A, port: 1 }, NOW)).toBe(false);
      expect(await store.hasLease(A, LATER)).toBe(false);
      await store.endLease(A, NOW);
      await store.endLease({ ...A, port: 1 }, NOW);
      expect(await store.hasLease(A, NOW)).toBe(false);
      expect(await store.hasLease(B, NOW)).toBe(true);
      expect(await store.endpointsOf('a', NOW)).toEqual([]);
      expect((await store.contentOf(ROOT, 10, NOW)).sources).toEqual([]);
      expect(await store.endpointsOf('by hand', NOW)).toEqual([A]);
      // What had ended long ago does not seem to have ended now.
      await store.endLease(B, LATER + 5);
      expect(await store.dropExpired(LATER + 1)).toBe(2);
      await announce(PEER, A);
      expect(await store.hasLease(A, NOW)).toBe(true);
    });

    test('an endpoint that cannot be reached loses its exercise registrations alone', async () => {
      await store.register('a', A, NOW);
      await store.register('b', A, NOW);
      await store.register('b', B, NOW);
      await announce(PEER, A);
      await offer(PEER, ['c']);
      await store.dropExerciseEndpoint(A);
      expect(await store.endpointsOf('a', NOW)).toEqual([]);
      expect(await store.endpointsOf('b', NOW)).toEqual([B]);
      expect(await store.endpointsOf('c', NOW)).toEqual([A]);
      expect(await store.exerciseEndpoints()).toEqual([B]);
    });

    test('a search finds names by words in any order, without case and accents', async () => {
      const names = ['Música/Café del Mar.mp3', 'ΟΔΟΣΑ.txt', 'Straße.jpg', 'ﬁle.doc', 'Привет'];
      for (const name of names) await store.register(name, A, NOW);
      expect(await found('mar CAFE')).toEqual([names[0]]);
      expect(await found('  mùsica  MP3\t')).toEqual([names[0]]);
      expect(await found('οδος')).toEqual([names[1]]);
      expect(await found('STRASSE')).toEqual([names[2]]);
      expect(await found('file')).toEqual([names[3]]);
      expect(await found('ПРИВЕТ')).toEqual([names[4]]);
      expect(await found('cafe berlin')).toEqual([]);
      expect(await found(' \t ')).toEqual([]);
    });

    test('what means something to SQL is plain text in a search', async () => {
      const names = ['100%', 'under_score', "it's", '"quoted"', 'a*', "'; DROP TABLE names; --"];
      for (const name of [...names, 'underXscore', '100']) await store.register(name, A, NOW);
      for (const name of names) expect(await found(name)).toEqual([name]);
      expect(await found('%')).toEqual(['100%']);
      expect(await found('_')).toEqual(['under_score']);
      expect(await found('AND')).toEqual([]);
      expect(await found('a* OR')).toEqual([]);
    });

    test('more words than are looked for one by one are looked for as one text', async () => {
      await store.register('a b c d e f g h i', A, NOW);
      expect(await found('i h g f e d c b a')).toEqual([]);
      expect(await found('a b  c d e f g h i')).toEqual(['a b c d e f g h i']);
    });

    test('the best comes first: the whole name, then its beginnings, then what most hold', async () => {
      for (const name of ['my map', 'x/map.txt', 'map', 'atlas/map', 'mapping', 'roadmap'])
        await store.register(name, A, NOW);
      for (const endpoint of [A, B]) await store.register('a map', endpoint, NOW);
      expect(await found('map')).toEqual([
        ...['atlas/map', 'map'],
        ...['mapping', 'x/map.txt'],
        ...['a map', 'my map', 'roadmap'],
      ]);
      expect(await search('MAP', 2, NOW)).toMatchObject([{ name: 'atlas/map' }, { name: 'map' }]);
    });

    test('words come before parts of words, and of each those that most hold', async () => {
      const ranked = ['pin', 'pin.txt', 'a/pin/b', 'x pin', 'zz-pin', 'spin', 'x/pinball'];
      for (const name of ranked.toReversed()) await store.register(name, A, NOW);
      for (const endpoint of [A, B]) await store.register('opinion', endpoint, NOW);
      expect(await found('pin')).toEqual([
        'pin',
        ...['pin.txt', 'x/pinball', 'a/pin/b'],
        ...['x pin', 'zz-pin'],
        ...['opinion', 'spin'],
      ]);
    });

    test.each(['1', 'o', '12', 'one', 'on 1', 'number one', 'zebra'])(
      'of very many names that fit %j every one is told once, page by page',
      async (text) => {
        const words = ['one', 'two', 'zebra'];
        const names = Array.from(
          { length: 1_500 },
          (_, index) => `${index % 7}/number ${words[index % words.length]} ${index}.txt`,
        );
        await announce();
        await offer(PEER, names);
        const all: string[] = [];
        let cursor: string | undefined;
        for (let pages = 0; pages < 200; pages++) {
          const page = await store.search({ text, ...(cursor && { cursor }) }, 40, NOW);
          expect(page.found.length).toBeLessThanOrEqual(40);
          all.push(...page.found.map(({ name }) => name));
          if (page.next === null) break;
          cursor = page.next;
        }
        const fits = (name: string) => text.split(' ').every((word) => name.includes(word));
        expect(all.toSorted()).toEqual(names.filter(fits).toSorted());
      },
    );

    test('a search goes by type, size and age', async () => {
      await announce();
      const entries = [
        { name: 'a film.MKV', size: 700, modified: 10 },
        { name: 'a film.mkv.txt', size: 7, modified: 20 },
        { name: 'old film.mkv', size: 70, modified: -5 },
      ];
      await store.changeCatalogue(PEER, { revision: 0, offered: entries, withdrawn: [] }, NOW);
      await store.register('film of unknown size.mkv', B, NOW);
      const names = async (filter: object) =>
        (await store.search({ text: 'film', ...filter }, 10, NOW)).found.map(({ name }) => name);
      expect(await names({ type: 'mkv' })).toEqual([
        'film of unknown size.mkv',
        'a film.MKV',
        'old film.mkv',
      ]);
      expect(await names({ minSize: 70 })).toEqual(['a film.MKV', 'old film.mkv']);
      expect(await names({ minSize: 8, maxSize: 70 })).toEqual(['old film.mkv']);
      expect(await names({ modifiedSince: 10 })).toEqual(['a film.MKV', 'a film.mkv.txt']);
      expect(await names({ type: 'txt', modifiedSince: 21 })).toEqual([]);
    });

    const told = (name: unknown) => ({ place: { after: 1 }, told: [0, 1, name] });
    const behind = (name: unknown, folded: unknown, id: unknown = 1) => ({
      place: { segment: { id, name, folded } },
    });
    test.each([
      ...[null, 1, {}, { place: null }, { place: { after: 0.5 } }, { place: { after: 'x' } }],
      ...[{ place: { segment: { id: 1 } } }, { place: { after: 1 }, told: [9, 1, 'a'] }],
      ...[told(1), told('a\0'), told('\ud800'), told('../a'), told('')],
      ...[behind('a\0', 'A'), behind('a', 'A\0'), behind('a', '\0'), behind('a', '\ud800')],
      ...[behind('', ''), behind(1, 'A'), behind('a', 1), behind('a', 'A', '1')],
    ])('the cursor of %j, which no page gave, is refused', async (value) => {
      const cursor = Buffer.from(JSON.stringify(value)).toString('base64url');
      await expect(store.search({ text: 'a', cursor }, 10, NOW)).rejects.toMatchObject({
        code: 'bad-request',
      });
    });

    test.each(['', '!', 'eyJ9', '\0'])('%j is no cursor, and refused', async (cursor) => {
      await expect(store.search({ text: 'a', cursor }, 10, NOW)).rejects.toMatchObject({
        code: 'bad-request',
      });
    });

    test.each([
      ...[{ place: { after: Number.MAX_SAFE_INTEGER } }, { place: { after: -1 } }],
      behind('a', 'A', Number.MAX_SAFE_INTEGER),
      { place: {}, told: [3, Number.MIN_SAFE_INTEGER, 'a'] },
    ])('the cursor of %j, which a page might have given, leads to a page', async (value) => {
      await announce();
      await offer(PEER, ['a', 'b a']);
      const cursor = Buffer.from(JSON.stringify(value)).toString('base64url');
      const { found } = await store.search({ text: 'a', cursor }, 10, NOW);
      expect(found.length).toBeLessThanOrEqual(2);
    });

    test('what was found and went is not found any more', async () => {
      await announce();
      await offer(PEER, ['one.txt', 'two.txt']);
      await store.changeCatalogue(PEER, { revision: 1, offered: [], withdrawn: ['one.txt'] }, NOW);
      expect(await found('txt')).toEqual(['two.txt']);
      expect(await found('one')).toEqual([]);
      await store.removePeer(PEER);
      expect(await found('t')).toEqual([]);
      await announce();
      await offer(PEER, ['one.txt']);
      expect(await found('one')).toEqual(['one.txt']);
    });

    test('a reset leads to the time, so that a restored index is not taken for a later one', async () => {
      await announce();
      const reset = { revision: 0, reset: true, offered: [], withdrawn: [] };
      expect(await store.changeCatalogue(PEER, reset, NOW)).toBe(NOW);
      expect(await store.changeCatalogue(PEER, reset, NOW - 5)).toBe(NOW + 1);
      expect(await store.changeCatalogue(PEER, { ...reset, revision: NOW + 1 }, NOW + 9)).toBe(
        NOW + 9,
      );
    });

    test('a native peer is told by its revision that a name was taken from it', async () => {
      await announce();
      await offer(PEER, ['a', 'b']);
      expect(await store.deregister('a', A, NOW)).toBe(true);
      expect(await announce()).toBe(2);
    });

    test('whatever changes is told, in order, and after a number only what came then', async () => {
      const changes = async (after: number) =>
        (await store.changesAfter(after, 100)).map(({ change }) => change);
      expect(await store.lastChange()).toBe(0);
      await announce(PEER, A);
      await announce(PEER, A);
      await offer(PEER, ['a', 'b'], 0, ROOT);
      await store.holdContent(PEER, OTHER_ROOT, false);
      await store.holdContent(PEER, OTHER_ROOT, false);
      const half = await store.lastChange();
      await store.holdContent(PEER, OTHER_ROOT, true);
      await store.letContentGo(PEER, OTHER_ROOT);
      await store.letContentGo(PEER, OTHER_ROOT);
      await store.register('by hand', B, NOW);
      await store.register('by hand', B, NOW);
      await store.deregister('by hand', B, NOW);
      await store.removePeer(PEER);
      const later = [
        { kind: 'content', endpoint: A, root: OTHER_ROOT, held: 'whole' },
        { kind: 'content', endpoint: A, root: OTHER_ROOT, held: 'none' },
        { kind: 'catalogue', endpoint: B, offered: 1, withdrawn: 0, names: ['by hand'] },
        { kind: 'catalogue', endpoint: B, offered: 0, withdrawn: 1, names: ['by hand'] },
        { kind: 'peer', endpoint: A, isHere: false },
      ];
      expect((await changes(0)).slice(0, 3)).toEqual([
        { kind: 'peer', endpoint: A, isHere: true },
        { kind: 'catalogue', endpoint: A, offered: 2, withdrawn: 0, names: ['a', 'b'] },
        { kind: 'content', endpoint: A, root: OTHER_ROOT, held: 'part' },
      ]);
      expect((await changes(0)).slice(3)).toEqual(later);
      expect(await changes(half)).toEqual(later);
    });

    test('what was removed is told, kept with who did it and why, and can be undone once', async () => {
      await announce();
      await offer(PEER, ['a', 'b'], 0, ROOT);
      const before = await store.lastChange();
      const removal = { kind: 'name' as const, subject: 'a', reason: 'why', by: 'Ann', at: NOW };
      const first = await store.remove(removal);
      expect(first).toEqual({ ...removal, id: first.id });
      expect(await store.remove({ ...removal, by: 'Bob', at: LATER })).toEqual(first);
      const second = await store.remove({ ...removal, kind: 'peer', subject: OTHER });
      expect(await store.removals(Number.MAX_SAFE_INTEGER, 10)).toEqual([second, first]);
      expect(await store.removals(second.id, 10)).toEqual([first]);
      expect(await listed()).toEqual(['b']);
      expect(await store.restore(first.id)).toEqual(first);
      expect(await store.restore(first.id)).toBeUndefined();
      const told = (await store.changesAfter(before, 10)).map(({ change }) => change);
      const name = { kind: 'removed', what: 'name', subject: 'a' };
      expect(told).toEqual([
        { ...name, isHere: false },
        { ...name, what: 'peer', subject: OTHER, isHere: false },
        { ...name, isHere: true },
      ]);
    });

    test('a content is taken off under all its names, however it is called later', async () => {
      await announce();
      await announce(OTHER, B);
      await offer(PEER, ['a', 'b'], 0, ROOT);
      await offer(OTHER, ['c'], 0, OTHER_ROOT);
      await store.holdContent(OTHER, ROOT, true);
      const by = { reason: '', by: 'Ann', at: NOW };
      await store.remove({ kind: 'content', subject: ROOT, ...by });
      expect(await store.contentOf(ROOT, 10, NOW)).toMatchObject({ sources: [], names: [] });
      expect((await store.peers(10, NOW)).map(({ names }) => names)).toEqual([1, 0]);
      await offer(OTHER, ['c', 'd'], 1, ROOT);
      expect(await listed()).toEqual([]);
      await expect(store.holdContent(OTHER, ROOT, false)).rejects.toMatchObject({
        code: 'removed',
      });
      expect((await store.peers(10, NOW)).map(({ names }) => names)).toEqual([0, 0]);
    });

    test('a removed peer leaves with all that it offers, and has no lease until that is undone', async () => {
      await announce();
      await offer(PEER, ['a'], 0, ROOT);
      const removal = { kind: 'peer' as const, subject: PEER, reason: '', by: 'Ann', at: NOW };
      const { id } = await store.remove(removal);
      const last = (await store.changesAfter(0, 10)).at(-1)?.change;
      expect(last).toEqual({ kind: 'peer', endpoint: A, isHere: false });
      expect(await store.peers(10, NOW)).toEqual([]);
      await expect(announce()).rejects.toMatchObject({ code: 'removed' });
      await store.restore(id);
      expect(await announce()).toBe(0);
    });

    test('what is offered while it is taken off does not stay', async () => {
      const all = Array.from({ length: 6 }, (_, n) => String(n).repeat(32));
      for (const [n, peerId] of all.entries()) await announce(peerId, { ...A, port: n + 1 });
      const removal = { kind: 'content' as const, subject: ROOT, reason: '', by: 'Ann', at: NOW };
      const offering = all.map((peerId, n) => offer(peerId, [`a${n}`, 'b'], 0, ROOT));
      await Promise.all([store.remove(removal), ...offering]);
      expect(await listed()).toEqual([]);
      expect((await store.peers(10, NOW)).map(({ names }) => names)).toEqual([0, 0, 0, 0, 0, 0]);
    });

    test('a lease is renewed in passing while it runs, where the peer is, and otherwise not', async () => {
      const peer = { peerId: PEER, endpoint: A, displayName: 'Ann' };
      expect(await store.renewRunning(peer, NOW, LATER)).toBeUndefined();
      await store.renewLease(peer, LATER);
      await offer(PEER, ['a']);
      expect(await store.renewRunning(peer, LATER - 1, LATER + 9)).toBe(1);
      expect(await store.endpointsOf('a', LATER)).toEqual([A]);
      for (const [other, now] of [
        [{ ...peer, peerId: OTHER }, NOW],
        [{ ...peer, endpoint: B }, NOW],
        [{ ...peer, endpoint: { ...A, port: 7772 } }, NOW],
        [peer, LATER + 9],
      ] as const)
        expect(await store.renewRunning(other, now, now + 99)).toBeUndefined();
      expect(await store.endpointsOf('a', LATER + 9)).toEqual([]);
      await store.endLease(A, NOW);
      // The clock was set back: it has been told as gone all the same.
      expect(await store.renewRunning(peer, NOW - 99, LATER)).toBeUndefined();
      expect(await store.lastChange()).toBe(3);
    });

    test('whoever asks in whatever way knows at once of a lease that was renewed in passing', async () => {
      const peer = { peerId: PEER, endpoint: A, displayName: 'Ann' };
      await store.renewLease(peer, LATER);
      await offer(PEER, ['a'], 0, ROOT);
      const last = await store.lastChange();
      let now = LATER;
      const renewed = async () => {
        expect(await store.renewRunning(peer, now - 1, now + 9)).toBe(1);
        return now++;
      };
      expect(await store.hasLease(A, await renewed())).toBe(true);
      expect(await store.peers(9, await renewed())).toMatchObject([{ endpoint: A }]);
      expect(await store.counts(await renewed())).toMatchObject({ peers: 1, leases: 1 });
      expect(await store.listNames('', 9, await renewed())).toMatchObject([{ endpoints: [A] }]);
      expect(await search('a', 9, await renewed())).toMatchObject([{ name: 'a' }]);
      expect(await store.contentOf(ROOT, 9, await renewed())).toMatchObject({ holders: 1 });
      expect(await versionsOf(store, 'a', 9, await renewed())).toMatchObject([{ holders: 1 }]);
      await store.noticeEndedLeases(await renewed());
      expect(await store.dropExpired(await renewed())).toBe(0);
      expect(await store.lastChange()).toBe(last);
      expect(await store.endpointsOf('a', now)).toEqual([A]);
    });

    test('a peer that moves is told as gone from where it was, and as come where it is', async () => {
      const peerChanges = async (after = 0) =>
        (await store.changesAfter(after, 100)).flatMap(({ change }) =>
          change.kind === 'peer' ? [[change.endpoint, change.isHere]] : [],
        );
      await announce(PEER, A);
      await announce(PEER, B);
      await announce(PEER, B);
      const moved = [
        [A, true],
        [A, false],
        [B, true],
      ];
      expect(await peerChanges()).toEqual(moved);
      const before = await store.lastChange();
      // Of one that is gone already nothing more is told but that it came.
      await store.endLease(B, NOW);
      await announce(PEER, A);
      expect(await peerChanges(before)).toEqual([
        [B, false],
        [A, true],
      ]);
    });

    test('of a lease that ends without a word it is told once, and that the peer came back', async () => {
      const peerChanges = async () =>
        (await store.changesAfter(0, 100)).flatMap(({ change }) =>
          change.kind === 'peer' ? [change.isHere] : [],
        );
      await announce(PEER, A);
      await announce(OTHER, B);
      await store.noticeEndedLeases(LATER - 1);
      expect(await peerChanges()).toEqual([true, true]);
      await store.renewLease({ peerId: OTHER, endpoint: B, displayName: '' }, LATER + 5);
      await store.noticeEndedLeases(LATER);
      await store.noticeEndedLeases(LATER);
      expect(await peerChanges()).toEqual([true, true, false]);
      await announce(PEER, A, LATER + 9);
      expect(await peerChanges()).toEqual([true, true, false, true]);
      await store.endLease(A, LATER);
      await store.noticeEndedLeases(LATER);
      expect(await peerChanges()).toEqual([true, true, false, true, false]);
    });

    test('a size is told when all who tell one agree, and the latest time', async () => {
      await announce(PEER, A);
      await announce(OTHER, B);
      const entry = { name: 'a', size: 5, modified: 7, root: ROOT };
      const change = (peerId: string, revision: number, offered: (typeof entry)[]) =>
        store.changeCatalogue(peerId, { revision, offered, withdrawn: [] }, NOW);
      await change(PEER, 0, [entry]);
      await change(OTHER, 0, [{ ...entry, modified: 9 }]);
      await store.register('a', { ...B, port: 1 }, NOW);
      const told = { ...entry, modified: 9, holders: 3, versions: 1 };
      const version = { root: ROOT, size: 5, modified: 9, holders: 2 };
      expect(await search('a', 1, NOW)).toEqual([told]);
      expect(await versionsOf(store, 'a', 1, NOW)).toEqual([version]);
      await change(OTHER, 1, [{ ...entry, size: 6 }]);
      const differing = { size: null, modified: 7 };
      expect(await search('a', 1, NOW)).toEqual([{ ...told, ...differing }]);
      expect(await versionsOf(store, 'a', 1, NOW)).toEqual([{ ...version, ...differing }]);
      expect(await store.contentOf(ROOT, 1, NOW)).toMatchObject({ size: null, holders: 2 });
    });

    test('the largest and the smallest numbers come back as they were', async () => {
      await announce();
      const entries = [
        { name: 'a', size: Number.MAX_SAFE_INTEGER, modified: 8_640_000_000_000_000 },
        { name: 'b', size: 0, modified: -8_640_000_000_000_000 },
      ];
      await store.changeCatalogue(PEER, { revision: 0, offered: entries, withdrawn: [] }, NOW);
      for (const { name, size, modified } of entries)
        expect(await sourcesOf(store, name, 10, NOW)).toMatchObject([{ size, modified }]);
    });

    test('peers come with their names counted, those with the most first', async () => {
      await announce(PEER, A);
      await offer(PEER, ['a']);
      for (const name of ['a', 'b']) await store.register(name, B, NOW);
      const all = [
        { endpoint: B, contract: 'exercise', peerId: null, displayName: null, names: 2 },
        { endpoint: A, contract: 'native', peerId: PEER, displayName: 'Ann', names: 1 },
      ];
      expect(await store.peers(10, NOW)).toEqual(all);
      expect(await store.peers(1, NOW)).toEqual(all.slice(0, 1));
    });

    test('peers, names and leases are counted as they are at that time', async () => {
      expect(await store.counts(NOW)).toEqual({ peers: 0, names: 0, leases: 0 });
      await announce(PEER, A);
      await announce(OTHER, B, LATER + 1);
      await offer(PEER, ['a', 'b'], 0, ROOT);
      await offer(OTHER, ['a'], 0, ROOT);
      await store.register('c', B, NOW);
      expect(await store.counts(NOW)).toEqual({ peers: 3, names: 3, leases: 2 });
      // A catalogue is kept beyond its lease.
      expect(await store.counts(LATER)).toEqual({ peers: 2, names: 3, leases: 1 });
      await store.dropExpired(LATER + 1);
      expect(await store.counts(LATER)).toEqual({ peers: 2, names: 2, leases: 1 });
      expect(['sqlite', 'postgres']).toContain(store.engine);
    });

    test('contents are counted once each, however many names and holders they have', async () => {
      expect(await store.contents()).toBe(0);
      await announce(PEER, A);
      await announce(OTHER, B);
      await offer(PEER, ['a', 'b'], 0, ROOT);
      await offer(OTHER, ['a', 'c'], 0, ROOT);
      await store.register('d', B, NOW);
      await store.holdContent(PEER, OTHER_ROOT, true);
      expect(await store.contents()).toBe(1);
      // More than are counted at once, those among them that are first and last of all.
      const roots = Array.from({ length: 2_500 }, (_, index) =>
        index.toString(16).padStart(64, '0'),
      );
      const offered = [...roots, OTHER_ROOT].map((root) => ({
        ...{ name: root, size: 1, modified: 1, root },
      }));
      const change = { reset: true, revision: 0, offered, withdrawn: [] };
      await store.changeCatalogue(OTHER, change, NOW);
      // And the one that the other peer offers.
      expect(await store.contents()).toBe(offered.length + 1);
    });

    test('it stops as often as it is told to', async () => {
      await store.stop();
      await store.stop();
      const asked = async () => store.endpointsOf('a', NOW);
      await expect(asked()).rejects.toMatchObject({ code: 'cannot-open-data' });
    });
  });
}
