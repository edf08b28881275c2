// A large file passes through both sides in bounded memory. By hand it was done with 4 GiB; here the
// file is smaller and the bound is the same.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSp2p, sp2p } from '../harness/command.ts';
import { startRegistry } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';

const SIZE = 256 * 1024 * 1024;
const MOST_KIB = 200 * 1024;
/** Tells at the end what a process had in memory at most. */
const WATCH = `
import { readFileSync, writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(process.env.PEAK_FILE, readFileSync('/proc/self/status')));
`;

test('a file of 256 MiB goes from share to get with both below 200 MiB of memory', async () => {
  const shared = await temporaryFolder();
  const file = await open(join(shared, 'large.bin'), 'w');
  await file.truncate(SIZE);
  for (const [index, at] of [0, 100_000_000, SIZE - 5].entries())
    await file.write(`mark${index}`, at);
  await file.close();

  const { url } = await startRegistry();
  const args = ['share', shared, '--registry', url.href, '--port', '0', '--host', '127.0.0.1'];
  const share = await startSp2p([...args, '--json']);
  await share.event(({ event }) => event === 'announced');

  const folder = await temporaryFolder();
  const watch = join(folder, 'watch.mjs');
  const peak = join(folder, 'peak');
  await writeFile(watch, WATCH);
  const env = { NODE_OPTIONS: `--import=${watch}`, PEAK_FILE: peak };
  const get = ['get', 'large.bin', '--registry', url.href, '-o', folder];
  expect(await sp2p(get, { env })).toMatchObject({ code: 0 });
  expect(await digestOf(join(folder, 'large.bin'))).toBe(await digestOf(join(shared, 'large.bin')));

  expect(peakOf(await readFile(peak, 'utf8'))).toBeLessThan(MOST_KIB);
  const { pid = 0 } = share.process;
  expect(peakOf(await readFile(`/proc/${pid}/status`, 'utf8'))).toBeLessThan(MOST_KIB);
});

test.each([
  ['8 MB', undefined, ['--max-semi-space-size=8']],
  ['what was chosen', '--max-semi-space-size=4', []],
])('a command that serves has %s for what is young', async (_, chosen, flags) => {
  const args = ['registry', '--data', await temporaryFolder(), '--host', '127.0.0.1'];
  const registry = await startSp2p([...args, '--port', '0', '--json'], {
    env: { NODE_OPTIONS: chosen },
  });
  await registry.event(({ port }) => port !== undefined);
  // The process that was started, with its ways in and out.
  const { pid = 0 } = registry.process;
  const [, ...words] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  const command = words.findIndex((word) => word.endsWith('sp2p.js'));
  expect(words.slice(0, command)).toEqual(flags);
  expect(words.slice(command + 1, command + 2)).toEqual(['registry']);
});

/** VmHWM, in KiB. */
function peakOf(status: string): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
