// The registry as the page asks it through the peer.
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { identityOf } from '../harness/identities.ts';
import { startRegistry } from '../harness/running.ts';
import { call, expectProblem } from '../registry/calling.ts';
import { ROOT, startControl } from './controlling.ts';

const PEER = identityOf('Ann').peerId;

/** A server that answers as it is told, and keeps what it was asked. */
async function startAnswering(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close().closeAllConnections();
  });
  await once(server, 'listening');
  return { asked, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) };
}

async function offer(port: number, name: string): Promise<void> {
  await call(port, 'PUT', `/api/v1/peers/${PEER}`, { body: { port: 7771 } });
  const offered = [{ name, size: 5, modified: 1, root: ROOT }];
  const body = { revision: 0, reset: true, offered, withdrawn: [] };
  await call(port, 'PATCH', `/api/v1/peers/${PEER}/catalogue`, { body });
}

test('what the registry knows is read through the peer, word for word', async () => {
  const registry = await startRegistry();
  await offer(registry.port, 'sub/50 % ä?.txt');
  const { asOwner } = await startControl({ network: { url: registry.url } });
  for (const path of [
    '/api/v1',
    '/api/v1/search?text=txt&limit=1',
    '/api/v1/peers?limit=5',
    '/api/v1/names/sub/50%20%25%20%C3%A4%3F.txt',
    '/api/v1/names/sub%2F50%20%25%20a%CC%88%3F.txt',
    `/api/v1/contents/${ROOT}?limit=1`,
  ]) {
    const through = await asOwner('GET', path);
    const direct = await call(registry.port, 'GET', path);
    expect({ path, status: through.status, json: through.json }).toEqual({
      path,
      status: 200,
      json: direct.json,
    });
    expect(through.headers['content-type']).toBe('application/json; charset=utf-8');
  }
});

test('what the registry refuses is refused in its words', async () => {
  const registry = await startRegistry();
  const { asOwner } = await startControl({ network: { url: registry.url } });
  const answer = await asOwner('GET', '/api/v1/search?limit=1');
  expectProblem(answer, 400, 'bad-request');
  expect(answer.text).toContain('text');
});

test('nothing is changed through the peer', async () => {
  const registry = await startRegistry();
  const { asOwner } = await startControl({ network: { url: registry.url } });
  expectProblem(await asOwner('PUT', `/api/v1/peers/${PEER}`, { port: 1 }), 404, 'not-found');
  expectProblem(await asOwner('POST', '/api/v1/reports', {}), 404, 'not-found');
  expectProblem(await asOwner('POST', '/api/v1/search', {}), 405, 'method-not-allowed');
  expectProblem(await asOwner('GET', '/api/Registers'), 404, 'not-found');
  expect((await call(registry.port, 'GET', '/api/v1/peers')).json).toMatchObject({ peers: [] });
});

test('a registry that is away is told of as such', async () => {
  const { registry, url } = await startRegistry();
  await registry.stop();
  const { asOwner } = await startControl({ network: { url } });
  for (const path of ['/api/v1/peers', '/api/v1/events'])
    expectProblem(await asOwner('GET', path), 502, 'registry-unreachable');
});

test('who leaves before the registry has answered is no fault in the log', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line) => void lines.push(line) });
  const asked = Promise.withResolvers<undefined>();
  const { url } = await startAnswering(() => {
    asked.resolve(undefined);
  });
  const { port, token, server } = await startControl({ network: { url }, log });
  const request = get({
    ...{ host: '127.0.0.1', port, path: '/api/v1/peers' },
    headers: { authorization: `Bearer ${token}` },
  }).on('error', () => undefined);
  await asked.promise;
  request.destroy();
  await server.stop();
  expect(lines).toEqual([]);
});

