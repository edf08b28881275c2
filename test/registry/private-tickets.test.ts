// Tickets of a private network: whoever has the public keys can check them without asking anybody.
import {
  createLocalJWKSet,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JSONWebKeySet,
} from 'jose';
import { expect, test } from 'vitest';
import { PostgresStore } from '../../src/registry/store/postgres.ts';
import { postgresForTests } from '../harness/postgres.ts';
import { expectProblem } from './calling.ts';
import { startPrivate, type Private } from './private-registry.ts';

const server = postgresForTests();
const ROOT = 'ab'.repeat(32);
const ASKER = '0123456789abcdef'.repeat(2);

async function ticketFrom(
  { ask, admin }: Private,
  key = admin,
): Promise<{ ticket: string; expires: number }> {
  const answer = await ask(key, 'POST', '/api/v1/tickets', { body: { root: ROOT, asker: ASKER } });
  expect(answer).toMatchObject({ status: 200 });
  return answer.json as { ticket: string; expires: number };
}
async function keysOf({ ask }: Private, key: string): Promise<JSONWebKeySet> {
  return (await ask(key, 'GET', '/api/v1/ticket-keys')).json as JSONWebKeySet;
}
const checked = (ticket: string, keys: JSONWebKeySet, now = Date.now()) =>
  jwtVerify(ticket, createLocalJWKSet(keys), {
    ...{ algorithms: ['EdDSA'], typ: 'sp2p-ticket+jwt', currentDate: new Date(now) },
  });

test('a ticket is for one root and one asker, for four minutes', async () => {
  const network = await startPrivate();
  const { ticket, expires } = await ticketFrom(network);
  const keys = await keysOf(network, network.admin);
  const { payload, protectedHeader } = await checked(ticket, keys);
  expect(payload).toEqual({
    sub: ASKER,
    root: ROOT,
    iat: expires / 1_000 - 240,
    exp: expires / 1_000,
  });
  expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: 'sp2p-ticket+jwt', kid: keys.keys[0]?.kid });
  expect(keys.keys).toEqual([
    {
      kty: 'OKP',
      crv: 'Ed25519',
      x: expect.stringMatching(/^[\w-]{43}$/) as string,
      kid: keys.keys[0]?.kid,
    },
  ]);
});

test('a ticket ends with the key that it was asked for with', async () => {
  const network = await startPrivate();
  const end = Date.now() + 60_000;
  const ann = await network.keyFor('reader', { expires: end });
  expect((await ticketFrom(network, ann.key)).expires).toBe(Math.floor(end / 1_000) * 1_000);
});

test.each([{ root: 'x', asker: ASKER }, { root: ROOT }, { root: ROOT, asker: ASKER, exp: 1 }, 7])(
  'what is no request for a ticket is refused: %j',
  async (body) => {
    const { ask, admin } = await startPrivate();
    expectProblem(await ask(admin, 'POST', '/api/v1/tickets', { body }), 400, 'bad-request');
  },
);

test('after a change of keys the former one is told until its last ticket has ended', async () => {
  let now = Date.now();
  const network = await startPrivate({ clock: { now: () => now } });
  const first = await ticketFrom(network);
  const rotated = await network.ask(network.admin, 'POST', '/api/v1/ticket-keys');
  const second = await ticketFrom(network);
  expect(decodeProtectedHeader(second.ticket).kid).not.toBe(
    decodeProtectedHeader(first.ticket).kid,
  );
  const keys = await keysOf(network, network.admin);
  expect(rotated.json).toEqual(keys);
  for (const { ticket } of [first, second]) await checked(ticket, keys, now);
  now += 300_000 + 5_000 + 1;
  const later = await keysOf(network, network.admin);
  expect(later.keys).toHaveLength(1);
  await expect(checked(first.ticket, later, now)).rejects.toThrow(errors.JWKSNoMatchingKey);
});

test('all registries of a network sign with keys that all of them tell', async () => {
  const url = await server.emptySchema();
  const one = await startPrivate({ store: new PostgresStore(url) });
  const other = await startPrivate({ store: new PostgresStore(url) });
  const key = one.admin;
  const before = await ticketFrom(one);
  await checked(before.ticket, await keysOf(other, key));
  await other.ask(key, 'POST', '/api/v1/ticket-keys');
  const after = [await ticketFrom(one), await ticketFrom(other, key)];
  for (const network of [one, other])
    for (const { ticket } of [before, ...after]) await checked(ticket, await keysOf(network, key));
});
