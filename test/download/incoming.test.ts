// What a source sends comes through whole and in order, however slow the receiver is.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { OPEN_ACCESS } from '../../src/peer/download/access.ts';
import { Incoming } from '../../src/peer/download/incoming.ts';

const CONTENT = randomBytes(8 * 1024 * 1024);

async function sourceOf(bytes: Buffer): Promise<Incoming> {
  const server = createServer((socket) => socket.end(bytes)).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  const endpoint = { ipAddress: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const { signal } = new AbortController();
  const options = { access: OPEN_ACCESS, signal, stalledAfterMs: 10_000 };
  const incoming = new Incoming({ endpoint }, options);
  onTestFinished(() => {
    incoming.close();
  });
  return incoming;
}

// 0: at once; 100: much has come before the next bytes are asked for.
test.each([0, 1, 100])('nothing is overwritten while it is in hand (%i turns)', async (turns) => {
  const incoming = await sourceOf(CONTENT);
  const hash = createHash('sha256');
  for (let n = 0; n < turns; n++) await turn();
  for (let bytes = await incoming.next(); bytes; bytes = await incoming.next()) {
    const before = Buffer.from(bytes);
    for (let n = 0; n < turns; n++) await turn();
    expect(bytes.equals(before)).toBe(true);
    hash.update(bytes);
  }
  expect(hash.digest()).toEqual(createHash('sha256').update(CONTENT).digest());
});
