// Who may speak for a peer: what is captured of it, made up or kept too long is worth nothing to anybody else.
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFile, stat, writeFile, chmod } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { CompactSign, UnsecuredJWT, type JWTPayload } from 'jose';
import { expect, test } from 'vitest';
import { Identity } from '../../src/lib/identity.ts';
import {
  bodyDigest,
  LEASE_HEADER,
  peerProof,
  PROOF_HEADER,
  readPeerProof,
} from '../../src/lib/peer-proof.ts';
import { isReachProof, reachProof } from '../../src/lib/reach-proof.ts';
import { identityOf } from '../harness/identities.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { callOnce, expectProblem, nonceIn, type Answered } from './calling.ts';
import { startedFor, type CallFrom } from './started-for.ts';

const ANNS = '203.0.113.7';
const BOBS = '203.0.113.8';
const [ANN, BOB] = [identityOf('Ann'), identityOf('Bob')];
const PEER = `/api/v1/peers/${ANN.peerId}`;
const OTHER = `/api/v1/peers/${BOB.peerId}`;
const ROOT = '0123456789abcdef'.repeat(4);
const HERE = { port: 7771 };
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A registry that is called without proving anything by itself, and its clock. */
async function started() {
  let now = 1_800_000_000_000;
  const clock = { now: () => now };
  const from = await startedFor({ calls: callOnce, clock });
  return { from, pass: (ms: number) => (now += ms) };
}

const PUT = { method: 'PUT', path: PEER, digest: bodyDigest(JSON.stringify(HERE)) };

async function nonceFor(from: CallFrom, address = ANNS): Promise<string> {
  const answer = await from(address, 'PUT', PEER, HERE);
  expectProblem(answer, 401, 'proof-wanted');
  return nonceIn(answer) ?? expect.fail();
}

const put = (
  from: CallFrom,
  address: string,
  headers: Record<string, string>,
  body: object = HERE,
) => from(address, 'PUT', PEER, body, headers);
const proving = async (nonce: string, identity = ANN, asked: Partial<typeof PUT> = {}) => ({
  [PROOF_HEADER]: await peerProof(identity, { ...PUT, ...asked, nonce }),
});

/** The token that a proof is worth. */
async function tokenOf(from: CallFrom, address = ANNS): Promise<string> {
  const answer = await put(from, address, await proving(await nonceFor(from, address)));
  expect(answer).toMatchObject({ status: 200 });
  return String(answer.headers[LEASE_HEADER]);
}

const indexOf = async (from: CallFrom) =>
  (await from(ANNS, 'GET', '/api/v1/peers')).text +
  (await from(ANNS, 'GET', '/api/Registers')).text +
  (await from(ANNS, 'GET', `/api/v1/contents/${ROOT}`)).text;

/** All that can be asked on a peer. */
const CALLS: [method: string, under: string, body: object | undefined][] = [
  ['PUT', '', HERE],
  ['PATCH', '/catalogue', { revision: 1, offered: [], withdrawn: ['a'] }],
  ['PATCH', '/catalogue', { revision: 0, reset: true, offered: [], withdrawn: [] }],
  ['PUT', `/contents/${ROOT}`, { complete: true }],
  ['DELETE', `/contents/${ROOT}`, undefined],
  ['DELETE', '', undefined],
];

async function offering(from: CallFrom): Promise<Record<string, string>> {
  const token = { [LEASE_HEADER]: await tokenOf(from) };
  const change = { revision: 0, offered: [{ name: 'a', size: 1, modified: 1 }], withdrawn: [] };
  const told = await from(ANNS, 'PATCH', `${PEER}/catalogue`, change, token);
  expect(told).toMatchObject({ status: 200 });
  await from(ANNS, 'PUT', `${PEER}/contents/${ROOT}`, { complete: false }, token);
  return token;
}

test('a proof is worth a token for a day, with which all further calls are taken', async () => {
  const { from, pass } = await started();
  const token = await offering(from);
  const renewed = await put(from, ANNS, token);
  expect(renewed).toMatchObject({ status: 200, json: { revision: 1 } });
  expect(renewed.headers[LEASE_HEADER]).toBeUndefined();
  pass(DAY - 1);
  for (const [method, under, body] of CALLS)
    expect((await from(ANNS, method, PEER + under, body, token)).status).toBeLessThan(300);
  pass(1);
  expectProblem(await put(from, ANNS, token), 401, 'proof-wanted');
});

test('a proof is taken on every call', async () => {
  const { from } = await started();
  await offering(from);
  for (const [method, under, body] of CALLS) {
    const asked = { method, path: PEER + under, digest: bodyDigest(body && JSON.stringify(body)) };
    const headers = await proving(await nonceFor(from), ANN, asked);
    const answer = await from(ANNS, method, PEER + under, body, headers);
    expect(answer.status, answer.asked).toBeLessThan(300);
    expect(answer.headers[LEASE_HEADER]).toBeDefined();
  }
});

