// A reverse proxy before the registry: whom it calls for counts, and nobody else's word does.
import { expect, test } from 'vitest';
import { parseProxy } from '../../src/registry/trusted-proxies.ts';
import { identityOf } from '../harness/identities.ts';
import { expectProblem } from './calling.ts';
import { startedFor, type CallFrom } from './started-for.ts';

const PROXY = '198.51.100.1';
const ANN = '203.0.113.7';
const BOB = '203.0.113.8';
const PEER = `/api/v1/peers/${identityOf('Ann').peerId}`;
const at = (ipAddress: string) => ({ ipAddress, port: 7771 });
const forwarded = (chain: string) => ({ 'x-forwarded-for': chain });

/** What the registry takes a caller for: the address that a peer is given which names none. */
async function takenFor(from: CallFrom, address: string, chain: string): Promise<unknown> {
  const { json } = await from(address, 'PUT', PEER, { port: 7771 }, forwarded(chain));
  return (json as { endpoint?: { ipAddress: string } }).endpoint?.ipAddress;
}

test('a caller behind a trusted proxy is where the proxy says', async () => {
  for (const trusted of [PROXY, '198.51.100.0/24', `10.0.0.1,${PROXY}`]) {
    const from = await startedFor({ trustProxy: trusted.split(',') });
    expect(await takenFor(from, PROXY, ANN)).toBe(ANN);
    expect(await takenFor(from, `::ffff:${PROXY}`, `::ffff:${ANN}`)).toBe(ANN);
    expect((await from(PROXY, 'DELETE', PEER, undefined, forwarded(ANN))).status).toBe(204);
    expect((await from(PROXY, 'POST', '/api/Registers/a', at(ANN), forwarded(ANN))).text).toBe('1');
    const other = await from(PROXY, 'PUT', '/api/Registers/a', at(ANN), forwarded(BOB));
    expectProblem(other, 403, 'endpoint-not-yours');
  }
});

test('a header of anybody else changes nothing', async () => {
  for (const trustProxy of [[], [PROXY], ['127.0.0.1']]) {
    const from = await startedFor({ trustProxy });
    for (const chain of [ANN, '127.0.0.1', '192.0.2.1', `${ANN}, ${PROXY}`, `127.0.0.1,${PROXY}`]) {
      expectProblem(
        await from(BOB, 'POST', '/api/Registers/a', at(ANN), forwarded(chain)),
        ...([403, 'endpoint-not-yours'] as const),
      );
      expect(await takenFor(from, BOB, chain)).toBe(BOB);
      await from(BOB, 'DELETE', PEER);
    }
  }
});

test('what a caller tells a trusted proxy of others does not count', async () => {
  const from = await startedFor({ trustProxy: [PROXY] });
  // A proxy adds whom it was called by at the end; all before that is the caller's own story.
  for (const story of [ANN, '127.0.0.1', '192.0.2.1', 'nonsense', ANN.repeat(9)]) {
    const answer = await from(
      PROXY,
      'POST',
      '/api/Registers/a',
      at(ANN),
      forwarded(`${story}, ${BOB}`),
    );
    expectProblem(answer, 403, 'endpoint-not-yours');
  }
  const twice = `${ANN}, ${BOB}, ${PROXY}`;
  expect(await takenFor(from, PROXY, twice)).toBe(BOB);
});

test('nobody behind a proxy is taken for a process on the registry’s machine', async () => {
  const from = await startedFor({ trustProxy: [PROXY] });
  // The proxy's own machine, a private network that both have, the registry's own address.
  for (const chain of ['127.0.0.1', '::1', '172.17.0.1', '192.0.2.1']) {
    const answer = await from(PROXY, 'POST', '/api/Registers/a', at(ANN), forwarded(chain));
    expectProblem(answer, 403, 'endpoint-not-yours');
  }
  expect(await takenFor(from, PROXY, '127.0.0.1')).toBe(PROXY);
});

test('a proxy on the registry’s machine calls for those on it, and for others', async () => {
  const from = await startedFor({ trustProxy: ['127.0.0.1'] });
  const registered = (chain: string) =>
    from('127.0.0.1', 'POST', '/api/Registers/a', at(ANN), forwarded(chain));
  expect((await registered('127.0.0.1')).text).toBe('1');
  expectProblem(await registered(BOB), 403, 'endpoint-not-yours');
});

test('a proxy that forwards what is no address gets a clear error', async () => {
  const from = await startedFor({ trustProxy: [PROXY] });
  for (const chain of ['unknown', '_hidden', `${ANN}:1234`, ',', 'a'.repeat(9000)]) {
    const answer = await from(PROXY, 'GET', '/api/Registers', undefined, forwarded(chain));
    expect([200, 400], answer.text).toContain(answer.status);
    if (answer.status === 400) expectProblem(answer, 400, 'bad-request');
    const change = await from(PROXY, 'POST', '/api/Registers/a', at(ANN), forwarded(chain));
    expect([400, 403]).toContain(change.status);
  }
});

test.each(['192.0.2.7', '10.0.0.0/8', '2001:DB8::/32', '::1', ' 192.0.2.7 '])(
  '%j can be a proxy',
  (text) => {
    expect(parseProxy(parseProxy(text))).toBe(parseProxy(text));
  },
);

test.each(['', 'loopback', 'proxy.test', '10.0.0.0/33', '0.0.0.0/0', '::/0', '1.2.3.4/', '1/2/3'])(
  '%j cannot',
  (text) => {
    expect(() => parseProxy(text)).toThrow(expect.objectContaining({ code: 'bad-usage' }));
  },
);
