// Attacks on a registry that runs. Those that are tried elsewhere are in the table of docs/SECURITY.md.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { identityOf } from '../harness/identities.ts';
import { call, expectProblem } from '../registry/calling.ts';
import { answerTo, memoryOf, sharedRegistry } from './programs.ts';
import { AMBIGUOUS, smuggled } from './smuggling.ts';

const registry = sharedRegistry();
const VICTIM = { ipAddress: '192.0.2.7', port: 7771 };
const PEER = `/api/v1/peers/${identityOf('stranger').peerId}`;
const listing = async () => (await call(registry.port, 'GET', '/api/Registers')).json;

test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io', '2130706433.example'])(
  'DNS rebinding: a page whose own name was made to point here, %s, changes nothing',
  async (name) => {
    const host = `${name}:${registry.port}`;
    const headers = { host, origin: `http://${host}` };
    for (const [method, path, body] of [
      ['POST', '/api/Registers/rebound', VICTIM],
      ['PUT', '/api/Registers/rebound', VICTIM],
      ['PUT', PEER, VICTIM],
      ['DELETE', PEER, undefined],
    ] as const)
      expectProblem(
        await call(registry.port, method, path, { body, headers }),
        ...([403, 'cross-origin'] as const),
      );
    expect(await listing()).toEqual([]);
  },
);

test.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])(
  'a proxy that nobody told of: who is passed on by it (%s) is no process of this machine',
  async (mark) => {
    const headers = { [mark]: '203.0.113.9' };
    for (const path of ['/api/Registers/victim', PEER]) {
      const method = path === PEER ? 'PUT' : 'POST';
      const answer = await call(registry.port, method, path, { body: VICTIM, headers });
      expectProblem(answer, 403, 'endpoint-not-yours');
    }
    expect(await listing()).toEqual([]);
  },
);

test('a compressed body bomb is not unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024)).toString('latin1');
  const before = await memoryOf(registry);
  for (const encoding of ['gzip', 'deflate', 'br', 'gzip, gzip']) {
    const headers = { 'content-encoding': encoding, 'content-type': 'application/json' };
    const path = `${PEER}/catalogue`;
    const answer = await call(registry.port, 'PATCH', path, { body: bomb, headers });
    expectProblem(answer, 400, 'bad-body');
  }
  expect((await memoryOf(registry)) - before).toBeLessThan(50);
});

test.each(Object.entries(AMBIGUOUS))(
  'request smuggling: what hides behind %s is not done',
  async (_what, fields) => {
    const body = JSON.stringify({ ipAddress: '127.0.0.1', port: registry.port });
    const next = `POST /api/Registers/smuggled HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const answer = await answerTo(registry, smuggled('POST /api/v1/reports', fields, next));
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400']);
    expect(await listing()).toEqual([]);
  },
);

/** A server of somebody's own network, which writes down what it is sent. */
async function victim(answer?: string): Promise<{ port: number; heard: () => string[] }> {
  const heard: string[] = [];
  const server: Server = createServer((socket) => {
    const at = heard.push('') - 1;
    socket
      .on('error', () => undefined)
      .on('data', (chunk) => {
        heard[at] = (heard[at] ?? '') + chunk.toString('latin1');
        if (answer !== undefined) socket.end(answer);
      });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, heard: () => heard };
}

test('SSRF through dial-back: the registry says the same to everybody, and nothing of the caller’s choosing', async () => {
  const { port, heard } = await victim('220 mail.internal ESMTP\r\n');
  const displayName = 'GET /admin HTTP/1.1\r\nX: y';
  const answer = await call(registry.port, 'PUT', PEER, { body: { port, displayName } });
  expectProblem(answer, 422, 'peer-unreachable');
  // What answered there is told to nobody.
  expect(answer.text).not.toMatch(/mail|ESMTP|220/);
  expect(heard()).toHaveLength(1);
  expect(heard()[0]).toMatch(
    /^GET \/peer\?nonce=[0-9a-f]{32} HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\nConnection: close\r\n\r\n$/,
  );
});

test('SSRF through dial-back: a redirect, to loopback or anywhere, is not followed', async () => {
  const inside = await victim();
  const location = `http://127.0.0.1:${inside.port}/peer`;
  const { port } = await victim(
    `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`,
  );
  expectProblem(
    await call(registry.port, 'PUT', PEER, { body: { port } }),
    422,
    'peer-unreachable',
  );
  expect(inside.heard()).toEqual([]);
});

test('SSRF through reports: what nobody leased is not dialled, and a report says not what is there', async () => {
  const { port, heard } = await victim();
  for (const reason of ['unreachable', 'bad-piece']) {
    const body = { endpoint: { ipAddress: '127.0.0.1', port }, reason };
    const answer = await call(registry.port, 'POST', '/api/v1/reports', { body });
    expect(answer).toMatchObject({ status: 204, text: '' });
  }
  // A dial-back comes after: had the reports led to a connection, it would have come before.
  await call(registry.port, 'PUT', PEER, { body: { port } });
  expect(heard()).toEqual([expect.stringMatching(/^GET \/peer/)]);
});

test('SSRF through probes: nothing is sent to what was registered by hand', async () => {
  const { port, heard } = await victim();
  const body = { ipAddress: '127.0.0.1', port };
  expect((await call(registry.port, 'POST', '/api/Registers/probed', { body })).text).toBe('1');
  await expect.poll(heard, { timeout: 20_000 }).toEqual(['']);
  await call(registry.port, 'PUT', '/api/Registers/probed', { body });
});
