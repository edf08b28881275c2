// Arbitrary sequences of what is done to an index, carried out on an engine and on the plain store
// side by side; what both answer must be the same at every step.
import fc from 'fast-check';
import { expect } from 'vitest';
import { CodedError } from '../../src/protocol/errors.ts';
import type { CatalogueChange } from '../../src/protocol/schemas.ts';
import type { Store } from '../../src/registry/store/store.ts';
import { PlainStore, view } from './plain-store.ts';

// Few of each, so that they meet. In the order of code units the emoji would be before U+FB01.
const NAMES = ['a', 'a/b', 'É', 'ﬁ', '🎈'];
const PEER_IDS = ['0', '1', '2'].map((digit) => digit.repeat(32));
const ENDPOINTS = [
  { ipAddress: '127.0.0.1', port: 1 },
  { ipAddress: '127.0.0.1', port: 2 },
  { ipAddress: '2001:db8::1', port: 1 },
];
const ROOTS = ['0', '9', 'f'].map((digit) => digit.repeat(64));
const LEASE_MS = 1_000;
export const MAX_NAMES = 3;
/** One less than there are roots, so that a peer may go too far. */
export const MAX_CONTENTS = 2;

const TAKEN_OFF = { reason: '', by: 'Ann', at: 1_700_000_000_000 };

const name = fc.constantFrom(...NAMES);
const peerId = fc.constantFrom(...PEER_IDS);
const endpoint = fc.constantFrom(...ENDPOINTS);
const root = fc.constantFrom(...ROOTS);
const size = fc.integer({ min: 0, max: 3 });

const subject = fc.oneof(
  fc.record({ kind: fc.constant('name' as const), subject: name }),
  fc.record({ kind: fc.constant('content' as const), subject: root }),
  fc.record({ kind: fc.constant('peer' as const), subject: peerId }),
);

const OPERATIONS = [
  fc.record({ does: fc.constant('register' as const), name, endpoint }),
  fc.record({ does: fc.constant('deregister' as const), name, endpoint }),
  fc.record({ does: fc.constant('renew' as const), peerId, endpoint }),
  fc.record({
    does: fc.constant('change' as const),
    peerId,
    at: fc.constantFrom('right' as const, 'right' as const, 'wrong' as const, 'reset' as const),
    offered: fc.array(
      fc.record(
        { name, size, modified: size, root },
        { requiredKeys: ['name', 'size', 'modified'] },
      ),
      { maxLength: 4 },
    ),
    withdrawn: fc.array(name, { maxLength: 3 }),
  }),
  fc.record({ does: fc.constant('hold' as const), peerId, root, complete: fc.boolean() }),
  fc.record({ does: fc.constant('let go' as const), peerId, root }),
  fc.record({ does: fc.constant('has lease' as const), endpoint }),
  fc.record({ does: fc.constant('end lease' as const), endpoint }),
  fc.record({ does: fc.constant('remove' as const), peerId }),
  fc.record({ does: fc.constant('take off' as const), subject }),
  fc.record({ does: fc.constant('restore' as const), subject }),
  fc.record({ does: fc.constant('drop' as const), endpoint }),
  fc.record({ does: fc.constant('drop expired' as const) }),
  fc.record({ does: fc.constant('wait' as const), ms: fc.constantFrom(1, 500, 999, 1_000) }),
];
// As long as they may be: in a few steps hardly anything meets.
export const operations = fc.array(fc.oneof(...OPERATIONS), { maxLength: 60, size: 'max' });

type Operation = (typeof OPERATIONS)[number] extends fc.Arbitrary<infer T> ? T : never;

/** @param reopened if given, is handed the store after each operation, and gives the one to go on with */
export async function expectToMatchPlainStore(
  opened: Store,
  todo: Operation[],
  reopened: (store: Store) => Promise<Store> = (store) => Promise.resolve(store),
): Promise<void> {
  let store = opened;
  const plain = new PlainStore(MAX_NAMES, MAX_CONTENTS);
  const revisions = new Map<string, number>();
  let now = 1_700_000_000_000;
  for (const operation of todo) {
    if (operation.does === 'wait') now += operation.ms;
    const answer = await outcome(() => carryOut(store, operation, revisions, now));
    expect(answer).toEqual(await outcome(() => carryOut(plain, operation, revisions, now)));
    if ('peerId' in operation && typeof answer === 'number')
      revisions.set(operation.peerId, answer);
    expect(await view(store, NAMES, ROOTS, PEER_IDS, now)).toEqual(
      plain.view(NAMES, ROOTS, PEER_IDS, now),
    );
    store = await reopened(store);
  }
}

function carryOut(
  index: Store | PlainStore,
  operation: Operation,
  revisions: ReadonlyMap<string, number>,
  now: number,
): unknown {
  switch (operation.does) {
    case 'register':
      return index.register(operation.name, operation.endpoint, now);
    case 'deregister':
      return index.deregister(operation.name, operation.endpoint, now);
    case 'renew':
      return index.renewLease({ displayName: undefined, ...operation }, now + LEASE_MS);
    case 'change':
      return index.changeCatalogue(operation.peerId, changeOf(operation, revisions), now);
    case 'hold':
      return index.holdContent(operation.peerId, operation.root, operation.complete);
    case 'let go':
      return index.letContentGo(operation.peerId, operation.root);
    case 'has lease':
      return index.hasLease(operation.endpoint, now);
    case 'end lease':
      return index.endLease(operation.endpoint, now);
    case 'remove':
      return index.removePeer(operation.peerId);
    case 'take off':
      return takeOff(index, operation.subject);
    case 'restore':
      return restore(index, operation.subject);
    case 'drop':
      return index.dropExerciseEndpoint(operation.endpoint);
    case 'drop expired':
      return index.dropExpired(now - LEASE_MS);
    case 'wait':
      return undefined;
  }
}

function changeOf(
  { peerId, at, offered, withdrawn }: Extract<Operation, { does: 'change' }>,
  revisions: ReadonlyMap<string, number>,
): CatalogueChange {
  const revision = (revisions.get(peerId) ?? 0) + (at === 'right' ? 0 : 1);
  return { revision, offered, withdrawn, ...(at === 'reset' && { reset: true }) };
}

/** What was answered, or the code and the facts that it failed with. */
async function outcome(work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { code: error.code, facts: error.facts };
  }
}

type Subject = Parameters<PlainStore['remove']>[0];

async function takeOff(index: Store | PlainStore, subject: Subject): Promise<void> {
  if (index instanceof PlainStore) index.remove(subject);
  else expect(await index.remove({ ...subject, ...TAKEN_OFF })).toMatchObject(subject);
}

async function restore(index: Store | PlainStore, subject: Subject): Promise<boolean> {
  if (index instanceof PlainStore) return index.restore(subject);
  const all = await index.removals(Number.MAX_SAFE_INTEGER, 100);
  const removal = all.find((r) => r.kind === subject.kind && r.subject === subject.subject);
  expect(await index.isRemoved(subject.kind, subject.subject)).toBe(removal !== undefined);
  return (await index.restore(removal?.id ?? 0)) !== undefined;
}
