// A downloader that only takes. Of everyone who holds the content it
//   deaf      takes every offer, asks for the whole besides, and never reads what comes;
//   flood     is told of pieces it has got, one and the same over and over, as fast as the line carries it;
//   crowd     takes a thousand connections, and keeps them.
// What is cut is begun again.
//
//   node pest.ts deaf|flood|crowd REGISTRY ROOT SIZE SELF
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { LINK_HEADER, LINK_PROTOCOL, parseHolderWord } from '../../src/protocol/link.ts';
import { pieceAt } from '../../src/protocol/merkle.ts';

const LOOK_EVERY_MS = 1_000;
const CALL_DEADLINE_MS = 10_000;
const CONNECTIONS = 1_000;
/** A round of connections, so that all targets get some at the same time. */
const AT_ONCE = 50;
const DEAF_LINKS = 8;
/** Words that wait for the line to be free, in bytes. */
const MOST_WAITING = 1 << 20;

const [kind = '', registry = '', root = '', size = '', self = ''] = process.argv.slice(2);
const attack = { deaf, flood, crowd }[kind];
if (!attack) throw new Error(`What is ${kind}?`);
const attacked = new Set<string>();

console.log('ready');
process.stdin.on('end', () => process.exit()).resume();
for (;;) {
  for (const { ipAddress, port } of await targets()) {
    const target = `${ipAddress}:${port}`;
    if (ipAddress === self || attacked.has(target)) continue;
    attacked.add(target);
    void attack(ipAddress, port).then(() => attacked.delete(target));
  }
  await delay(LOOK_EVERY_MS);
}

interface Endpoint {
  ipAddress: string;
  port: number;
}

async function targets(): Promise<Endpoint[]> {
  try {
    const signal = AbortSignal.timeout(CALL_DEADLINE_MS);
    const answered = await fetch(`${registry}/api/v1/contents/${root}?limit=100`, { signal });
    const { sources = [] } = (await answered.json()) as { sources?: { endpoint: Endpoint }[] };
    return sources.map(({ endpoint }) => endpoint);
  } catch {
    return [];
  }
}

/** Resolves when all of its links are gone. */
async function deaf(host: string, port: number): Promise<void> {
  const request = (headers: string) => {
    const socket = held(host, port);
    socket.write(`GET /contents/${root} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  };
  request('');
  await Promise.all(
    Array.from({ length: DEAF_LINKS }, async () => {
      let id = '';
      await linked(host, port, (socket, text) => {
        const { link, offer } = parseHolderWord(text);
        if (link !== undefined) {
          id = link;
          socket.send('{"have":""}');
        }
        const [piece] = offer ?? [];
        if (piece === undefined) return;
        const { start, length } = pieceAt(piece, Number(size));
        const range = `bytes=${start}-${start + length - 1}`;
        request(`Range: ${range}\r\n${LINK_HEADER}: ${id}\r\n`);
      });
    }),
  );
}

async function flood(host: string, port: number): Promise<void> {
  await linked(host, port, (socket, text) => {
    if (parseHolderWord(text).link === undefined) return;
    const more = () => {
      if (socket.readyState !== socket.OPEN) return;
      while (socket.bufferedAmount < MOST_WAITING) socket.send('{"have":"0"}');
      setTimeout(more, 10);
    };
    more();
  });
}

async function crowd(host: string, port: number): Promise<void> {
  for (let begun = 0; begun < CONNECTIONS; begun += AT_ONCE) {
    for (let n = 0; n < AT_ONCE; n++) held(host, port);
    await delay(AT_ONCE);
  }
  await delay(LOOK_EVERY_MS);
}

/** A connection that is never read from; it is left when the other end cuts it. */
function held(host: string, port: number): Socket {
  return connect(port, host)
    .on('error', () => undefined)
    .pause();
}

/** Resolves when the link is gone; what is said over it is given to `hear`. */
async function linked(
  host: string,
  port: number,
  hear: (socket: WebSocket, text: string) => void,
): Promise<void> {
  const socket = new WebSocket(`ws://${host}:${port}/contents/${root}/link`, LINK_PROTOCOL);
  await new Promise((resolve) => {
    socket
      .on('message', (data: Buffer) => {
        hear(socket, data.toString());
      })
      .on('error', resolve)
      .on('close', resolve);
  });
}
