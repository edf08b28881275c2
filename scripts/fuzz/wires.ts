// Bytes over real connections: what comes to a peer's port and to a registry's, and what a source answers to
// a downloader. Of a server at work only what it must never do can be said.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLog } from '../../src/lib/log.ts';
import { sha256 } from '../../src/lib/sha256.ts';
import { fetchLastPiece, fetchLayer } from '../../src/peer/download/content-shape.ts';
import { PATIENCE } from '../../src/peer/download/patience.ts';
import { SourceFailure } from '../../src/peer/download/source-failure.ts';
import { Identity } from '../../src/lib/identity.ts';
import { reachProof } from '../../src/lib/reach-proof.ts';
import { OPEN_ACCESS } from '../../src/peer/download/access.ts';
import { Listener } from '../../src/peer/server/listener.ts';
import type { Offers } from '../../src/peer/server/offers.ts';
import { hexOf, hashOfPiece, rootOfLayer } from '../../src/protocol/merkle.ts';
import { PieceSet } from '../../src/protocol/piece-set.ts';
import { Registry } from '../../src/registry/registry.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { must, type Parser } from './parser.ts';

const log = createLog('silent');
const NAME = 'a b.txt';
const BYTES = Buffer.from('hello');
const LAYER = Buffer.from(hashOfPiece(BYTES, BYTES.length, sha256));
const ROOT = hexOf(LAYER);
const LOCAL = '127.0.0.1';
/** All that was sent is there, and the end of it: nothing has to be waited for. */
const OVER_WITHIN_MS = 8_000;
const AT_ONCE = 16;
const INSIDES = /"code":"internal"|\\n\s+at |node:internal|node_modules|\.ts:\d/;

/** A running part, and how to stop it. */
export interface Running {
  parsers: Parser[];
  stop: () => Promise<void>;
}

/** What some bytes are answered with, when nothing comes behind them. */
async function answered(port: number, bytes: Buffer): Promise<string> {
  const socket = connect({ port, host: LOCAL, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  const over = setTimeout(() => socket.destroy(new Error('still open')), OVER_WITHIN_MS);
  let failure: NodeJS.ErrnoException | undefined;
  socket
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => socket.end())
    .on('error', (error) => {
      failure = error;
    });
  socket.end(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  clearTimeout(over);
  must(failure?.message !== 'still open', 'the connection does not end', chunks.length);
  return Buffer.concat(chunks).toString('latin1');
}

/** An answer is HTTP, and tells of nothing that failed inside. */
function judgeHttp(text: string): void {
  must(/^(HTTP\/1\.1 [1-5]\d\d |$)/.test(text), 'no HTTP', text.slice(0, 80));
  must(!INSIDES.test(text), 'tells of the inside', text.slice(0, 2_000));
  must(!/^HTTP\/1\.1 500/m.test(text), 'it failed', text.slice(0, 500));
}

export async function peerPort(folder: string): Promise<Running> {
  const path = join(folder, 'served');
  await writeFile(path, BYTES);
  const modified = Math.floor((await stat(path)).mtimeMs);
  const file = { name: NAME, size: BYTES.length, modified, root: ROOT };
  const opened = async () => {
    const handle = await open(path);
    return {
      ...{ file, handle, isUnchanged: () => Promise.resolve(true) },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  };
  const offers: Offers = {
    count: 1,
    page: (after) => (after < NAME ? [file] : []),
    open: async (name) => (name === NAME ? opened() : undefined),
    openContent: async (root) => (root === ROOT ? opened() : undefined),
    shapeOf: (root) =>
      Promise.resolve(root === ROOT ? { size: file.size, layer: LAYER } : undefined),
    holding: (root) =>
      Promise.resolve(
        root === ROOT
          ? { size: file.size, has: PieceSet.full(1), onGain: () => () => undefined }
          : undefined,
      ),
  };
  const identity = Identity.fresh();
  const listener = new Listener({
    offers,
    log,
    port: 0,
    host: LOCAL,
    proofOf: (nonce) => reachProof(identity, nonce),
  });
  await listener.start();
  const head = (target: string, ...fields: string[]) =>
    `GET ${target} HTTP/1.1\r\nHost: p\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
  const parser: Parser = {
    name: 'head-to-a-peer',
    good: [
      `GET ${NAME}\r\n`,
      head('/files/a%20b.txt', 'Range: bytes=1-3', `If-Range: "${ROOT}"`),
      head(`/contents/${ROOT}`, 'If-None-Match: "x", *', 'Connection: close'),
      head(`/contents/${ROOT}/layer`) + head(`/contents/${ROOT}/pieces`),
      head('/?after=a', 'Accept: text/html'),
      head(`/peer?nonce=${'0f'.repeat(16)}`).replace('GET', 'HEAD'),
      head(
        '/files/a%20b.txt',
        'If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT',
        'Content-Length: 0',
      ),
      `POST /files/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
      head(
        `/contents/${ROOT}/link?port=40123`,
        ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
        ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Protocol: sp2p-link'],
      ),
    ],
    atOnce: AT_ONCE,
    judge: async (input) => {
      const text = await answered(listener.port, input);
      // Over the line protocol the file itself is the answer.
      if (text !== BYTES.toString()) judgeHttp(text);
    },
  };
  return { parsers: [parser], stop: () => listener.stop() };
}

export async function registryPort(): Promise<Running> {
  const store = new SqliteStore(':memory:');
  const registry = new Registry({
    ...{ store, log, host: LOCAL, port: 0, dialBack: false, leaseSeconds: 3_600 },
    // What the inputs name is not to be dialled.
    probeEveryMs: 24 * 3_600_000,
  });
  await registry.start();
  const { port } = registry.address;
  const peer = `/api/v1/peers/${'ab'.repeat(16)}`;
  const request = (method: string, path: string, body?: unknown, ...fields: string[]) => {
    const sent = body === undefined ? '' : JSON.stringify(body);
    const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(sent)}`];
    const lines = ['Host: r', 'Connection: close', ...length, ...fields].map(
      (line) => `${line}\r\n`,
    );
    return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${sent}`;
  };
  const endpoint = { ipAddress: LOCAL, port: 1 };
  const change = {
    revision: 0,
    reset: true,
    offered: [{ name: 'a', size: 1, modified: 1, root: ROOT }],
    withdrawn: ['b'],
  };
  const parser: Parser = {
    name: 'request-to-a-registry',
    good: [
      request('GET', '/api/Registers/a%20b'),
      request('POST', '/API/registers/a', endpoint, 'Content-Type: application/json'),
      request('PUT', '/api/Registers/a', { IPADDRESS: '::1', Port: '7771' }),
      request('GET', '/api/Registers?after=a&limit=10'),
      request('PUT', peer, { port: 7771, displayName: 'Ann' }, 'X-Request-Id: a'),
      request('PATCH', `${peer}/catalogue`, change),
      request('PUT', `${peer}/contents/${ROOT}`, { complete: true }),
      request('DELETE', `${peer}/contents/${ROOT}`),
      request('GET', '/api/v1/search?text=a&limit=3&type=txt&minSize=1&modifiedSince=0'),
      request('GET', `/api/v1/contents/${ROOT}?limit=5`),
      request('GET', '/api/v1/names/a%2Fb'),
      request('GET', '/api/v1/events', undefined, 'Last-Event-ID: 3'),
      request('POST', '/api/v1/reports', { endpoint, root: ROOT, reason: 'bad-piece' }),
      request('GET', '/api/v1').replace('Connection: close\r\n', '') +
        request('GET', '/api/v1/stats'),
    ],
    atOnce: AT_ONCE,
    judge: async (input) => {
      judgeHttp(await answered(port, input));
    },
  };
  return { parsers: [parser], stop: () => registry.stop() };
}

