// sp2p registry as a process of its own: its flags, its end, and what it still knows after kill -9.
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { sp2p, startSp2p, type CommandOptions } from '../harness/command.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { call } from './calling.ts';

const A = { ipAddress: '127.0.0.1', port: 7771 };

async function startRegistryCommand(data: string, args: string[] = [], options?: CommandOptions) {
  const where = ['--host', '127.0.0.1', '--port', '0', '--data', data];
  const started = await startSp2p(['registry', ...where, '--json', ...args], options);
  const { port } = await started.event((event) => event['port'] !== undefined);
  return { ...started, port: Number(port) };
}

/** Somebody has to listen, or the endpoint is probed away. */
async function listening(): Promise<typeof A> {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { ...A, port: (server.address() as AddressInfo).port };
}

test('what was acknowledged is there after kill -9', async () => {
  const data = await temporaryFolder();
  const endpoint = await listening();
  const first = await startRegistryCommand(data);
  const names = Array.from({ length: 20 }, (_, index) => `file ${index}`);
  for (const name of names) {
    const path = `/api/Registers/${encodeURIComponent(name)}`;
    expect((await call(first.port, 'POST', path, { body: endpoint })).text).toBe('1');
  }
  first.process.kill('SIGKILL');
  expect(await first.ended).toMatchObject({ code: null, signal: 'SIGKILL' });

  const second = await startRegistryCommand(data);
  expect((await call(second.port, 'GET', '/api/Registers')).json).toEqual(
    names.toSorted().map((name) => ({ name, endpoints: [endpoint] })),
  );
  second.process.kill('SIGTERM');
  expect(await second.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
});

test.each([
  ['a flag', ['--base', '/api/powernap/', 'Files/endpoints'], {}],
  ['the environment', [], { SP2P_BASE: 'api/powernap,Files/endpoints' }],
])('other bases are taken by %s', async (_how, args, env) => {
  const { port } = await startRegistryCommand(await temporaryFolder(), args, { env });
  const endpoint = await listening();
  expect((await call(port, 'POST', '/api/PowerNap/a', { body: endpoint })).text).toBe('1');
  for (const base of ['files/endpoints', 'api/powernap', 'api/registers'])
    expect((await call(port, 'GET', `/${base}/a`)).json).toEqual([endpoint]);
});

test('it serves a page, unless told not to', async () => {
  const pages = { env: { SP2P_NO_PAGE: undefined } };
  const { port } = await startRegistryCommand(await temporaryFolder(), [], pages);
  expect((await call(port, 'GET', '/')).headers['content-type']).toMatch(/^text\/html/);
  const other = await startRegistryCommand(await temporaryFolder(), ['--no-page'], pages);
  expect((await call(other.port, 'GET', '/')).status).toBe(404);
});

test('a base that cannot be one is wrong usage', async () => {
  const { code, stderr, stdout } = await sp2p(['registry', '--port', '0', '--base', 'a,api/v1']);
  expect(stderr).toContain('[bad-usage]');
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: '' });
});

test('data that cannot be opened end it with a message and no stack', async () => {
  const data = await temporaryFolder();
  const database = new DatabaseSync(`${data}/index.sqlite`);
  database.exec('PRAGMA user_version = 4711');
  database.close();
  const args = ['registry', '--host', '127.0.0.1', '--port', '0', '--data', data];
  const { code, stderr } = await sp2p(args);
  expect(code).toBe(1);
  expect(stderr).toContain(`${data}/index.sqlite was written by a newer version`);
  expect(stderr).toContain('[cannot-open-data]');
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('a port that is taken ends it with a message', async () => {
  const { port } = await listening();
  const data = await temporaryFolder();
  const args = ['registry', '--host', '127.0.0.1', '--port', String(port), '--data', data];
  const { code, stderr } = await sp2p(args);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^sp2p: .*taken.* \[port-taken\]\n$/) as string,
  });
});

test('told to stop it says so first, and goes on serving as long as it was told', async () => {
  const data = await temporaryFolder();
  const { port, process: child, ended } = await startRegistryCommand(data, ['--drain', '3600']);
  expect((await call(port, 'GET', '/readyz')).status).toBe(200);
  child.kill('SIGTERM');
  await expect
    .poll(async () => (await call(port, 'GET', '/readyz')).status, { timeout: 20_000 })
    .toBe(503);
  expect((await call(port, 'GET', '/api/Registers')).json).toEqual([]);
  // A second signal ends it at once.
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 143, stderr: '' });
});

test('once it has drained it ends as it should', async () => {
  const data = await temporaryFolder();
  const { port, process: child, ended } = await startRegistryCommand(data, ['--drain', '1']);
  child.kill('SIGINT');
  await expect
    .poll(async () => (await call(port, 'GET', '/readyz')).status, { interval: 5 })
    .toBe(503);
  expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' });
});
