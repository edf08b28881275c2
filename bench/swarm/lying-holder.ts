// A holder that lies: registers as one that has the content, proves it with the layer of a seed, and offers
// every piece to whoever opens a link. What it then sends are other bytes (`garbage`), or nothing (`silent`).
//
//   node lying-holder.ts garbage|silent REGISTRY SEED ROOT SIZE
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { NativeRegistry } from '../../src/client/registry-client.ts';
import { Identity } from '../../src/lib/identity.ts';
import { reachProof, REACH_PATH } from '../../src/lib/reach-proof.ts';
import { LINK_PROTOCOL, type HolderWord } from '../../src/protocol/link.ts';
import { pieceLengthOf, SIZE_HEADER } from '../../src/protocol/merkle.ts';

const PORT = 7771;
const RENEW_EVERY_MS = 5_000;
const CALL_DEADLINE_MS = 10_000;
const CHUNK = 1024 * 1024;
/** As an honest holder offers, and more often than one would. */
const CHOICES = 8;
const OFFER_EVERY_MS = 100;

const [kind = '', registry = '', seed = '', root = '', sizeText = ''] = process.argv.slice(2);
const size = Number(sizeText);
const pieces = Math.ceil(size / pieceLengthOf(size));
const noise = randomBytes(CHUNK);

const identity = Identity.fresh();

const layer = Buffer.from(await (await call(`${seed}/contents/${root}/layer`)).arrayBuffer());
const links = new WebSocketServer({ noServer: true, handleProtocols: () => LINK_PROTOCOL });
const server = createServer(answer)
  .on('upgrade', (request, socket, head) => {
    links.handleUpgrade(request, socket, head, offerPieces);
  })
  .listen(PORT);
await once(server, 'listening');

const self = new NativeRegistry({ url: new URL(registry) }).as(identity);
const { revision } = await self.announce({ port: PORT });
const offered = [{ name: 'content.bin', size, modified: Date.now(), root }];
await self.changeCatalogue({ revision, offered, withdrawn: [] });
setInterval(() => void self.announce({ port: PORT }).catch(() => undefined), RENEW_EVERY_MS);
console.log('ready');
process.stdin.on('end', () => process.exit()).resume();

function offerPieces(socket: WebSocket): void {
  const say = (word: HolderWord) => {
    socket.send(JSON.stringify(word));
  };
  say({ link: randomBytes(8).toString('hex') });
  const offering = setInterval(() => {
    say({ offer: Array.from({ length: CHOICES }, () => randomInt(pieces)) });
  }, OFFER_EVERY_MS);
  socket
    .on('error', () => undefined)
    .once('close', () => {
      clearInterval(offering);
    });
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://self');
  if (pathname === REACH_PATH) {
    response.end(JSON.stringify(reachProof(identity, searchParams.get('nonce') ?? '')));
    return;
  }
  if (request.url === `/contents/${root}/layer`) {
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': layer.length,
      [SIZE_HEADER]: size,
    });
    response.end(layer);
    return;
  }
  if (request.url !== `/contents/${root}`) {
    response.writeHead(404, { 'content-length': 0 }).end();
    return;
  }
  if (kind === 'silent') return;
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(from);
  const end = Math.min(to === '' ? Infinity : Number(to), size - 1);
  response.writeHead(request.headers.range === undefined ? 200 : 206, {
    etag: `"${root}"`,
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    'content-length': end - start + 1,
    ...(request.headers.range !== undefined && {
      'content-range': `bytes ${start}-${end}/${size}`,
    }),
  });
  Readable.from(noiseOf(end - start + 1)).pipe(response);
}

function* noiseOf(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK) yield noise.subarray(0, left);
}

async function call(url: string): Promise<Response> {
  const answered = await fetch(url, { signal: AbortSignal.timeout(CALL_DEADLINE_MS) });
  if (!answered.ok) throw new Error(`${url} said ${answered.status}.`);
  return answered;
}