test('a registry of the exercise is not asked what it cannot know', async () => {
  const { asked, url } = await startAnswering((_request, response) => response.end('[]'));
  const { asOwner, peer } = await startControl({ network: { url } });
  peer.state.peer.registry.contract = 'exercise';
  expectProblem(await asOwner('GET', '/api/v1/search?text=a'), 501, 'not-native');
  expect(asked).toEqual([]);
});

test('none of the page’s headers reach the registry, and none of the registry’s the page', async () => {
  const { asked, url } = await startAnswering((_request, response) =>
    response
      .writeHead(200, {
        'content-type': 'text/html',
        'set-cookie': 'a=b',
        'access-control-allow-origin': '*',
        'content-security-policy': "script-src 'unsafe-inline'",
      })
      .end('{"peers":["<script>"],"more":false}'),
  );
  const { asOwner, token } = await startControl({ network: { url } });
  const cookie = { cookie: 'secret=1', 'x-secret': '1', referer: 'http://secret/' };
  const { status, headers, json } = await asOwner('GET', '/api/v1/peers', undefined, cookie);
  expect({ status, json }).toEqual({ status: 200, json: { peers: ['<script>'], more: false } });
  expect(headers).not.toHaveProperty('set-cookie');
  expect(headers).not.toHaveProperty('access-control-allow-origin');
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
  const told = JSON.stringify(asked[0]?.rawHeaders);
  expect(told).not.toContain(token);
  expect(told).not.toMatch(/secret|authorization|cookie/i);
});

const BAD_ANSWERS: Record<string, (response: ServerResponse) => void> = {
  'another status': (response) => response.writeHead(404).end('no'),
  'a redirect': (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  'what is no JSON': (response) => response.end('<html>'),
  'a code that is for the owner': (response) =>
    response
      .writeHead(401, { 'content-type': 'application/problem+json' })
      .end('{"code":"bad-token","detail":"Type your token."}'),
  'more than it should': (response) => {
    const more = () => {
      while (response.write('['.repeat(65_536)));
    };
    response.on('drain', more).on('error', () => undefined);
    more();
  },
};

test.each(Object.keys(BAD_ANSWERS))('a registry that answers %s misbehaves', async (what) => {
  const { url } = await startAnswering((_request, response) => BAD_ANSWERS[what]?.(response));
  const { asOwner } = await startControl({ network: { url } });
  expectProblem(await asOwner('GET', '/api/v1/peers'), 502, 'registry-misbehaves');
});

test('the registry’s events come through, and those that were missed', async () => {
  const registry = await startRegistry();
  const { follow } = await startControl({ network: { url: registry.url } });
  const { next, response, leave } = await follow('/api/v1/events');
  expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  await offer(registry.port, 'a.txt');
  expect(await next()).toMatchObject({ event: 'peer', data: { isHere: true } });
  expect(await next()).toMatchObject({ event: 'catalogue' });
  leave();
  const again = await follow('/api/v1/events', { 'last-event-id': '1' });
  expect(await again.next()).toMatchObject({ event: 'catalogue' });
});

test('events that are none, or have no end, are not passed on', async () => {
  const page = await startAnswering((_request, response) => response.end('<html>'));
  const first = await startControl({ network: { url: page.url } });
  expectProblem(await first.asOwner('GET', '/api/v1/events'), 502, 'registry-misbehaves');

  const endless = await startAnswering((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const more = () => {
      while (response.write('data: '.repeat(10_000)));
    };
    response.on('drain', more).on('error', () => undefined);
    more();
  });
  const { follow } = await startControl({ network: { url: endless.url } });
  const { response } = await follow('/api/v1/events');
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  expect(bytes).toBeLessThan(1024 * 1024);
});

test('a page that leaves leaves the registry, too', async () => {
  const left = Promise.withResolvers<unknown>();
  const { url } = await startAnswering((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': here\n\n');
    response.once('close', left.resolve);
  });
  const { follow } = await startControl({ network: { url } });
  (await follow('/api/v1/events')).leave();
  await left.promise;
});
