// Look-ups that are answered before the framework: they say what it would say, and what is in doubt is left to it.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { QuickAnswers } from '../../src/registry/quick-answers.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { identityOf } from '../harness/identities.ts';
import { startRegistry } from '../harness/running.ts';
import { call, expectProblem, type Answered } from './calling.ts';
import { startedFor } from './started-for.ts';

const ROOT = '5'.repeat(64);
const ANN = '203.0.113.7';

/** Paths of look-ups, each with the way to ask the same of the framework: whose routes are of any case. */
const LOOK_UPS = [
  ['/api/v1/names/', '/API/v1/names/'],
  ['/api/Registers/', '/api/registers/'],
] as const;

/** What an answer says, but for what differs each time. */
function saidIn({ status, headers, text: body }: Answered, prefix: string): unknown {
  const { date, 'x-request-id': id, ...others } = headers;
  expect(date).toBeDefined();
  expect(id).toBeDefined();
  return { status, body: body.replace(prefix, ''), headers: others };
}

test.each(LOOK_UPS)('a look-up below %s is answered as the framework would', async (at, same) => {
  const { port } = await startRegistry({ anyAddress: true });
  const { peerId } = identityOf('ann');
  const endpoint = { ipAddress: '192.0.2.7', port: 7771 };
  await call(port, 'PUT', `/api/v1/peers/${peerId}`, { body: endpoint });
  const names = ['plain', 'two/segments of it', 'ä ö/ü', '100 % "sure"?#', "it's (1) [a]; b=c&d"];
  const offered = names.map((name) => ({ name, size: 5, modified: 7, root: ROOT }));
  const body = { revision: 0, offered, withdrawn: [] };
  expect((await call(port, 'PATCH', `/api/v1/peers/${peerId}/catalogue`, { body })).status).toBe(
    200,
  );
  await call(port, 'POST', '/api/Registers/alone', { body: { ...endpoint, port: 7772 } });
  const asked = [
    ...names.map((name) => name.split('/').map(encodeURIComponent).join('/')),
    ...names.map(encodeURIComponent),
    ...['alone', 'nobody', encodeURIComponent('a\u0308 o\u0308/u\u0308')],
    ...['plain?limit=1', 'plain?', 'two//segments', '%', '%C0', '%00', '..%2Fplain', 'a%5Cb', ''],
    'a'.repeat(1025),
  ];
  const found = [];
  for (const path of asked) {
    const answer = await call(port, 'GET', at + path);
    const other = await call(port, 'GET', same + path);
    expect(saidIn(answer, at), path).toEqual(saidIn(other, same));
    if (answer.status === 200 && answer.text.includes('7771')) found.push(path);
  }
  // Each name as a path and as one segment, in either form of Unicode, and with a query that says nothing.
  expect(found.length).toBe(2 * names.length + 3);
  const own = await call(port, 'GET', `${at}plain`, { headers: { 'x-request-id': 'my.own-1' } });
  expect(own.headers['x-request-id']).toBe('my.own-1');
});

test('it counts like any other', async () => {
  const { port } = await startRegistry();
  for (const [at] of LOOK_UPS)
    for (let asked = 0; asked < 3; asked++) await call(port, 'GET', `${at}a`);
  const { text: metrics } = await call(port, 'GET', '/metrics');
  for (const [at] of LOOK_UPS) {
    expect(metrics).toContain(`sp2p_requests_total{route="${at}*",method="GET",status="200"} 3\n`);
    expect(metrics).toContain(`sp2p_request_seconds_count{route="${at}*"} 3\n`);
  }
  const from = await startedFor({ rateLimit: 3 });
  for (let asked = 0; asked < 3; asked++)
    expect((await from(ANN, 'GET', '/api/v1/names/a')).status).toBe(200);
  expectProblem(await from(ANN, 'GET', '/api/v1/names/a'), 429, 'too-many-requests');
});

test.each([
  [
    'at once',
    () => {
      throw new Error('broken');
    },
  ],
  ['later', () => Promise.reject(new Error('broken'))],
] as const)('an engine that fails %s is told of as ever', async (_, lookUp) => {
  class BrokenStore extends SqliteStore {
    override lookUp(): never {
      return lookUp() as never;
    }
  }
  const { port } = await startRegistry({ store: new BrokenStore(':memory:') });
  expectProblem(await call(port, 'GET', '/api/v1/names/a'), 500, 'internal');
  expect((await call(port, 'GET', '/api/Registers/a')).status).toBe(200);
});

test('an answer that takes its time is given when it is there', async () => {
  class LaterStore extends SqliteStore {
    override endpointsOf(...asked: Parameters<SqliteStore['endpointsOf']>) {
      return Promise.resolve().then(() => super.endpointsOf(...asked));
    }
  }
  const { port } = await startRegistry({ store: new LaterStore(':memory:') });
  expect(await call(port, 'GET', '/api/Registers/a')).toMatchObject({ status: 200, json: [] });
});

/** A server whose look-ups below /names/ are quick. */
async function started(
  options: { admits?: boolean; leaves?: boolean; onOtherwise?: () => void } = {},
) {
  const { admits = true, leaves = false, onOtherwise } = options;
  const lookUp = (name: string) => ({ name });
  const quick = new QuickAnswers({
    admits: () => admits,
    together: (lookUp) => lookUp(),
    onWaiting: () => undefined,
    onEnd: () => undefined,
    onAnswered: () => undefined,
  });
  quick.add('/names/', lookUp);
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const otherwise = () => {
      onOtherwise?.();
      response.end('otherwise');
    };
    if (!quick.take(request, response, otherwise)) otherwise();
    // Whose address was asked for before keeps it; at which of ours it came is not known any more.
    if (leaves && request.socket.remoteAddress !== undefined) request.socket.destroy();
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test.each([
  ['GET', '/names/a%20b/c', true],
  ['GET', '/names/%C3%A4', true],
  ['HEAD', '/names/a', false],
  ['POST', '/names/a', false],
  ['GET', '/Names/a', false],
  ['GET', '/names', false],
  ['GET', '/names/', false],
  ['GET', '/names/a?b', false],
  ['GET', '/names/a/../b', false],
  ['GET', '/names/%zz', false],
])('%s %s: %s', async (method, path, isQuick) => {
  const answer = await call(await started(), method, path);
  if (method !== 'HEAD') expect(answer.text !== 'otherwise').toBe(isQuick);
  expect(answer.headers['x-request-id'] !== undefined).toBe(isQuick);
});

test('what is not admitted is left to the framework', async () => {
  const port = await started({ admits: false });
  expect((await call(port, 'GET', '/names/a')).text).toBe('otherwise');
});

test('who has gone when its turn comes is left to the framework', async () => {
  const left = Promise.withResolvers<undefined>();
  const onOtherwise = () => {
    left.resolve(undefined);
  };
  const port = await started({ leaves: true, onOtherwise });
  await expect(call(port, 'GET', '/names/a')).rejects.toThrow('socket hang up');
  await left.promise;
});

test('of requests that are sent ahead those behind the first are left to the framework', async () => {
  const socket = connect(await started(), '127.0.0.1');
  const request = 'GET /names/a HTTP/1.1\r\nHost: a\r\n';
  socket.write(`${request}\r\n${request}\r\n${request}Connection: close\r\n\r\n`);
  const answers = await text(socket);
  expect(answers.match(/HTTP\/1\.1 200 OK\r\n/g)).toHaveLength(3);
  expect(answers.match(/\{"name":"a"\}/g)).toHaveLength(1);
  expect(answers.match(/otherwise/g)).toHaveLength(2);
});
