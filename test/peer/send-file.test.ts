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

async function opened(): Promise<OpenedOffer> {
  const handle = await open(join(await folderOf({ film: BYTES }), 'film'));
  onTestFinished(() => handle.close());
  return {
    handle,
    file: { name: 'film', size: BYTES.length } as OfferedFile,
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
