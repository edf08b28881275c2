import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { Identity } from '../../src/lib/identity.ts';
import { ask, codeOf } from './private-asking.ts';
import {
  newSigner,
  startHolder,
  startPrivateNetwork,
  type Holder,
  type PrivateNetwork,
} from './private-network.ts';

const BYTES = randomBytes(3 * 256 * 1024 + 5);
const OTHER_ROOT = 'ab'.repeat(32);
const identity = Identity.fresh();
const { peerId } = identity;

let inside: PrivateNetwork;
let holder: Holder;

beforeEach(async () => {
  inside = await startPrivateNetwork();
  holder = await startHolder(inside, BYTES);
});

async function statusWith(ticket: string | undefined): Promise<number> {
  const asked = await ask(holder, `/contents/${holder.root}`, {
    identity,
    ...(ticket !== undefined && { ticket }),
  });
  if (asked.status === 200) expect(asked.body.equals(BYTES)).toBe(true);
  else expect(codeOf(asked)).toBe('bad-ticket');
  return asked.status;
}

test('a ticket opens its content, whatever of it is asked for', async () => {
  const ticket = await inside.ticket(holder.root, peerId);
  const paths = ['', '/layer', '/pieces'].map((part) => `/contents/${holder.root}${part}`);
  for (const path of [...paths, '/files/a%20b.bin'])
    expect((await ask(holder, path, { identity, ticket })).status, path).toBe(200);
});

describe('nothing is given', () => {
  test('without a ticket, be it there or not', async () => {
    const paths = ['', '/layer', '/pieces'].map((part) => `/contents/${holder.root}${part}`);
    for (const path of [...paths, '/files/a%20b.bin', '/files/none', '/', '/none'])
      expect(codeOf(await ask(holder, path, { identity })), path).toBe('bad-ticket');
  });

  test('of anything but what the ticket is for, be it there or not', async () => {
    const ticket = await inside.ticket(OTHER_ROOT, peerId);
    for (const path of [`/contents/${holder.root}`, '/files/a%20b.bin', '/files/none', '/', '/x'])
      expect(codeOf(await ask(holder, path, { identity, ticket })), path).toBe('bad-ticket');
  });

  test('to who shows no certificate', async () => {
    const ticket = await inside.ticket(holder.root, peerId);
    expect(codeOf(await ask(holder, '/files/a%20b.bin', { ticket }))).toBe('bad-ticket');
  });

  test('to who shows the certificate of another peer', async () => {
    const ticket = await inside.ticket(holder.root, peerId);
    const asked = await ask(holder, '/files/a%20b.bin', { identity: Identity.fresh(), ticket });
    expect(codeOf(asked)).toBe('bad-ticket');
  });

  test.each([
    ['is over', { ago: 240 + 70 }],
    ['is of the future', { ago: -70 }],
    ['holds for longer than tickets do', { ago: 240 + 70, claims: { exp: 9_999_999_999 } }],
    ['is no ticket but something else that was signed', { header: { typ: 'sp2p-proof+jwt' } }],
    ['names a key that nobody has', { header: { kid: 'unknown' } }],
    ['is signed with another key', { key: newSigner().privateKey }],
    ['names no content', { claims: { root: undefined } }],
    ['names a content that is none', { claims: { root: 7 } }],
    ['does not say when it ends', { claims: { exp: undefined } }],
    ['does not say when it began', { claims: { iat: undefined } }],
    ['names nobody', { claims: { sub: undefined } }],
  ])('for a ticket that %s', async (_what, options) => {
    expect(await statusWith(await inside.ticket(holder.root, peerId, options))).toBe(401);
  });

  test('for a ticket that was altered', async () => {
    const [header = '', , signature = ''] = (await inside.ticket(OTHER_ROOT, peerId)).split('.');
    const iat = Math.floor(Date.now() / 1000);
    const claims = { sub: peerId, root: holder.root, iat, exp: iat + 240 };
    const altered = Buffer.from(JSON.stringify(claims)).toString('base64url');
    expect(await statusWith(`${header}.${altered}.${signature}`)).toBe(401);
  });

  test.each(['none', 'HS256'])('for a ticket that says alg %s', async (alg) => {
    const [, claims = ''] = (await inside.ticket(holder.root, peerId)).split('.');
    const { kid, publicKey } = inside.signer;
    const said = { alg, typ: 'sp2p-ticket+jwt', kid };
    const signed = `${Buffer.from(JSON.stringify(said)).toString('base64url')}.${claims}`;
    // The public key is known to all: as a secret it must be worth nothing.
    const pem = createSecretKey(Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })));
    const mac = createHmac('sha256', pem).update(signed).digest('base64url');
    for (const signature of ['', 'AA', mac])
      expect(await statusWith(`${signed}.${signature}`)).toBe(401);
  });

  test.each(['', '.', 'a.b.c', 'x'.repeat(8_000), `${'x'.repeat(3_000)}.e30.e30`])(
    'for what is no ticket at all (%#)',
    async (ticket) => {
      expect(await statusWith(ticket)).toBe(401);
    },
  );
});

test('clocks may differ by a minute', async () => {
  expect(await statusWith(await inside.ticket(holder.root, peerId, { ago: 240 + 50 }))).toBe(200);
  expect(await statusWith(await inside.ticket(holder.root, peerId, { ago: -50 }))).toBe(200);
});

test('the registry changes its key, and nobody notices', async () => {
  const before = await inside.ticket(holder.root, peerId);
  expect(await statusWith(before)).toBe(200);
  const other = await startHolder(inside, BYTES);
  inside.signers.unshift(newSigner());
  const after = await inside.ticket(other.root, peerId);
  holder = await startHolder(inside, BYTES);
  expect(await statusWith(after)).toBe(200);
  expect(await statusWith(before)).toBe(200);
});

test('whoever names keys that nobody has does not make the registry be asked each time', async () => {
  const header = { kid: 'unknown' };
  const unknown = await inside.ticket(holder.root, peerId, { header });
  const right = await inside.ticket(holder.root, peerId);
  const refused = Promise.all(Array.from({ length: 10 }, () => statusWith(unknown)));
  // Nobody else has to wait meanwhile.
  expect(await statusWith(right)).toBe(200);
  expect(inside.keysAsked).toBe(1);
  expect(new Set(await refused)).toEqual(new Set([401]));
  expect(inside.keysAsked).toBe(2);
});

test('a registry that dials the peer hears who it is, without a ticket', async () => {
  const { status, body } = await ask(holder, `/peer?nonce=${'ab'.repeat(16)}`);
  expect(status).toBe(200);
  expect(JSON.parse(body.toString())).toHaveProperty('proof');
});
