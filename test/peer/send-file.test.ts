// What is sent of a file, whatever the one takes who reads it.
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import type { OfferedFile, OpenedOffer } from '../../src/peer/server/offers.ts';
import { sendFile } from '../../src/peer/server/send-file.ts';
import { folderOf } from '../harness/temporary.ts';

const BYTES = randomBytes(1_500_000);
const MOST = 128 * 1024;

const MIB = 1024 * 1024;

async function opened(bytes = BYTES): Promise<OpenedOffer> {
  const handle = await open(join(await folderOf({ film: bytes }), 'film'));
  onTestFinished(() => handle.close());
  return {
    handle,
    file: { name: 'film', size: bytes.length } as OfferedFile,
    isUnchanged: () => Promise.resolve(true),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

test.each([
  ['quick', () => 0],
  ['slow at first, and quick then', (n: number) => (n === 0 ? 700 : 0)],
  ['slow now and then', (n: number) => (n % 5 === 4 ? 600 : 0)],
  ['always slow', () => 300],
])('who is %s gets every byte, and not much at once', async (_, waitMs) => {
  const taken: Buffer[] = [];
  const reader = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const n = taken.length;
      // Looked at when it is done with: nothing may have been read into it meanwhile.
      void delay(waitMs(n)).then(() => {
        taken.push(Buffer.from(chunk));
        done();
      });
    },
  });
  let sent = 0;
  const range = { start: 5, end: BYTES.length - 1 };
  const limits = { stalledAfterMs: 30_000, uploadLimit: new RateLimit() };
  const result = await sendFile(await opened(), range, reader, limits, (count) => (sent += count));
  expect(result).toBe('sent');
  expect(Buffer.concat(taken).equals(BYTES.subarray(5))).toBe(true);
  expect(sent).toBe(BYTES.length - 5);
  expect(Math.max(...taken.map(({ length }) => length))).toBeLessThanOrEqual(MOST);
});

test('beside many who take nothing who is quick is sent as much at once as ever, and they hold little', async () => {
  const offer = await opened(randomBytes(8 * MIB));
  const range = { start: 0, end: 8 * MIB - 1 };
  const limits = { stalledAfterMs: 30_000, uploadLimit: new RateLimit() };
  const send = (to: Writable) => sendFile(offer, range, to, limits, () => undefined);

  const held = new Set<ArrayBufferLike>();
  const readers = Array.from(
    { length: 400 },
    () =>
      new Writable({
        write: (chunk: Buffer) => {
          held.add(chunk.buffer);
        },
      }),
  );
  const sending = readers.map(send);
  await expect.poll(() => held.size).toBe(readers.length);
  const bytes = [...held].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBeLessThanOrEqual(40 * MIB);

  const sizes: number[] = [];
  const quick = () =>
    new Writable({
      write: ({ buffer }: Buffer, _encoding, done) => {
        sizes.push(buffer.byteLength);
        setImmediate(done);
      },
    });
  const known = quick();
  expect(await send(known)).toBe('sent');
  expect([Math.min(...sizes), sizes.at(-1)]).toEqual([64 * 1024, 256 * 1024]);
  // It need not show it again.
  sizes.length = 0;
  expect(await send(known)).toBe('sent');
  expect(Math.min(...sizes)).toBe(256 * 1024);

  for (const reader of readers) reader.destroy();
  expect(new Set(await Promise.all(sending))).toEqual(new Set(['reader-gone']));
  sizes.length = 0;
  expect(await send(quick())).toBe('sent');
  expect(Math.min(...sizes)).toBe(256 * 1024);
});
