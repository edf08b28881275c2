// What administrators take off a private network, as it goes over the wire.
import { expect, test } from 'vitest';
import { identityOf } from '../harness/identities.ts';
import { expectProblem, type Answered } from './calling.ts';
import { startPrivate } from './private-registry.ts';
import { startedFor } from './started-for.ts';

const PEER = identityOf('Ann').peerId;
const ROOT = 'ab'.repeat(32);
const HERE = '127.0.0.1';

type Call = (_from: string, method: string, path: string, body?: unknown) => Promise<Answered>;

/** Calls of an administrator to a private network. */
async function asAdmin(): Promise<Call> {
  const { ask, admin } = await startPrivate();
  return (_from, method, path, body) => ask(admin, method, path, { body });
}

async function announced(call: Call): Promise<void> {
  await call(HERE, 'PUT', `/api/v1/peers/${PEER}`, { port: 7771 });
  const offered = [{ name: 'Exam.pdf', size: 1, modified: 1, root: ROOT }];
  const change = { revision: 0, reset: true, offered, withdrawn: [] };
  await call(HERE, 'PATCH', `/api/v1/peers/${PEER}/catalogue`, change);
}

test('what is taken off is in no answer, until it is restored and told anew', async () => {
  const call = await asAdmin();
  const holders = async () =>
    (await call(HERE, 'GET', `/api/v1/contents/${ROOT}`)).json as { holders: number };
  await announced(call);
  expect(await holders()).toMatchObject({ holders: 1 });
  const removal = { kind: 'name', subject: 'Exam.pdf', reason: 'Not out before Friday.' };
  const { status, json } = await call(HERE, 'POST', '/api/v1/removals', removal);
  expect(status).toBe(200);
  expect(json).toMatchObject(removal);
  expect(await holders()).toMatchObject({ holders: 0 });
  await announced(call);
  expect(await holders()).toMatchObject({ holders: 0 });
  expect((await call(HERE, 'GET', '/api/v1/removals')).json).toEqual({
    removals: [json],
    more: false,
  });
  const { id } = json as { id: number };
  expect((await call(HERE, 'DELETE', `/api/v1/removals/${id}`)).json).toEqual(json);
  expectProblem(await call(HERE, 'DELETE', `/api/v1/removals/${id}`), 404, 'not-found');
  await announced(call);
  expect(await holders()).toMatchObject({ holders: 1 });
});

test('a peer that was removed is refused, and so is a content of it', async () => {
  const call = await asAdmin();
  await announced(call);
  const remove = (kind: string, subject: string) =>
    call(HERE, 'POST', '/api/v1/removals', { kind, subject });
  await remove('content', ROOT.toUpperCase());
  const hold = `/api/v1/peers/${PEER}/contents/${ROOT}`;
  expectProblem(await call(HERE, 'PUT', hold, { complete: true }), 403, 'removed');
  await remove('peer', PEER);
  const renewed = await call(HERE, 'PUT', `/api/v1/peers/${PEER}`, { port: 7771 });
  expectProblem(renewed, 403, 'removed');
});

test('removals come page by page, the latest first', async () => {
  const call = await asAdmin();
  for (const subject of ['a', 'b', 'c'])
    await call(HERE, 'POST', '/api/v1/removals', { kind: 'name', subject });
  interface Page {
    removals: { id: number; subject: string }[];
    more: boolean;
  }
  const page = async (query: string) =>
    (await call(HERE, 'GET', `/api/v1/removals?${query}`)).json as Page;
  const first = await page('limit=2');
  expect(first.removals.map(({ subject }) => subject)).toEqual(['c', 'b']);
  expect(first.more).toBe(true);
  const rest = await page(`limit=2&before=${first.removals[1]?.id}`);
  expect(rest.removals.map(({ subject }) => subject)).toEqual(['a']);
  expect(rest.more).toBe(false);
});

test('what is neither a name, nor a root, nor a peer id is not taken off', async () => {
  const call = await asAdmin();
  const remove = (body: unknown) => call(HERE, 'POST', '/api/v1/removals', body);
  expectProblem(await remove({ kind: 'name', subject: '../x' }), 400, 'bad-name');
  expectProblem(await remove({ kind: 'content', subject: 'x' }), 400, 'bad-root');
  expectProblem(await remove({ kind: 'peer', subject: ROOT }), 400, 'bad-request');
  expectProblem(await remove({ kind: 'key', subject: PEER }), 400, 'bad-request');
  expectProblem(await call(HERE, 'DELETE', '/api/v1/removals/0'), 400, 'bad-request');
});

test('an open network takes nothing off', async () => {
  const call = await startedFor();
  const removal = { kind: 'name', subject: 'a' };
  expectProblem(await call(HERE, 'POST', '/api/v1/removals', removal), 404, 'not-found');
});

test('only an administrator takes something off, and what happened is in the audit trail', async () => {
  const { ask, admin, keyFor } = await startPrivate();
  const body = { kind: 'name', subject: 'a' };
  const member = await keyFor('member');
  for (const [method, path] of [
    ['POST', '/api/v1/removals'],
    ['GET', '/api/v1/removals'],
    ['DELETE', '/api/v1/removals/1'],
  ] as const)
    expectProblem(
      await ask(member.key, method, path, method === 'POST' ? { body } : {}),
      403,
      'not-allowed',
    );
  expect((await ask(admin, 'POST', '/api/v1/removals', { body })).json).toMatchObject({
    by: 'administrator',
  });
  const { entries } = (await ask(admin, 'GET', '/api/v1/audit')).json as {
    entries: { action: string; outcome: string }[];
  };
  const told = entries.filter(({ action }) => action === 'remove');
  expect(told).toMatchObject([
    { key: { name: 'administrator' }, subject: 'a', outcome: 'done' },
    { key: { name: 'a member' }, outcome: 'not-allowed' },
  ]);
});

test('there is no ticket for a content that was removed, nor for a peer', async () => {
  const { ask, admin } = await startPrivate();
  const ticket = (root: string) =>
    ask(admin, 'POST', '/api/v1/tickets', { body: { root, asker: PEER } });
  const remove = (kind: string, subject: string) =>
    ask(admin, 'POST', '/api/v1/removals', { body: { kind, subject } });
  expect(await ticket(ROOT)).toMatchObject({ status: 200 });
  await remove('content', ROOT);
  expectProblem(await ticket(ROOT), 403, 'removed');
  expect(await ticket('cd'.repeat(32))).toMatchObject({ status: 200 });
  await remove('peer', PEER);
  expectProblem(await ticket('cd'.repeat(32)), 403, 'removed');
});
