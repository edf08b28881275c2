// A registry is told nothing before its certificate is the one that the join link named.
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { callJson } from '../../src/client/json-call.ts';
import { connectRegistry } from '../../src/client/registry-client.ts';
import { ANNS, certified, KEY, startTlsRegistry } from './tls-registry.ts';

test('the right certificate: calls carry the key, over one connection', async () => {
  const { url, pin, told, connections } = await startTlsRegistry(() => ({ json: ANNS }));
  const network = { url, pin, key: KEY };
  for (let call = 0; call < 3; call++)
    expect(await callJson(network, '/api/v1')).toMatchObject({ status: 200, json: ANNS });
  expect(connections()).toBe(1);
  expect(told().match(/^authorization: Bearer sp2p_\w+/gim)).toHaveLength(3);
  expect(told()).not.toMatch(/^GET .*sp2p_/m);
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'another certificate is told nothing at all, over %s, now or the next time',
  async (version) => {
    const versions = { minVersion: version, maxVersion: version };
    const { url, told, connections } = await startTlsRegistry(() => ({ json: ANNS }), versions);
    const { pin } = await certified();
    for (let call = 1; call <= 3; call++) {
      const failure: unknown = await connectRegistry({ url, pin, key: KEY }).catch(
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ code: 'wrong-certificate' });
      expect(String(failure)).not.toContain(KEY.slice(-20));
      expect(connections()).toBe(call);
    }
    expect(told()).toBe('');
  },
);

test('a connection that one pin opened serves no other', async () => {
  const { url, pin, told } = await startTlsRegistry(() => ({ json: ANNS }));
  await callJson({ url, pin, key: KEY }, '/api/v1');
  const before = told();
  const other = { url, pin: (await certified()).pin, key: KEY };
  await expect(callJson(other, '/api/v1')).rejects.toMatchObject({ code: 'wrong-certificate' });
  expect(told()).toBe(before);
});

test('without a pin a certificate that nobody vouches for is told nothing', async () => {
  const { url, told } = await startTlsRegistry(() => ({ json: ANNS }));
  await expect(callJson({ url, key: KEY }, '/api/v1')).rejects.toMatchObject({
    code: 'registry-unreachable',
  });
  expect(told()).toBe('');
});

test('TLS before 1.2 is not spoken', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  const { url, pin, told } = await startTlsRegistry(() => ({ json: ANNS }), old);
  await expect(callJson({ url, pin, key: KEY }, '/api/v1')).rejects.toMatchObject({
    code: 'registry-unreachable',
  });
  expect(told()).toBe('');
});

test('who speaks no TLS is told nothing of the key, and a key is never shown in the clear', async () => {
  let told = '';
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        told += bytes.toString('latin1');
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}');
      });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { pin } = await certified();
  await expect(
    callJson({ url: new URL(`https://${host}`), pin, key: KEY }, '/api/v1'),
  ).rejects.toMatchObject({ code: 'registry-unreachable' });
  await callJson({ url: new URL(`http://${host}`), pin, key: KEY }, '/api/v1');
  expect(told).toContain('GET /api/v1');
  expect(told).not.toContain('sp2p_');
});

test.each([401, 403, 426])(
  'a registry that refuses with %i is taken for none of the exercise',
  async (status) => {
    const { url, pin } = await startTlsRegistry(() => ({
      ...{ status, json: { code: 'bad-key', detail: 'No.' } },
    }));
    await expect(connectRegistry({ url, pin, key: KEY })).rejects.toMatchObject({
      code: 'bad-key',
    });
  },
);

test('what has the certificate, but is no registry, is not searched as one of the exercise', async () => {
  const { url, pin, told } = await startTlsRegistry(() => ({ status: 404, json: {} }));
  await expect(connectRegistry({ url, pin, key: KEY })).rejects.toMatchObject({
    code: 'registry-misbehaves',
  });
  expect(told().match(/^GET/gm)).toHaveLength(1);
});

test('a kept connection that the registry closed is no failure', async () => {
  let calls = 0;
  const { url, pin, connections } = await startTlsRegistry((_head, socket) => {
    // The second call comes over a connection that ends instead of answering.
    if (++calls === 2) socket.destroy();
    return { json: ANNS };
  });
  const network = { url, pin, key: KEY };
  await callJson(network, '/api/v1');
  expect(await callJson(network, '/api/v1')).toMatchObject({ status: 200 });
  expect([calls, connections()]).toEqual([3, 2]);
  // What may not be done twice is not.
  calls = 1;
  await expect(callJson(network, '/api/v1', { method: 'POST', body: '{}' })).rejects.toMatchObject({
    code: 'registry-unreachable',
  });
  expect(calls).toBe(2);
});