test('a proof that was captured is worth nothing elsewhere, later, or for anything else', async () => {
  const { from, pass } = await started();
  const proof = await proving(await nonceFor(from));
  const refused = (answer: Answered) => {
    expectProblem(answer, 401, 'proof-wanted');
    expect(answer.headers[LEASE_HEADER]).toBeUndefined();
  };
  refused(await put(from, BOBS, proof));
  refused(await put(from, ANNS, proof, { port: 7772 }));
  refused(await put(from, ANNS, proof, { ...HERE, displayName: 'Eve' }));
  refused(await from(ANNS, 'PUT', OTHER, HERE, proof));
  refused(await from(ANNS, 'DELETE', PEER, undefined, proof));
  const change = { revision: 0, offered: [], withdrawn: [] };
  refused(await from(ANNS, 'PATCH', `${PEER}/catalogue`, change, proof));
  refused(await from(ANNS, 'PUT', `${PEER}/contents/${ROOT}`, { complete: true }, proof));
  pass(MINUTE + 1);
  refused(await put(from, ANNS, proof));
});

test('nonces and tokens that another registry gave, or that were made up, are worth nothing', async () => {
  const [{ from }, other] = [await started(), await started()];
  const nonce = await nonceFor(from);
  const token = await tokenOf(from);
  const later = nonce.replace(/^\d+/, (time) => String(Number(time) + 1));
  for (const wrong of [await nonceFor(other.from), later, token, '', '1', 'a'.repeat(200)])
    expectProblem(await put(from, ANNS, await proving(wrong)), 401, 'proof-wanted');
  expectProblem(await put(other.from, ANNS, { [LEASE_HEADER]: token }), 401, 'proof-wanted');
  expectProblem(await put(from, ANNS, { [LEASE_HEADER]: nonce }), 401, 'proof-wanted');
});

test('a token holds for its own peer, at the address that it was given to, unaltered', async () => {
  const { from } = await started();
  const token = await tokenOf(from);
  const refused = (answer: Answered) => {
    expectProblem(answer, 401, 'proof-wanted');
  };
  refused(await from(ANNS, 'PUT', OTHER, HERE, { [LEASE_HEADER]: token }));
  refused(await put(from, BOBS, { [LEASE_HEADER]: token }));
  const [time = '', mac = ''] = token.split('.');
  const flipped = Array.from(
    mac,
    (letter, at) => mac.slice(0, at) + (letter === 'A' ? 'B' : 'A') + mac.slice(at + 1),
  );
  for (const altered of [
    ...flipped.map((each) => `${time}.${each}`),
    ...[`${Number(time) + 1}.${mac}`, `0${token}`, `${token}0`, `${token}, ${token}`, `.${mac}`],
    ...[`${time}.`, `${time}.${'A'.repeat(43)}`, time, mac, 'null'],
  ])
    refused(await put(from, ANNS, { [LEASE_HEADER]: altered }));
  expect(await put(from, ANNS, { [LEASE_HEADER]: token })).toMatchObject({ status: 200 });
});

test('nobody takes over, changes or withdraws what a peer registered, knowing all but its key', async () => {
  const { from } = await started();
  await offering(from);
  const before = await indexOf(from);
  const bobs = await put(from, BOBS, {});
  expectProblem(bobs, 401, 'proof-wanted');
  const { x } = ANN.publicKey.export({ format: 'jwk' });
  for (const address of [BOBS, ANNS])
    for (const [method, under, body] of CALLS) {
      const path = PEER + under;
      const asked = { method, path, digest: bodyDigest(body && JSON.stringify(body)) };
      const claims = (nonce: string) =>
        Buffer.from(JSON.stringify({ htm: method, htu: path, nonce, body: asked.digest }));
      const head = { alg: 'EdDSA', typ: 'sp2p-proof+jwt' };
      const attempts: ((nonce: string) => Promise<string> | string)[] = [
        () => '',
        // His own key, under his own name and hers.
        async (nonce) => (await proving(nonce, BOB, asked))[PROOF_HEADER],
        (nonce) =>
          new CompactSign(claims(nonce))
            .setProtectedHeader({ ...head, jwk: { kty: 'OKP', crv: 'Ed25519', x: x ?? '' } })
            .sign(BOB.privateKey),
        // No signature, and one that everybody can make.
        (nonce) => new UnsecuredJWT(JSON.parse(claims(nonce).toString()) as JWTPayload).encode(),
        (nonce) =>
          new CompactSign(claims(nonce))
            .setProtectedHeader({
              ...{ alg: 'HS256', typ: head.typ },
              jwk: { kty: 'OKP', crv: 'Ed25519', x: x ?? '' },
            })
            .sign(Buffer.from(x ?? '', 'base64url')),
        // Her signature, of something else.
        (nonce) => {
          const { proof } = reachProof(ANN, nonce);
          const [header = '', payload = ''] = [head, JSON.parse(claims(nonce).toString())].map(
            (part) => Buffer.from(JSON.stringify(part)).toString('base64url'),
          );
          return `${header}.${payload}.${proof}`;
        },
      ];
      for (const attempt of attempts) {
        const proof = await attempt(await nonceFor(from, address));
        const answer = await from(address, method, path, body, { [PROOF_HEADER]: proof });
        expectProblem(answer, 401, 'proof-wanted');
      }
    }
  expect(await indexOf(from)).toBe(before);
});