/** A source that answers with the input, whatever it is asked. */
export async function source(): Promise<Running> {
  let answer: Buffer = BYTES;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(answer));
  }).listen(0, LOCAL);
  await once(server, 'listening');
  const endpoint = { ipAddress: LOCAL, port: (server.address() as AddressInfo).port };
  const shape = { size: BYTES.length, layer: LAYER };
  const fetching = () => ({
    ...{
      source: { endpoint },
      access: OPEN_ACCESS,
      root: ROOT,
      told: null,
      patience: PATIENCE,
      downloadLimit: undefined,
    },
    signal: AbortSignal.timeout(OVER_WITHIN_MS),
  });
  /** It fails as a source, or gives what is right. */
  const judged = async <T>(
    input: Buffer,
    fetch: () => Promise<T>,
    isRight: (value: T) => boolean,
  ) => {
    answer = input;
    let value: T;
    try {
      value = await fetch();
    } catch (error) {
      if (error instanceof SourceFailure) return;
      throw error;
    }
    must(isRight(value), 'taken, and wrong', value);
  };
  const head = (status: string, ...fields: string[]) =>
    `HTTP/1.1 ${status}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
  const layer: Parser = {
    name: 'layer-from-a-source',
    good: [
      Buffer.concat([Buffer.from(head('200 OK', 'Content-Length: 32', 'SP2P-Size: 5')), LAYER]),
      Buffer.concat([
        Buffer.from(head('200 OK', 'Transfer-Encoding: chunked', 'SP2P-Size: 5') + '20\r\n'),
        LAYER,
        Buffer.from('\r\n0\r\n\r\n'),
      ]),
      head('404 Not Found', 'Content-Length: 0'),
    ],
    judge: (input) =>
      judged(
        input,
        () => fetchLayer(fetching()),
        (found) => hexOf(rootOfLayer(found.layer, found.size, sha256)) === ROOT,
      ),
  };
  const range = ['Content-Range: bytes 0-4/5', 'Content-Length: 5', `ETag: "${ROOT}"`];
  const piece: Parser = {
    name: 'piece-from-a-source',
    good: [
      head('206 Partial Content', ...range) + BYTES.toString(),
      head('206 Partial Content', ...range, 'Content-Encoding: gzip') + BYTES.toString(),
      head('100 Continue') + head('206 Partial Content', ...range) + BYTES.toString(),
      head('503 Busy', 'Content-Length: 0', 'Connection: close'),
    ],
    judge: (input) =>
      judged(
        input,
        () => fetchLastPiece(shape, fetching()),
        (found) => found !== undefined && Buffer.from(found.memory, 0, BYTES.length).equals(BYTES),
      ),
  };
  return {
    parsers: [layer, piece],
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}
