// What comes as JSON: changes of a catalogue with their revisions, cursors of a search, and what registries
// answer. The index is a real one.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { Value } from 'typebox/value';
import { Identity } from '../../src/lib/identity.ts';
import { RegisteredPeer } from '../../src/client/registered-peer.ts';
import { NativeRegistry } from '../../src/client/registry-client.ts';
import { refusalOf } from '../../src/client/json-call.ts';
import { parseEndpoint } from '../../src/protocol/endpoints.ts';
import { crossesTheWire, isErrorCode, problemOf } from '../../src/protocol/errors.ts';
import { isName, parseName } from '../../src/protocol/names.ts';
import { CatalogueChangeSchema } from '../../src/protocol/schemas.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { answerLater, answerOf, must, type Parser } from './parser.ts';
import { jsonOr } from './texts.ts';

const ROOT = '8f3c2a0d51b94e67c0a9de13847b65f2'.repeat(2);
const PEER = {
  peerId: 'ab'.repeat(16),
  endpoint: { ipAddress: '192.0.2.7', port: 7771 },
  displayName: 'Ann',
};
const FILE = { size: 5, modified: 1_700_000_000_000 };
const FOUND = { name: 'a.txt', size: 5, modified: 1, holders: 1, versions: 1, root: ROOT };
const ENDPOINT = PEER.endpoint;
/** The index is begun anew after so many changes, so that it stays small. */
const CHANGES_OF_AN_INDEX = 2_000;

/** An index with one peer that is always there. */
async function freshIndex(): Promise<SqliteStore> {
  const store = new SqliteStore(':memory:');
  await store.start();
  await store.renewLease(PEER, Number.MAX_SAFE_INTEGER);
  return store;
}

export async function catalogue(): Promise<Parser> {
  let store = await freshIndex();
  let revision = 0;
  let changes = 0;
  return {
    name: 'catalogue',
    good: [
      { revision: 0, offered: [{ name: 'a.txt', ...FILE, root: ROOT }], withdrawn: [] },
      { revision: 0, reset: true, offered: [{ name: 'é/b', ...FILE }], withdrawn: ['a.txt'] },
      { revision: 0, offered: [], withdrawn: ['a.txt', 'b', 'c/d'] },
      {
        revision: 0,
        offered: [
          { name: 'a.txt', ...FILE },
          { name: 'a.txt', ...FILE, size: 6 },
        ],
        withdrawn: ['a.txt'],
      },
    ],
    judge: async (input) => {
      const json = jsonOr(input);
      if (!Value.Check(CatalogueChangeSchema, json)) return;
      if (++changes % CHANGES_OF_AN_INDEX === 0) {
        await store.stop();
        store = await freshIndex();
        revision = 0;
      }
      // Most are of the revision that is there, so that they are not refused for that alone.
      const told = json.revision < 3 ? revision + json.revision : json.revision;
      const change = answerOf(['bad-name'], () => ({
        ...json,
        revision: told,
        offered: json.offered.map((entry) => ({ ...entry, name: parseName(entry.name) })),
        withdrawn: json.withdrawn.map(parseName),
      }));
      if (!change) return;
      const now = Date.now();
      const after = await answerLater(['revision-mismatch'], () =>
        store.changeCatalogue(PEER.peerId, change, now),
      );
      const kept = await store.renewLease(PEER, Number.MAX_SAFE_INTEGER);
      must(kept === (after ?? revision), 'refused, and changed', after, kept, revision);
      if (after === undefined) {
        must(change.reset !== true && told !== revision, 'refused without a reason', change);
        return;
      }
      must(Number.isSafeInteger(after) && after > revision, 'a revision that does not grow', after);
      revision = after;
      const offered = new Map(change.offered.map((entry) => [entry.name, entry]));
      for (const [name, { size, root }] of offered) {
        const { sources } = await store.lookUp(name, { versions: 10, sources: 10 }, now);
        must(
          sources.length === 1 && sources[0]?.size === size,
          'not there as it was told',
          name,
          sources,
        );
        if (root !== undefined) must(sources[0].root === root, 'another root', name, sources);
      }
      for (const name of change.withdrawn)
        if (!offered.has(name))
          must((await store.endpointsOf(name, now)).length === 0, 'still there', name);
    },
  };
}

export async function cursor(): Promise<Parser> {
  const store = await freshIndex();
  const offered = Array.from({ length: 560 }, (_, index) => ({
    name: `folder ${index}/a ${index}.txt`,
    ...FILE,
  }));
  await store.changeCatalogue(PEER.peerId, { revision: 0, offered, withdrawn: [] }, Date.now());
  const wanted = { text: 'a' };
  const first = await store.search(wanted, 3, Date.now());
  const second = await store.search({ ...wanted, cursor: first.next ?? '' }, 520, Date.now());
  const good = [first.next, second.next].map(
    (text) => JSON.parse(Buffer.from(text ?? '', 'base64url').toString()) as object,
  );
  return {
    name: 'cursor',
    good,
    judge: async (input) => {
      for (const text of [input.toString('base64url'), input.toString()]) {
        const page = await answerLater(['bad-request'], () =>
          store.search({ ...wanted, cursor: text }, 2, Date.now()),
        );
        if (!page) continue;
        must(
          page.found.length <= 2 && page.found.every(({ name }) => isName(name)),
          'no page',
          page,
        );
        if (page.next !== null)
          must(
            (await store.search({ ...wanted, cursor: page.next }, 2, Date.now())).found.length <= 2,
            'no next page',
            page,
          );
      }
    },
  };
}

