// sp2p share as a process: what it says, how it ends, and what it leaves at the registry.
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sp2p, startSp2p } from '../harness/command.ts';
import { startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { startGate } from './gate.ts';
import { answerTo } from './raw.ts';

const SOON = { timeout: 20_000, interval: 50 };

async function namesAt(registry: URL): Promise<string[]> {
  const response = await fetch(new URL('/api/Registers', registry));
  return ((await response.json()) as { name: string }[]).map(({ name }) => name);
}

async function takenPort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A share that runs as a process of its own, and is registered. */
async function startShare(registry: URL, ...flags: string[]) {
  const folder = await folderOf({ 'a b.txt': 'hello', 'sub/c.txt': 'c' });
  const args = ['share', folder, '--registry', registry.href, '--port', '0', '--json', ...flags];
  const share = await startSp2p(args);
  const serving = await share.event(({ event }) => event === 'serving');
  const announced = await share.event(({ event }) => event === 'announced');
  return { ...share, folder, serving, announced, port: serving['port'] as number };
}

test.for(['SIGINT', 'SIGTERM'] as const)(
  'a share that gets %s deregisters everything and exits 0',
  async (signal) => {
    const { url } = await startRegistry();
    const share = await startShare(url, '--name', 'Ann');
    expect(share.serving).toMatchObject({ files: 2, bytes: 6, unnameable: 0 });
    expect(share.announced).toMatchObject({
      contract: 'native',
      endpoint: { ipAddress: '127.0.0.1', port: share.port },
    });
    expect(await namesAt(url)).toEqual(['a b.txt', 'sub/c.txt']);
    const answer = await answerTo(share, 'GET a b.txt\r\n');
    expect(answer).toEqual({ bytes: Buffer.from('hello'), ending: 'FIN' });
    share.process.kill(signal);
    expect(await share.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(await namesAt(url)).toEqual([]);
  },
);

test('a share ends at once at the second signal, though the registry does not answer', async () => {
  const { url } = await startRegistry();
  const gate = await startGate(url);
  const share = await startShare(gate.url);
  gate.refuses = (call) => (call.startsWith('DELETE ') ? 'hang' : undefined);
  share.process.kill('SIGTERM');
  await expect.poll(() => gate.calls.at(-1), SOON).toMatch(/^DELETE /);
  share.process.kill('SIGTERM');
  expect(await share.ended).toMatchObject({ code: 143 });
});

test('a share whose registry has gone ends all the same', async () => {
  const { url, registry } = await startRegistry();
  const share = await startShare(url);
  await registry.stop();
  share.process.kill('SIGINT');
  expect(await share.ended).toMatchObject({ code: 0, signal: null });
});

test('a share that is killed is gone from every answer once its lease has ended', async () => {
  const { url } = await startRegistry({ leaseSeconds: 1 });
  const share = await startShare(url);
  share.process.kill('SIGKILL');
  await share.ended;
  await expect.poll(() => namesAt(url), SOON).toEqual([]);
});

test('a share without a registry serves, says that it looks for one, and finds it', async () => {
  const away = await startRegistry();
  await away.registry.stop();
  const folder = await folderOf({ 'a.txt': 'hello' });
  const args = ['share', folder, '--registry', away.url.href, '--port', '0', '--json'];
  const share = await startSp2p(args);
  const { port } = await share.event(({ event }) => event === 'serving');
  expect(await share.event(({ event }) => event === 'away')).toMatchObject({
    code: 'registry-unreachable',
  });
  const answer = await answerTo({ port: port as number }, 'GET a.txt\n');
  expect(answer.bytes.toString()).toBe('hello');
  const { url } = await startRegistry({ port: away.port });
  await share.event(({ event }) => event === 'announced');
  expect(await namesAt(url)).toEqual(['a.txt']);
});

test('a port that was asked for and is taken is a failure', async () => {
  const port = String(await takenPort());
  const folder = await folderOf({ 'a.txt': 'a' });
  for (const ended of [
    await sp2p(['share', folder, '--port', port]),
    await sp2p(['share', folder], { env: { SP2P_PORT: port } }),
  ]) {
    expect(ended.code).toBe(1);
    expect(ended.stdout.length).toBe(0);
    expect(ended.stderr).toContain('[port-taken]');
    expect(ended.stderr).toContain(port);
  }
});

test('where the usual port is taken, a free one is', async () => {
  const server = createServer();
  const isTaken = new Promise((resolve) => {
    // Where another process has it, it is taken as well.
    server.once('listening', resolve).once('error', resolve);
  });
  onTestFinished(() => {
    server.close();
  });
  server.listen(7771);
  await isTaken;
  const { url } = await startRegistry();
  const folder = await folderOf({ 'a.txt': 'hello' });
  const share = await startSp2p(['share', folder, '--registry', url.href, '--json']);
  const { port } = await share.event(({ event }) => event === 'serving');
  expect(port).not.toBe(7771);
  await share.event(({ event }) => event === 'announced');
  const endpoints: unknown = await (await fetch(new URL('/api/Registers/a.txt', url))).json();
  expect(endpoints).toEqual([{ ipAddress: '127.0.0.1', port }]);
});

test('what cannot be shared is a failure that names it', async () => {
  const folder = await folderOf({ 'a.txt': 'a' });
  const share = join(folder, 'missing');
  const ended = await sp2p(['share', folder, share, '--port', '0']);
  expect(ended.code).toBe(1);
  expect(ended.stdout.length).toBe(0);
  expect(ended.stderr).toContain('[bad-share]');
  expect(ended.stderr).toContain(share);
  expect((await sp2p(['share'])).code).toBe(2);
});

test('files that are left out because of their names are told to the person', async () => {
  const folder = await folderOf({ 'a.txt': 'a', 'line\nfeed': 'x', 'back\\slash': 'x' });
  const { url } = await startRegistry();
  const share = await startSp2p(['share', folder, '--registry', url.href, '--port', '0']);
  await expect.poll(() => namesAt(url), SOON).toEqual(['a.txt']);
  share.process.kill('SIGINT');
  const { stderr, stdout } = await share.ended;
  expect(stdout.length).toBe(0);
  expect(stderr).toMatch(/Sharing 1 file .*on port \d+/);
  expect(stderr).toContain('2 files left out');
  expect(stderr).toMatch(/Registered as 127\.0\.0\.1:\d+/);
});

test('an empty folder can be shared, and fills later', async () => {
  const { url } = await startRegistry();
  const folder = await temporaryFolder();
  const share = await startSp2p(['share', folder, '--registry', url.href, '--port', '0', '--json']);
  await share.event(({ event }) => event === 'announced');
  expect(await namesAt(url)).toEqual([]);
  await appendFile(join(folder, 'a.txt'), 'hello');
  await expect.poll(() => namesAt(url), SOON).toEqual(['a.txt']);
  const { port } = await share.event(({ event }) => event === 'serving');
  const answer = await answerTo({ port: port as number }, 'GET a.txt\n');
  expect(answer.bytes.toString()).toBe('hello');
});
