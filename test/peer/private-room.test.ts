// Room for connections where all of them speak TLS: who is being answered in it stays, whoever comes.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { beforeEach, expect, test } from 'vitest';
import { Identity } from '../../src/lib/identity.ts';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import { credentialsOf } from '../../src/lib/tls.ts';
import { startHolder, startPrivateNetwork, type Holder } from './private-network.ts';
import { connected } from './raw.ts';

const BYTES = randomBytes(2 * 1024 * 1024);
const ROOM = 8;
/** So slow that it takes half a minute, unless a test lets it go. */
const SLOW = 64 * 1024;
const identity = Identity.fresh();

let holder: Holder;
let ticket: string;
let uploadLimit: RateLimit;

beforeEach(async () => {
  uploadLimit = new RateLimit(SLOW);
  const inside = await startPrivateNetwork();
  holder = await startHolder(inside, BYTES, { maxConnections: ROOM, uploadLimit });
  ticket = await inside.ticket(holder.root, identity.peerId);
});

/** Resolves when the other end has ended it. */
function over(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    for (const end of ['end', 'close'])
      socket.once(end, () => {
        resolve();
      });
  });
}

/** A connection over TLS; undefined: it was not let in. @param last of the address that it comes from */
async function secured(last: number): Promise<TLSSocket | undefined> {
  const below = await connected(holder, `127.0.1.${last}`);
  const credentials = await credentialsOf(identity);
  const socket = connect({ ...credentials, socket: below, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  // Who does not read does not hear of the end.
  socket.resume();
  const isIn = await Promise.race([
    new Promise<true>((resolve) => {
      socket.once('secureConnect', () => {
        resolve(true);
      });
    }),
    over(socket).then(() => false),
  ]);
  return isIn ? socket : undefined;
}

async function letIn(last: number): Promise<TLSSocket> {
  const socket = await secured(last);
  if (!socket) throw new Error('it was not let in');
  return socket;
}

/** Asks for the content, and waits for the first of it; answers how much has come. */
async function begun(socket: TLSSocket, more = ''): Promise<() => number> {
  let came = 0;
  socket.on('data', (bytes: Buffer) => (came += bytes.length));
  const fields = `Host: p\r\nAuthorization: Bearer ${ticket}\r\n${more}`;
  socket.write(`GET /contents/${holder.root} HTTP/1.1\r\n${fields}\r\n`);
  await once(socket, 'data');
  return () => came;
}

test('a download over TLS goes on while idle connections of its address make room for others', async () => {
  const download = await letIn(1);
  const came = await begun(download, 'Connection: close\r\n');
  const idle = [await letIn(1), await letIn(1), await letIn(1)];
  for (let other = 0; other < ROOM / 2; other++) await letIn(2);
  // The room is full, and the address of the download is the first of those that have most.
  const ended = over(download);
  const gone = idle.map(over);
  for (let last = 3; last < 3 + ROOM / 2; last++) await letIn(last);
  await Promise.race(gone);
  uploadLimit.bytesPerSecond = Infinity;
  await ended;
  expect(came()).toBeGreaterThan(BYTES.length);
});

test('where everyone is being answered nobody else comes in, until one of them has been', async () => {
  const ended = [];
  for (let last = 1; last <= ROOM; last++) {
    const download = await letIn(last);
    ended.push(over(download));
    await begun(download);
  }
  expect(await secured(100)).toBeUndefined();
  uploadLimit.bytesPerSecond = Infinity;
  // They stay when they have been answered, and are idle then.
  await expect.poll(() => secured(101).then(Boolean)).toBe(true);
  await Promise.race(ended);
});