/** `{ call, status, answer }`: what a registry answers to which call. */
export async function registryAnswers(): Promise<Parser> {
  let answer = '';
  let status = 200;
  const server = createServer((_request, response) => {
    response.writeHead(status).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const client = new NativeRegistry({ url });
  const peer = new RegisteredPeer({ url }, Identity.fresh());
  const calls: Record<string, () => Promise<unknown>> = {
    announce: () => peer.announce({ port: 7771 }),
    lookUp: () => client.lookUp('a.txt'),
    contentOf: () => client.contentOf(ROOT, 10),
    search: () => client.search('a', 10),
    peers: () => client.peers(10),
  };
  const source = { endpoint: ENDPOINT, contract: 'native', ...FILE, root: ROOT };
  return {
    name: 'registry-answer',
    good: [
      {
        call: 'announce',
        status: 200,
        answer: { endpoint: ENDPOINT, leaseSeconds: 25, revision: 0 },
      },
      {
        call: 'lookUp',
        status: 200,
        answer: {
          name: 'a.txt',
          versions: [{ root: ROOT, size: 5, modified: 1, holders: 1 }],
          sources: [source],
        },
      },
      {
        call: 'contentOf',
        status: 200,
        answer: {
          root: ROOT,
          size: 5,
          holders: 1,
          partial: 0,
          names: ['a.txt'],
          sources: [{ endpoint: ENDPOINT, complete: true }],
        },
      },
      { call: 'search', status: 200, answer: { found: [FOUND], more: false, next: null } },
      {
        call: 'peers',
        status: 200,
        answer: {
          peers: [{ endpoint: ENDPOINT, contract: 'native', displayName: 'Ann', names: 1 }],
          more: false,
        },
      },
      {
        call: 'lookUp',
        status: 400,
        answer: { type: 'about:blank', title: 'x', status: 400, code: 'bad-name', detail: 'no' },
      },
    ],
    judge: async (input) => {
      const told = jsonOr(input) as { call?: unknown; status?: unknown; answer?: unknown } | null;
      const isObject = typeof told === 'object' && told !== null;
      answer = isObject ? JSON.stringify(told.answer ?? null) : input.toString();
      status =
        isObject && [400, 409, 503].includes(told.status as number) ? Number(told.status) : 200;
      const call =
        (isObject && Object.hasOwn(calls, String(told.call)) && calls[String(told.call)]) ||
        calls['search'];
      const codes = ['registry-misbehaves', ...WIRE] as Parameters<typeof answerLater>[0];
      const value = (await answerLater(codes, async () => call?.())) as
        Record<string, unknown> | undefined;
      for (const { endpoint } of [value?.['sources'], value?.['peers']]
        .flat()
        .filter((each) => each !== undefined) as { endpoint: unknown }[])
        parseEndpoint(endpoint);
      for (const { name } of (value?.['found'] ?? []) as { name: string }[])
        must(isName(name), 'no name', name);
    },
  };
}

/** Codes that an answer may carry. */
const WIRE = [
  'bad-name',
  'bad-root',
  'bad-endpoint',
  'bad-request',
  'revision-mismatch',
  'too-many-requests',
  'busy',
  'internal',
  'not-found',
  'unknown-peer',
].filter((code) => isErrorCode(code) && crossesTheWire(code));

export const problem: Parser = {
  name: 'problem',
  good: [
    { type: 'about:blank', title: 'Not a name', status: 400, code: 'bad-name', detail: '"x": no' },
    { status: 503, code: 'busy', detail: 'later', retryAfter: 5 },
    { code: 'interrupted', detail: 'x' },
    { code: 'registry-misbehaves' },
  ],
  judge: (input) => {
    const json = jsonOr(input);
    const refusal = refusalOf({ url: new URL('http://h:1') }, { status: 400, json, headers: {} });
    must(
      refusal.code === 'registry-misbehaves' || crossesTheWire(refusal.code),
      'a code of ours',
      refusal.code,
    );
    must(refusal.message.length <= 600, 'a long message', refusal.message.length);
    const told = problemOf(refusal);
    must(told.code === refusal.code || told.code === 'internal', 'another code', told);
    must(
      isDeepStrictEqual(problemOf(refusal, 'owner').code, refusal.code),
      'the owner is not told',
      refusal.code,
    );
  },
};
