// A native peer is listed only when it answers where it says that it is, and proves that it is the one.
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { reachProof } from '../../src/lib/reach-proof.ts';
import { identityOf } from '../harness/identities.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { call, expectProblem } from './calling.ts';
import { writeFile } from 'node:fs/promises';

const ANN = identityOf('Ann');
const PEER = ANN.peerId;

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A program that answers HTTP; it counts how often it was asked. */
async function startAnswering(answer: RequestListener) {
  const asked = { times: 0 };
  const server = createServer((request, response) => {
    asked.times++;
    answer(request, response);
  });
  onTestFinished(() => {
    server.closeAllConnections();
  });
  return { asked, port: await listening(server) };
}

const honest: RequestListener = (request, response) => {
  const nonce = new URL(request.url ?? '', 'http://peer').searchParams.get('nonce') ?? '';
  response.end(JSON.stringify(reachProof(ANN, nonce)));
};

const announce = (registry: number, port: number) =>
  call(registry, 'PUT', `/api/v1/peers/${PEER}`, { body: { port } });
const peers = async (registry: number) =>
  ((await call(registry, 'GET', '/api/v1/peers')).json as { peers: unknown[] }).peers;

test('a peer that answers is listed, and not dialled again while its lease runs', async () => {
  const { port } = await startRegistry({ dialBack: true });
  const peer = await startAnswering(honest);
  expect(await announce(port, peer.port)).toMatchObject({ status: 200 });
  expect(await announce(port, peer.port)).toMatchObject({ status: 200 });
  expect(await peers(port)).toHaveLength(1);
  expect(peer.asked.times).toBe(1);
});

test('a peer that moves is dialled where it is now', async () => {
  const { port } = await startRegistry({ dialBack: true });
  const [here, there] = [await startAnswering(honest), await startAnswering(honest)];
  await announce(port, here.port);
  expect(await announce(port, there.port)).toMatchObject({ status: 200 });
  expect([here.asked.times, there.asked.times]).toEqual([1, 1]);
});

test('one whose lease was ended because nobody reached it is dialled again', async () => {
  const { port } = await startRegistry({ dialBack: true, leaseSeconds: 1 });
  const peer = await startAnswering(honest);
  await announce(port, peer.port);
  await expect.poll(() => peers(port), { timeout: 5_000 }).toEqual([]);
  await announce(port, peer.port);
  expect(peer.asked.times).toBe(2);
});

test('where nobody listens nobody is listed, and it is said what to do', async () => {
  const { port } = await startRegistry({ dialBack: true });
  const server = createTcpServer();
  const gone = await listening(server);
  server.close();
  const answer = await announce(port, gone);
  expectProblem(answer, 422, 'peer-unreachable');
  expect(answer.text).toContain(`127.0.0.1:${gone}`);
  expect(answer.text).toContain('--advertise');
  expect(await peers(port)).toEqual([]);
  const path = `/api/v1/peers/${PEER}/catalogue`;
  const body = { revision: 0, offered: [], withdrawn: [] };
  expectProblem(await call(port, 'PATCH', path, { body }), 404, 'unknown-peer');
});

test.each<[string, RequestListener]>([
  ['another peer', (_, response) => response.end(JSON.stringify({ proof: 'f'.repeat(64) }))],
  ['a web page', (_, response) => response.end('<html>')],
  ['nothing but null', (_, response) => response.end('null')],
  [
    'a redirect to one that would',
    (_, response) => response.writeHead(302, { location: '/' }).end(),
  ],
  ['far more than a proof', (_, response) => response.end('x'.repeat(1 << 20))],
  ['half an answer', (_, response) => void response.write('{"proof"', () => response.destroy())],
])('where %s answers nobody is listed', async (_, answer) => {
  const { port } = await startRegistry({ dialBack: true });
  const other = await startAnswering(answer);
  expectProblem(await announce(port, other.port), 422, 'peer-unreachable');
  expect(await peers(port)).toEqual([]);
});

test('where something listens and never answers nobody is listed, soon', async () => {
  const { port } = await startRegistry({ dialBack: true });
  const silent = await startAnswering(() => undefined);
  expectProblem(await announce(port, silent.port), 422, 'peer-unreachable');
});

test('a peer of this program is listed', async () => {
  const { url, port } = await startRegistry({ dialBack: true });
  const folder = await temporaryFolder();
  await writeFile(`${folder}/a.txt`, 'hello');
  await startPeer({ shares: [folder], registry: url });
  expect(await peers(port)).toMatchObject([{ names: 1, contract: 'native' }]);
});

test('what a peer answers without a nonce tells nothing', async () => {
  const { url } = await startRegistry();
  const peer = await startPeer({ shares: [await temporaryFolder()], registry: url });
  for (const query of ['', '?nonce=', '?nonce=xyz', `?nonce=${'0'.repeat(65)}`])
    expectProblem(await call(peer.port, 'GET', `/peer${query}`), 400, 'bad-request');
});
