// A process that is ten thousand peers, as far as a registry can tell: each listens at an address of its
// own, and proves who it is to a registry that dials back (GET /peer?nonce=HEX).
//
//   node fake-peers.ts COUNT        says { "port" } once all listen
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createListener, type AddressInfo, type Socket } from 'node:net';
import { reachProof } from '../../src/lib/reach-proof.ts';
import { addressOf } from './catalogues.ts';
import { identityOf } from './identities.ts';

const count = Number(process.argv[2]);
/** Another port is tried as often, should one peer's be taken. */
const TRIES = 5;

const peerAt = new Map(Array.from({ length: count }, (_, peer) => [addressOf(peer), peer]));
const http = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://peer');
  const peer = peerAt.get(request.socket.localAddress ?? '');
  const nonce = url.searchParams.get('nonce');
  if (url.pathname !== '/peer' || nonce === null || peer === undefined) {
    response.writeHead(404).end();
    return;
  }
  const body = JSON.stringify(reachProof(identityOf(peer), nonce));
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
});

for (let tries = 1; ; tries++) {
  const first = listenerAt(addressOf(0), 0);
  await once(first, 'listening');
  const { port } = first.address() as AddressInfo;
  const others = Array.from({ length: count - 1 }, (_, n) => listenerAt(addressOf(n + 1), port));
  try {
    await Promise.all(others.map((each) => once(each, 'listening')));
    console.log(JSON.stringify({ port }));
    break;
  } catch (error) {
    for (const each of [first, ...others]) each.close();
    if (tries === TRIES) throw error;
  }
}

function listenerAt(address: string, port: number) {
  return createListener((socket: Socket) => http.emit('connection', socket)).listen(port, address);
}
