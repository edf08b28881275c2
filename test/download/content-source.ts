// Peers that hold a content and answer as a test says, however wrongly: plain sockets, no code of ours.
// They end with the test.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Endpoint } from '../../src/protocol/endpoints.ts';
import { layerOf, rootOf } from '../peer/roots.ts';

/** Of contents up to 256 MiB. */
export const PIECE = 256 * 1024;

export interface TestContent {
  bytes: Buffer;
  root: string;
  layer: Buffer;
}

export function contentOf(bytes: Buffer): TestContent {
  return { bytes, root: rootOf(bytes), layer: layerOf(bytes, PIECE) };
}

export interface Answer {
  status: number;
  headers: Record<string, string | number>;
  body: Buffer;
}

interface Asked {
  /** Which piece, or the layer. */
  piece: number | 'layer';
  socket: Socket;
  /** Counts what this source was asked for, from 0 on. */
  turn: number;
}

/** What is sent in place of the honest answer; undefined: it has seen to the socket itself. */
export type Behaviour = (
  honest: Answer,
  asked: Asked,
) => Answer | undefined | Promise<Answer | undefined>;

export interface SourceOptions {
  answers?: Behaviour;
  /** Sees to a connection from its beginning: nothing is answered. */
  opens?: (socket: Socket) => void;
  /** Bytes a second; default: as many as go. */
  rate?: number;
}

export interface ContentSource {
  endpoint: Endpoint;
  /** The endpoint as the result of a download spells it. */
  key: string;
  /** What it was asked for, in this order. */
  asked: (number | 'layer')[];
  /** Bytes of pieces that it has sent. */
  sent: number;
  /** Resolves when something else than the honest answer has been sent, or nothing in its place. */
  misbehaved: Promise<unknown>;
  /** Resolves when it is asked for a piece (the proof of size is one too) for the nth time. */
  askedForPieces: (count: number) => Promise<void>;
  /** Resolves when it has sent so many bytes of pieces. */
  hasSent: (bytes: number) => Promise<void>;
  /** Ends all connections and takes no more of them. */
  vanish: () => Promise<void>;
  /** Is there again, at the same endpoint. */
  comeBack: () => Promise<void>;
}

const EMPTY = Buffer.alloc(0);
/** How often a source of a certain rate sends. */
const PACE_MS = 10;

export async function startContentSource(
  content: TestContent,
  { answers = (honest) => honest, opens, rate = Infinity }: SourceOptions = {},
): Promise<ContentSource> {
  const sockets = new Set<Socket>();
  const misbehaved = Promise.withResolvers<undefined>();
  const waiting = new Set<() => void>();
  const pieces = () => source.asked.filter((each) => each !== 'layer').length;

  const lookAll = () => {
    for (const look of waiting) look();
  };
  const until = (is: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!is()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });

  const answerOne = async (socket: Socket, head: string) => {
    // It knows no links: it is asked for pieces without.
    if (/^GET \S+\/link[? ]/.test(head)) {
      socket.write(headText({ status: 404, headers: { 'content-length': 0 }, body: EMPTY }));
      return;
    }
    const turn = source.asked.length;
    const { piece, answer: honest } = honestAnswer(content, head);
    source.asked.push(piece);
    lookAll();
    const answer = await answers(honest, { piece, socket, turn });
    const onSent = (count: number) => {
      source.sent += count;
      lookAll();
    };
    if (answer) await send(socket, answer, rate, onSent);
    if (answer !== honest) misbehaved.resolve(undefined);
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    if (opens) {
      opens(socket);
      misbehaved.resolve(undefined);
      return;
    }
    let received = '';
    let answering = Promise.resolve();
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end);
        received = received.slice(end + 4);
        answering = answering.then(() => answerOne(socket, head));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const vanish = async () => {
    if (!server.listening) return;
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  };
  onTestFinished(vanish);
  const source: ContentSource = {
    endpoint: { ipAddress: '127.0.0.1', port },
    key: `127.0.0.1:${port}`,
    asked: [],
    sent: 0,
    misbehaved: misbehaved.promise,
    askedForPieces: (count) => until(() => pieces() >= count),
    hasSent: (bytes) => until(() => source.sent >= bytes),
    vanish,
    comeBack: async () => {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
  };
  return source;
}

/** The head of an answer. */
export function headText({ status, headers }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`;
}

/** Sends some bytes for as long as somebody takes them, a piece of them every so often. */
export async function drip(socket: Socket, bytes: Buffer, count: number): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.destroyed; at += count) {
    await written(socket, bytes.subarray(at, at + count));
    await delay(PACE_MS);
  }
}

function honestAnswer({ bytes, root, layer }: TestContent, head: string) {
  const [, path = '', rest = ''] = /^GET \/contents\/([^/ ]+)(\/layer)? HTTP/.exec(head) ?? [];
  if (path !== root)
    return { piece: 'layer' as const, answer: { status: 404, headers: {}, body: EMPTY } };
  if (rest !== '') {
    const headers = { 'content-length': layer.length, 'sp2p-size': bytes.length };
    return { piece: 'layer' as const, answer: { status: 200, headers, body: layer } };
  }
  const [, first, last] = /^range: bytes=(\d+)-(\d+)$/im.exec(head) ?? [];
  const [start, end] = [Number(first), Number(last)];
  return {
    piece: start / PIECE,
    answer: {
      status: 206,
      headers: {
        'content-length': end + 1 - start,
        'content-range': `bytes ${start}-${end}/${bytes.length}`,
        etag: `"${root}"`,
      },
      body: bytes.subarray(start, end + 1),
    },
  };
}

async function send(
  socket: Socket,
  answer: Answer,
  rate: number,
  onSent: (count: number) => void,
): Promise<void> {
  await written(socket, Buffer.from(headText(answer)));
  const isPiece = answer.headers['content-range'] !== undefined;
  const count = Number.isFinite(rate) ? Math.ceil((rate * PACE_MS) / 1000) : answer.body.length;
  for (let at = 0; at < answer.body.length && !socket.destroyed; at += count) {
    const chunk = answer.body.subarray(at, at + count);
    if (isPiece) onSent(chunk.length);
    await written(socket, chunk);
    if (Number.isFinite(rate)) await delay(PACE_MS);
  }
}

/** Resolves when the system has the bytes, or nobody wants them any more. */
function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else
      socket.write(bytes, () => {
        resolve();
      });
  });
}
