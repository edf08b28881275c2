// A download that was interrupted, by whatever, goes on where it was; two downloads to one place do not
// harm each other.
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { askedFrom, startTelling } from '../download/scripted.ts';
import { sp2p, startSp2p } from '../harness/command.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { serve, urlOf } from '../peer/serving.ts';
import { startGate } from './gate.ts';

const NAME = 'sub/a b.bin';
const BYTES = randomBytes(4_000_000);
const HALF = 2_000_000;

/** A download that has got about a half, and waits for the rest. */
async function halfway() {
  const shared = await folderOf({ [NAME]: BYTES });
  const peer = await serve(shared);
  const gate = await startGate(peer.port, HALF);
  const { href } = await startTelling(() => [
    { endpoint: gate.endpoint, contract: 'native', size: BYTES.length },
  ]);
  const folder = await temporaryFolder();
  const args = ['get', NAME, '--registry', href, '-o', folder];
  const first = await startSp2p(args);
  const part = join(folder, '.a b.bin.sp2p-part');
  await expect
    .poll(async () => (await stat(part).catch(() => undefined))?.size, { timeout: 20_000 })
    .toBeGreaterThan(HALF / 2);
  return { shared, peer, gate, folder, args, first };
}

test('killed, it goes on where it was', async () => {
  const { gate, folder, args, first } = await halfway();
  first.process.kill('SIGKILL');
  await first.ended;
  gate.open();
  const second = await sp2p([...args, '--json']);
  expect(second.code).toBe(0);
  expect((await readFile(join(folder, 'a b.bin'))).equals(BYTES)).toBe(true);
  expect(await readdir(folder)).toEqual(['a b.bin']);

  const [whole = '', rest = ''] = gate.requests;
  expect(whole).not.toMatch(/^range:/im);
  const from = askedFrom(rest);
  expect(from).toBeGreaterThan(HALF / 2);
  expect(rest).toMatch(/^if-range: "[^"]+"\r$/im);
  const { sources } = JSON.parse(second.stdout.toString()) as { sources: { bytes: number }[] };
  expect(sources).toEqual([
    { endpoint: `127.0.0.1:${gate.endpoint.port}`, bytes: BYTES.length - from },
  ]);
});

test.for(['SIGINT', 'SIGTERM'] as const)(
  'by %s it exits 130, says what is kept, and goes on there',
  async (signal) => {
    const { gate, folder, args, first } = await halfway();
    first.process.kill(signal);
    const ended = await first.ended;
    expect(ended).toMatchObject({ code: 130, stdout: Buffer.alloc(0) });
    expect(ended.stderr).toMatch(
      /^sp2p: Interrupted\. [\d.]+ MiB are kept; the same command goes on from there\. \[interrupted\]\n$/,
    );
    expect((await readdir(folder)).sort()).toEqual(['.a b.bin.sp2p-part', '.a b.bin.sp2p-state']);
    gate.open();
    expect(await sp2p(args)).toMatchObject({ code: 0 });
    expect((await readFile(join(folder, 'a b.bin'))).equals(BYTES)).toBe(true);
    expect(askedFrom(gate.requests[1] ?? '')).toBeGreaterThan(HALF / 2);
  },
);

test('a file that changed meanwhile is fetched anew, and nothing of its former state is in it', async () => {
  const { shared, peer, gate, folder, args, first } = await halfway();
  first.process.kill('SIGKILL');
  await first.ended;
  const tag = async () => {
    const answer = await fetch(urlOf(peer, '/files/sub/a%20b.bin'), { method: 'HEAD' });
    return answer.headers.get('etag');
  };
  const before = await tag();
  const changed = randomBytes(3_000_000);
  await writeFile(join(shared, NAME), changed);
  await expect.poll(tag, { timeout: 20_000 }).not.toBe(before);
  await expect.poll(tag, { timeout: 20_000 }).toMatch(/^".+"$/);
  gate.open();
  expect(await sp2p(args)).toMatchObject({ code: 0 });
  expect((await readFile(join(folder, 'a b.bin'))).equals(changed)).toBe(true);
  expect(gate.requests.at(-1)).toContain(`If-Range: ${before ?? ''}`.toLowerCase());
});

test('a second one to the same place is told so, and harms nothing', async () => {
  const { gate, folder, args, first } = await halfway();
  const second = await sp2p(args);
  expect(second).toMatchObject({ code: 1, stdout: Buffer.alloc(0) });
  expect(second.stderr).toMatch(
    /Another process is downloading to the same place.*\[download-in-progress\]\n$/,
  );
  gate.open();
  expect(await first.ended).toMatchObject({ code: 0 });
  expect((await readFile(join(folder, 'a b.bin'))).equals(BYTES)).toBe(true);
  expect(await readdir(folder)).toEqual(['a b.bin']);
});
