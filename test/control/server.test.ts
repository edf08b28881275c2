// The control interface as it starts and stops: where it listens, and what it keeps on disk.
import { once } from 'node:events';
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runningPort } from '../../src/peer/control/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { CONTROL, startControl } from './controlling.ts';

async function taken(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('the link carries the token in its fragment, and the token is for the owner’s eyes alone', async () => {
  const { server, token, port, folder } = await startControl();
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(server.link).toBe(`http://127.0.0.1:${port}/#token=${token}`);
  expect(server.url).toBe(`http://127.0.0.1:${port}/`);
  for (const file of await readdir(folder))
    expect((await stat(join(folder, file))).mode & 0o777, file).toBe(0o600);
});

test('the token stays the same, so that an open page goes on after a restart', async () => {
  const first = await startControl();
  await first.server.stop();
  const second = await startControl({ folder: first.folder });
  expect(second.token).toBe(first.token);
});

test('a token that others could read is made anew, as is one that is none', async () => {
  const { folder, server, token } = await startControl();
  await server.stop();
  const file = join(folder, 'control-token');
  await chmod(file, 0o640);
  const second = await startControl({ folder });
  expect(second.token).not.toBe(token);
  await second.server.stop();
  await writeFile(file, 'short');
  const third = await startControl({ folder });
  expect(third.token).toMatch(/^[\w-]{43}$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('a token that is a link to somewhere else is not followed', async () => {
  const [folder, elsewhere] = [await temporaryFolder(), await temporaryFolder()];
  const target = join(elsewhere, 'target');
  await writeFile(target, 'x'.repeat(43), { mode: 0o600 });
  await symlink(target, join(folder, 'control-token'));
  const { token } = await startControl({ folder });
  expect(token).not.toBe('x'.repeat(43));
  expect(await readFile(target, 'utf8')).toBe('x'.repeat(43));
});

test('both loopback addresses lead to it', async () => {
  const { port } = await startControl();
  const reached = await fetch(`http://[::1]:${port}${CONTROL}`).then(
    ({ status }) => status,
    (error: unknown) => ((error as Error).cause as NodeJS.ErrnoException).code,
  );
  // A machine without IPv6 has no such address.
  expect([200, 'EADDRNOTAVAIL', 'EAFNOSUPPORT']).toContain(reached);
});

test('a port that is taken is a failure, or another one where it may be', async () => {
  const port = await taken('127.0.0.1');
  const refused = startControl({ port });
  await expect(refused).rejects.toMatchObject({ code: 'port-taken' });
  const moved = await startControl({ port, mayMove: true });
  expect(moved.port).not.toBe(port);
});

test('while it runs it says where, and no longer', async () => {
  const { folder, port, server } = await startControl();
  expect(await runningPort(folder)).toBe(port);
  const other = await startControl({ folder });
  await server.stop();
  expect(await runningPort(folder)).toBe(other.port);
  await other.server.stop();
  expect(await runningPort(folder)).toBeUndefined();
  await server.stop();
});
