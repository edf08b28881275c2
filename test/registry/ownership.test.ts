// Whose endpoint it is, from the socket to the answer.
import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import type { Endpoint } from '../../src/protocol/endpoints.ts';
import { identityOf } from '../harness/identities.ts';
import { startRegistry } from '../harness/running.ts';
import { call, expectProblem } from './calling.ts';
import { REGISTRY, startedFor } from './started-for.ts';

const ANN = '203.0.113.7';
const BOB = '203.0.113.8';
const PEER = `/api/v1/peers/${identityOf('Ann').peerId}`;
const OTHER = `/api/v1/peers/${identityOf('Bob').peerId}`;
const ROOT = '0123456789abcdef'.repeat(4);
const at = (ipAddress: string) => ({ ipAddress, port: 7771 });
const offer = (name: string) => ({ name, size: 1, modified: 1 });

test('nobody else may change what is at an address', async () => {
  const from = await startedFor();
  expect((await from(ANN, 'POST', '/api/Registers/a', at(ANN))).text).toBe('1');
  await from(ANN, 'PUT', PEER, { port: 7771 });
  const change = { revision: 0, offered: [offer('b')], withdrawn: [] };
  await from(ANN, 'PATCH', `${PEER}/catalogue`, change);
  await from(ANN, 'PUT', `${PEER}/contents/${ROOT}`, { complete: false });
  const index = async () =>
    (await from(ANN, 'GET', '/api/Registers')).text +
    (await from(ANN, 'GET', `/api/v1/contents/${ROOT}`)).text;
  const before = await index();

  for (const [method, path, body] of [
    ['POST', '/api/Registers/new', at(ANN)],
    ['PUT', '/api/Registers/a', at(ANN)],
    ['DELETE', '/api/Registers/a', at(ANN)],
    ['PUT', '/api/Registers/b', at(ANN)],
    ['POST', '/api/Registers/a', at('127.0.0.1')],
    ['POST', '/api/Registers/a', at(REGISTRY)],
    ['PUT', OTHER, { ...at(ANN) }],
    // With the key of the peer itself, too: what else it opens is proofs.test.ts's.
    ['PUT', PEER, { ...at(ANN) }],
  ] as const) {
    // What a proxy would say is hearsay.
    const claims = { 'x-forwarded-for': ANN, forwarded: `for=${ANN}`, 'x-real-ip': ANN };
    expectProblem(await from(BOB, method, path, body, claims), 403, 'endpoint-not-yours');
  }
  expect(await index()).toBe(before);
  expect((await from(ANN, 'PUT', '/api/Registers/a', at(ANN))).text).toBe('1');
});

test.each([
  [`::ffff:${ANN}`, ANN],
  [ANN, `::ffff:${ANN}`],
  [ANN, '::FFFF:cb00:7107'],
  ['2001:db8::7', '2001:DB8:0:0:0:0:0:7'],
  ['fe80::7%eth0', 'fe80::7'],
])('a caller at %s is at its own address when it says %s', async (caller, said) => {
  const from = await startedFor();
  expect((await from(caller, 'POST', '/api/Registers/a', at(said))).text).toBe('1');
  expect((await from(caller, 'POST', '/api/Registers/a', at(caller))).text).toBe('0');
  expectProblem(await from(caller, 'POST', '/api/Registers/a', at(BOB)), 403, 'endpoint-not-yours');
});

test('a peer that names no address gets the one that it calls from', async () => {
  const from = await startedFor();
  const { json } = await from(`::ffff:${ANN}`, 'PUT', PEER, { port: 7771 });
  expect(json).toMatchObject({ endpoint: at(ANN) });
});

test('a process on the registry’s own machine may register for others', async () => {
  const from = await startedFor();
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const callers = ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', REGISTRY];
  for (const caller of [...callers, ...own.map(({ address }) => address)]) {
    expect((await from(caller, 'POST', '/api/Registers/a', at(ANN))).text).toBe('1');
    expect((await from(caller, 'PUT', '/api/Registers/a', at(ANN))).text).toBe('1');
  }
});

test('with --any-address anyone may register anything', async () => {
  const from = await startedFor({ anyAddress: true });
  expect((await from(BOB, 'POST', '/api/Registers/a', at(ANN))).text).toBe('1');
  expect((await from(BOB, 'PUT', '/api/Registers/a', at(ANN))).text).toBe('1');
  expect((await from(BOB, 'PUT', PEER, at(ANN))).status).toBe(200);
});