test('a peer that moves proves anew, and keeps its id and its catalogue', async () => {
  const { from } = await started();
  const token = await offering(from);
  expectProblem(await put(from, BOBS, token), 401, 'proof-wanted');
  const moved = await put(from, BOBS, await proving(await nonceFor(from, BOBS)));
  expect(moved).toMatchObject({
    ...{ status: 200, json: { endpoint: { ipAddress: BOBS, port: 7771 }, revision: 1 } },
  });
  const { json } = await from(ANNS, 'GET', '/api/v1/names/a');
  expect(json).toMatchObject({ sources: [{ endpoint: { ipAddress: BOBS }, peerId: ANN.peerId }] });
  // Where it is not, it cannot say that it is.
  const elsewhere = { ...HERE, ipAddress: ANNS };
  const digest = bodyDigest(JSON.stringify(elsewhere));
  const proof = await proving(await nonceFor(from, BOBS), ANN, { digest });
  const refused = await put(from, BOBS, proof, elsewhere);
  expectProblem(refused, 403, 'endpoint-not-yours');
  expect(refused.headers[LEASE_HEADER]).toBeDefined();
});

test('any header is a proof or a refusal', async () => {
  const { from } = await started();
  const good = (await proving(await nonceFor(from)))[PROOF_HEADER];
  const mutated = fc
    .tuple(fc.nat(good.length - 1), fc.constantFrom('', 'A', '.', '=', '~', 'é'))
    .map(([at, put]) => good.slice(0, at) + put + good.slice(at + 1));
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, fc.string()), async (text) => {
      const read = await readPeerProof(text);
      expect(read === undefined || text === good || !(await read.isSigned())).toBe(true);
    }),
    { numRuns: 2_000 },
  );
  for (const text of [good.slice(1), `${good}.`, 'a.b.c', '..', 'e30.e30.e30', 'x'.repeat(9_000)])
    expectProblem(await put(from, ANNS, { [PROOF_HEADER]: text }), 401, 'proof-wanted');
});

test('who is dialled shows its key, and nothing else passes for it', () => {
  const nonce = '0123456789abcdef';
  const shown = reachProof(ANN, nonce);
  expect(isReachProof(shown, ANN.peerId, nonce)).toBe(true);
  expect(isReachProof(shown, BOB.peerId, nonce)).toBe(false);
  expect(isReachProof(shown, ANN.peerId, `${nonce}00`)).toBe(false);
  expect(isReachProof({ ...shown, key: reachProof(BOB, nonce).key }, ANN.peerId, nonce)).toBe(
    false,
  );
  expect(isReachProof({ ...shown, key: reachProof(BOB, nonce).key }, BOB.peerId, nonce)).toBe(
    false,
  );
  // Its signature over a request is none over that, and an id of another kind of key is none.
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const proof = sign('sha256', Buffer.from(`sp2p reach ${nonce}`), privateKey).toString(
    'base64url',
  );
  const key = der.toString('base64url');
  const id = bodyDigest(der.toString('latin1')).slice(0, 32);
  expect(isReachProof({ key, proof }, id, nonce)).toBe(false);
  fc.assert(
    fc.property(fc.anything(), (answer) => {
      expect(isReachProof(answer, ANN.peerId, nonce)).toBe(false);
    }),
  );
});

test('a peer is the same one after a restart, unless others could have its key', async () => {
  const { url } = await startRegistry();
  const dataFolder = await temporaryFolder();
  const file = join(dataFolder, 'identity.pem');
  const ids = async (damage: () => Promise<unknown> = () => Promise.resolve()) => {
    await damage();
    const peer = await startPeer({ shares: [], registry: url, dataFolder });
    const { port } = { port: Number(url.port) };
    const { json } = await callOnce(port, 'GET', '/api/v1/peers');
    await peer.stop();
    const { peers } = json as { peers: { peerId: string }[] };
    expect(peers).toHaveLength(1);
    const { peerId } = peers[0] ?? expect.fail();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(Identity.ofPem(await readFile(file, 'utf8')).peerId).toBe(peerId);
    return peerId;
  };
  const first = await ids();
  expect(await ids()).toBe(first);
  const seen = new Set([first]);
  for (const damage of [
    () => chmod(file, 0o644),
    () => writeFile(file, 'no key'),
    () => writeFile(file, ''),
  ])
    seen.add(await ids(damage));
  expect(seen.size).toBe(4);
});
