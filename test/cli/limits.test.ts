// Limits as flags and as a file, which is read again while the command runs.
import { randomBytes } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sp2p, startSp2p } from '../harness/command.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { answerTo, connected, firstBytes, received } from '../peer/raw.ts';

const BYTES = randomBytes(1_000_000);

/** A file of limits, and how it is changed: in one go, so that no half of it is ever read. */
async function limitsFile(text?: string) {
  const path = join(await temporaryFolder(), 'limits.json');
  const write = async (to: string) => {
    await writeFile(`${path}.new`, to);
    await rename(`${path}.new`, path);
  };
  if (text !== undefined) await write(text);
  return { path, write };
}

/** What a process has said, and when it says something. */
function saidBy({ stderr }: ChildProcess) {
  let text = '';
  const waiting = new Set<() => void>();
  stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    for (const look of waiting) look();
  });
  return {
    until: (pattern: RegExp) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!pattern.test(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

async function startShare(...flags: string[]) {
  const { url } = await startRegistry();
  const folder = await folderOf({ 'a.bin': BYTES });
  const args = ['share', folder, '--registry', url.href, '--port', '0', '--json', ...flags];
  const share = await startSp2p(args);
  const said = saidBy(share.process);
  await share.event(({ event }) => event === 'announced');
  const { port } = await share.event(({ event }) => event === 'serving');
  return { ...share, said, port: port as number };
}

test('a share that may send next to nothing sends it all once its file allows it', async () => {
  const file = await limitsFile('{ "maxUpload": 1 }');
  const share = await startShare('--max-upload', '1G', '--limits', file.path);
  const socket = await connected(share);
  socket.write('GET a.bin\r\n');
  const first = await firstBytes(socket);
  expect(first.length).toBeLessThanOrEqual(2_048);
  const rest = received(socket);
  await file.write('{ "maxUpload": "100M" }');
  const { bytes, ending } = await rest;
  expect(ending).toBe('FIN');
  expect(Buffer.concat([first, bytes]).equals(BYTES)).toBe(true);
  await file.write('{}');
  await share.said.until(/1\.00 GiB\/s\n$/);
  share.process.kill('SIGINT');
  expect((await share.ended).stderr).toBe(
    'upload limit: 1 B/s\nupload limit: 100 MiB/s\nupload limit: 1.00 GiB/s\n',
  );
});

test('a file of limits that is missing or wrong is said once, and the limits stay', async () => {
  const file = await limitsFile();
  const share = await startShare('--max-upload', '100M', '--limits', file.path);
  await share.said.until(/there is no such file/);
  await file.write('{ "maxUpload": "200M" }');
  await share.said.until(/200 MiB\/s\n$/);
  await file.write('{ "maxUpload": "fast" }');
  await share.said.until(/It is a rate/);
  // The same fault, in another state of the file.
  await file.write('{ "maxUpload": "faster" }');
  expect((await answerTo(share, 'GET a.bin\r\n')).bytes.equals(BYTES)).toBe(true);
  await file.write('{ "maxUpload": "300M" }');
  await share.said.until(/300 MiB\/s\n$/);
  await rm(file.path);
  await share.said.until(/such file[^]*such file/);
  share.process.kill('SIGINT');
  expect((await share.ended).stderr.replaceAll(file.path, 'FILE')).toBe(
    [
      'FILE: there is no such file. The limits stay as they are.',
      'upload limit: 200 MiB/s',
      'FILE: maxUpload: It is a rate in bytes a second, such as 500K, 1.5M, 2MB or 16Mbit; 0 or none is no limit. The limits stay as they are.',
      'upload limit: 300 MiB/s',
      'FILE: there is no such file. The limits stay as they are.',
      '',
    ].join('\n'),
  );
});

test('a get that may receive next to nothing ends once its file allows it', async () => {
  const { url } = await startRegistry();
  await startPeer({ shares: [await folderOf({ 'a.bin': BYTES })], registry: url });
  const file = await limitsFile('{ "maxDownload": 1, "maxUpload": "2M" }');
  const cwd = await temporaryFolder();
  const args = ['get', 'a.bin', '--registry', url.href, '--json', '--limits', file.path];
  const get = await startSp2p(args, { cwd });
  const said = saidBy(get.process);
  await said.until(/download limit: 1 B\/s/);
  await file.write('{ "maxDownload": "none" }');
  const { code, stdout, stderr } = await get.ended;
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr:
      'upload limit: 2.00 MiB/s\ndownload limit: 1 B/s\nupload limit: none\ndownload limit: none\n',
  });
  expect(JSON.parse(stdout.toString())).toMatchObject({ size: 1_000_000, failed: [] });
  expect((await readFile(join(cwd, 'a.bin'))).equals(BYTES)).toBe(true);
});

test('a limited get can be interrupted while it waits', async () => {
  const { url } = await startRegistry();
  await startPeer({ shares: [await folderOf({ 'a.bin': BYTES })], registry: url });
  const file = await limitsFile('{ "maxDownload": "none" }');
  const cwd = await temporaryFolder();
  const flags = ['--registry', url.href, '--max-download', '1', '--limits', file.path];
  const whole = await sp2p(['get', 'a.bin', ...flags], { cwd });
  expect(whole.code).toBe(0);
  await file.write('{}');
  const get = await startSp2p(['get', 'a.bin', ...flags, '-o', 'other'], { cwd });
  const said = saidBy(get.process);
  await file.write('{ "maxDownload": "2" }');
  await said.until(/download limit: 2 B/);
  get.process.kill('SIGINT');
  expect((await get.ended).code).toBe(130);
});