test('a peer on the registry’s machine is seen by others at the registry’s address', async () => {
  const from = await startedFor();
  await from('127.0.0.1', 'PUT', PEER, { port: 7771 });
  const change = { revision: 0, offered: [offer('a')], withdrawn: [] };
  await from('127.0.0.1', 'PATCH', `${PEER}/catalogue`, change);
  await from('127.0.0.1', 'PUT', `${PEER}/contents/${ROOT}`, { complete: false });
  for (const [caller, seen] of [
    [ANN, at(REGISTRY)],
    ['127.0.0.1', at('127.0.0.1')],
  ] as const) {
    const json = async (path: string) => (await from(caller, 'GET', path)).json;
    expect(await json('/api/Registers/a')).toEqual([seen]);
    expect(await json('/api/Registers')).toEqual([{ name: 'a', endpoints: [seen] }]);
    expect(await json('/api/v1/names/a')).toMatchObject({ sources: [{ endpoint: seen }] });
    expect(await json('/api/v1/peers')).toMatchObject({ peers: [{ endpoint: seen }] });
    expect(await json(`/api/v1/contents/${ROOT}`)).toMatchObject({ sources: [{ endpoint: seen }] });
  }
});

test('what others report of it is looked for where it is registered', async () => {
  const reported: Endpoint[] = [];
  const from = await startedFor({
    unreachable: (endpoint) => {
      reported.push(endpoint);
      return Promise.resolve();
    },
  });
  const report = (caller: string, ipAddress: string) =>
    from(caller, 'POST', '/api/v1/reports', { endpoint: at(ipAddress), reason: 'unreachable' });
  expect((await report(ANN, REGISTRY)).status).toBe(204);
  expect(reported.splice(0)).toEqual([at(REGISTRY), at('127.0.0.1'), at('::1')]);
  await report(ANN, `::ffff:${BOB}`);
  await report('127.0.0.1', '127.0.0.1');
  expect(reported).toEqual([at(BOB), at('127.0.0.1')]);
});

test.each(['http://evil.test', 'http://127.0.0.1:1', 'null', 'not an origin', ''])(
  'a page of another origin may change nothing: %j',
  async (origin) => {
    const { port } = await startRegistry();
    const headers = { origin };
    for (const [method, path, body] of [
      ['POST', '/api/Registers/a', at('127.0.0.1')],
      ['PUT', '/api/Registers/a', at('127.0.0.1')],
      ['DELETE', '/api/Registers/a', at('127.0.0.1')],
      ['PUT', PEER, { port: 7771 }],
      ['OPTIONS', PEER, undefined],
    ] as const)
      expectProblem(await call(port, method, path, { body, headers }), 403, 'cross-origin');
    const { json, headers: answered } = await call(port, 'GET', '/api/Registers', { headers });
    expect(json).toEqual([]);
    expect(answered).not.toHaveProperty('access-control-allow-origin');
  },
);

test('a page of the registry’s own origin may', async () => {
  const { port } = await startRegistry();
  const headers = { origin: `http://127.0.0.1:${port}` };
  const body = at('127.0.0.1');
  expect((await call(port, 'POST', '/api/Registers/a', { body, headers })).text).toBe('1');
});

test('with the address of its machine a registry keeps no endpoint on loopback', async () => {
  // An address for documentation (RFC 5737): another machine's registry may well tell it.
  const advertise = '192.0.2.55';
  const { port } = await startRegistry({ advertise });
  const peer = `/api/v1/peers/${identityOf('Eve').peerId}`;
  const endpoint = { ipAddress: advertise, port: 7771 };
  for (let times = 0; times < 2; times++)
    expect((await call(port, 'PUT', peer, { body: { port: 7771 } })).json).toMatchObject({
      endpoint,
    });
  const byHand = '/api/Registers/by%20hand';
  const local = { ipAddress: '127.0.0.1', port: 7772 };
  expect((await call(port, 'POST', byHand, { body: local })).json).toBe(1);
  expect((await call(port, 'GET', byHand)).json).toEqual([{ ipAddress: advertise, port: 7772 }]);
  expect((await call(port, 'PUT', byHand, { body: local })).json).toBe(1);
  expect((await call(port, 'DELETE', peer)).status).toBe(204);
});
