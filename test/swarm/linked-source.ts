// A holder of a content that speaks links: honest, but for what a test has it do. It ends with the test.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Endpoint } from '../../src/protocol/endpoints.ts';
import { parseFollowerWord } from '../../src/protocol/link.ts';
import { parseRanges } from '../../src/protocol/piece-set.ts';
import { PIECE, type Answer, type TestContent } from '../download/content-source.ts';

/** Somebody who downloads from it. */
interface FollowerSeen {
  socket: WebSocket;
  has: Set<number>;
  /** Where it reads in order, from which piece on. */
  readsAt: number | undefined;
}

export interface LinkedSourceOptions {
  /** What is sent in place of the honest answer; undefined: nothing. It may take its time. */
  answers?: (honest: Answer, piece: number) => Answer | undefined | Promise<Answer | undefined>;
  /** What is done with a link in place of offering pieces. */
  links?: (socket: WebSocket) => void;
  /** What is done with a request for a link in place of opening one. */
  upgrades?: (socket: Duplex, request: IncomingMessage) => void;
  /** Which pieces to offer a follower, the best one first. Default: what it has not, from where it reads. */
  offers?: (follower: FollowerSeen) => number[];
  /** Pieces that are held. Default: all. */
  holds?: (piece: number) => boolean;
}

export interface LinkedSource {
  endpoint: Endpoint;
  /** The endpoint as the result of a download spells it. */
  key: string;
  port: number;
  /** Pieces that it was asked for, in this order. */
  asked: number[];
  /** Where those who opened links say that they listen. */
  neighbours: (number | undefined)[];
  followers: Set<FollowerSeen>;
  /** Resolves when there has been a link, or a request for one. */
  linked: Promise<unknown>;
  /** Resolves when something else than the honest answer has been sent, or nothing in its place. */
  misbehaved: Promise<unknown>;
  /** Ends all connections and takes no more of them. */
  vanish: () => Promise<void>;
}

/** An offer is of so many pieces. */
const CHOICES = 8;
/** Offers to one follower that are not answered. */
const OFFERED_AT_ONCE = 2;
/** Somebody who wants none is offered again after so long, in milliseconds. */
const REST_MS = 20;

export async function startLinkedSource(
  content: TestContent,
  options: LinkedSourceOptions = {},
): Promise<LinkedSource> {
  const { bytes, root, layer } = content;
  const pieces = Math.ceil(bytes.length / PIECE);
  const { answers, links, upgrades, holds = () => true } = options;
  const offers =
    options.offers ?? ((follower: FollowerSeen) => lacking(follower, pieces).filter(holds));
  const linked = Promise.withResolvers<undefined>();
  const misbehaved = Promise.withResolvers<undefined>();
  const sockets = new Set<Duplex>();

  const answerTo = async (url: string, range: string): Promise<Answer | undefined> => {
    if (url === `/contents/${root}/layer`) {
      const headers = { 'content-length': layer.length, 'sp2p-size': bytes.length };
      return { status: 200, headers, body: layer };
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
    const [start, end] = [Number(first), Number(last)];
    const piece = start / PIECE;
    if (url !== `/contents/${root}` || !Number.isInteger(piece) || !holds(piece))
      return { status: 404, headers: { 'content-length': 0 }, body: Buffer.alloc(0) };
    source.asked.push(piece);
    const honest = rangeOf(content, start, end);
    const answer = answers ? await answers(honest, piece) : honest;
    if (answer !== honest) misbehaved.resolve(undefined);
    return answer;
  };

  const server = createServer((request, response) => {
    const { url = '', headers } = request;
    void answerTo(url, headers.range ?? '').then((answer) => {
      if (answer) response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  const voice = new WebSocketServer({ noServer: true, handleProtocols: () => 'sp2p-link' });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  server.on('upgrade', (request, socket, head) => {
    const port = new URL(request.url ?? '', 'http://holder').searchParams.get('port');
    source.neighbours.push(port === null ? undefined : Number(port));
    linked.resolve(undefined);
    if (upgrades) {
      upgrades(socket, request);
      return;
    }
    voice.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => undefined);
      if (links) links(webSocket);
      else lead(webSocket, source.followers, pieces, offers);
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
  const source: LinkedSource = {
    endpoint: { ipAddress: '127.0.0.1', port },
    key: `127.0.0.1:${port}`,
    port,
    asked: [],
    neighbours: [],
    followers: new Set(),
    linked: linked.promise,
    misbehaved: misbehaved.promise,
    vanish,
  };
  return source;
}

/** Offers pieces to a follower for as long as it lacks some. */
function lead(
  socket: WebSocket,
  followers: Set<FollowerSeen>,
  pieces: number,
  offers: (follower: FollowerSeen) => number[],
): void {
  const follower: FollowerSeen = { socket, has: new Set(), readsAt: undefined };
  followers.add(follower);
  let offered = 0;
  let resting: NodeJS.Timeout | undefined;
  const offer = () => {
    while (offered < OFFERED_AT_ONCE && socket.readyState === socket.OPEN) {
      const best = offers(follower).slice(0, CHOICES);
      if (best.length === 0) return;
      offered++;
      socket.send(JSON.stringify({ offer: best }));
    }
  };
  socket.on('message', (data: Buffer) => {
    const { have, pass, at } = parseFollowerWord(data.toString());
    if (at !== undefined) follower.readsAt = at ?? undefined;
    for (const piece of parseRanges(have ?? '', pieces)) follower.has.add(piece);
    // Whoever got a piece, or wanted none, may be offered another one.
    if (have !== undefined) offered = 0;
    if (pass) offered = Math.max(0, offered - 1);
    clearTimeout(resting);
    if (pass) resting = setTimeout(offer, REST_MS);
    else offer();
  });
  socket.once('close', () => {
    clearTimeout(resting);
    followers.delete(follower);
  });
  greet(socket);
}

/** What a holder says first. */
export function greet(socket: WebSocket): void {
  socket.send(JSON.stringify({ link: '0123456789abcdef' }));
}

/** What a follower has not got, from where it reads on. */
function lacking({ has, readsAt = 0 }: FollowerSeen, pieces: number): number[] {
  const all = Array.from({ length: pieces }, (_, turn) => (readsAt + turn) % pieces);
  return all.filter((piece) => !has.has(piece));
}

function rangeOf({ bytes, root }: TestContent, start: number, end: number): Answer {
  return {
    status: 206,
    headers: {
      'content-length': end + 1 - start,
      'content-range': `bytes ${start}-${end}/${bytes.length}`,
      etag: `"${root}"`,
    },
    body: bytes.subarray(start, end + 1),
  };
}
