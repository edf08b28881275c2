// The page as `sp2p share` starts it, and `sp2p status` as it finds it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Value } from 'typebox/value';
import { expect, onTestFinished, test } from 'vitest';
import { ControlStateSchema } from '../../src/protocol/control.ts';
import { sp2p } from '../harness/command.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { call } from '../registry/calling.ts';
import { CONTROL, startControl } from './controlling.ts';

const COMMAND = fileURLToPath(new URL('page-command.ts', import.meta.url));

/** Resolves when it is ready, or has ended. */
async function startPage(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const events: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    events.push(JSON.parse(line) as Record<string, unknown>);
    if (events.at(-1)?.['event'] === 'ready') break;
  }
  const ended = async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'close');
  };
  return { events, ended, said: () => stderr };
}

async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('the link is said on stderr, or as an event, and it lets in', async () => {
  const state = await temporaryFolder();
  const person = await startPage(['--state', state, '--page-port', '0']);
  expect(person.events).toEqual([{ event: 'ready', page: true }]);
  await person.ended();
  const [, said] =
    /^Page: (http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43})\n$/.exec(person.said()) ?? [];
  expect(said).toBeDefined();

  const program = await startPage(['--json'], { SP2P_STATE: state, SP2P_PAGE_PORT: '0' });
  const [page] = program.events;
  const link = new URL(page?.['url'] as string);
  expect(page?.['event']).toBe('page');
  expect(link.hash).toBe(new URL(said ?? '').hash);
  const headers = { authorization: `Bearer ${link.hash.slice('#token='.length)}` };
  const answer = await call(Number(link.port), 'GET', `${CONTROL}/state`, { headers });
  expect(answer.status).toBe(200);
  expect(program.said()).toBe('');
});

test('a port that was asked for and is taken is a failure', async () => {
  const port = String(await takenPort());
  const page = await startPage(['--state', await temporaryFolder(), '--page-port', port]);
  expect(page.events).toEqual([]);
  await page.ended();
  expect(page.said()).toMatch(new RegExp(`Port ${port} is taken`));
});

test('no page is started where none is wanted', async () => {
  const state = await temporaryFolder();
  const page = await startPage(['--state', state, '--no-page']);
  expect(page.events).toEqual([{ event: 'ready', page: false }]);
  await page.ended();
  expect(page.said()).toBe('');
  expect((await sp2p(['status', '--state', state])).code).toBe(1);
});

test('the status of the peer that runs, for a program and for a person', async () => {
  const { folder, peer, download } = await startControl();
  const { id } = await download('film\u202e.mkv', 'x'.repeat(32));
  peer.arrive(id, 0);
  const json = await sp2p(['status', '--state', folder, '--json']);
  expect(json).toMatchObject({ code: 0, stderr: '' });
  const state: unknown = JSON.parse(json.stdout.toString());
  expect(state).toEqual(peer.state);
  expect(Value.Check(ControlStateSchema, state)).toBe(true);
  const text = await sp2p(['status'], { env: { SP2P_STATE: folder } });
  expect(text).toMatchObject({ code: 0, stderr: '' });
  expect(text.stdout.toString()).toContain('█░░░');
  expect(text.stdout.toString()).toMatch(/ 25 % {2}film\\u\{202e\}\.mkv {2}8 B of 32 B /);
});

test('where nothing runs one line says so', async () => {
  const never = await sp2p(['status', '--state', await temporaryFolder()]);
  const { folder, server, port } = await startControl();
  await server.stop();
  await writeFile(join(folder, 'control.json'), JSON.stringify({ port }), { mode: 0o600 });
  const killed = await sp2p(['status', '--state', folder]);
  for (const { code, stdout, stderr } of [never, killed]) {
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^sp2p: No peer with a page runs here.*\[not-running\]\n$/);
  }
});

test('the token is shown to no other program that has taken the port', async () => {
  const { folder, server } = await startControl();
  await server.stop();
  const heard: string[] = [];
  const other = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk.toString());
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    });
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => {
    other.close();
  });
  const { port } = other.address() as AddressInfo;
  await writeFile(join(folder, 'control.json'), JSON.stringify({ port }), { mode: 0o600 });
  expect(await sp2p(['status', '--state', folder])).toMatchObject({ code: 1 });
  expect(heard).toHaveLength(1);
  expect(heard.join()).not.toMatch(/authorization/i);
});
