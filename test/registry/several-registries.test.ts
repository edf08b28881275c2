// Several registries as processes of their own over one PostgreSQL database, and the database going away
// and coming back while they run.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { identityOf } from '../harness/identities.ts';
import { startSp2p } from '../harness/command.ts';
import { PASSWORD, postgresForTests } from '../harness/postgres.ts';
import { startPeer } from '../harness/running.ts';
import { folderOf } from '../harness/temporary.ts';
import { call, expectProblem } from './calling.ts';
import { listen } from './listener.ts';

const server = postgresForTests();
const ROOT = 'ab'.repeat(32);
const idOf = (index: number) => identityOf(index).peerId;
const entry = (name: string) => ({ name, size: 5, modified: 7, root: ROOT });

async function startRegistry(database: string) {
  const where = ['--host', '127.0.0.1', '--port', '0', '--no-dial-back', '--json'];
  // In the environment, where it stands in no list of processes.
  const env = { SP2P_DATABASE: database };
  const started = await startSp2p(['registry', ...where], { env });
  const { port } = await started.event((event) => event['port'] !== undefined);
  return { ...started, port: Number(port) };
}

async function startTwo() {
  const database = await server.emptyDatabase();
  const [one, other] = await Promise.all([startRegistry(database), startRegistry(database)]);
  return { one, other, database };
}

const announce = (registry: { port: number }, index: number, port = 1 + index) =>
  call(registry.port, 'PUT', `/api/v1/peers/${idOf(index)}`, { body: { port } });
const change = (
  registry: { port: number },
  index: number,
  body: { revision: number; offered: string[]; withdrawn?: string[] },
) =>
  call(registry.port, 'PATCH', `/api/v1/peers/${idOf(index)}/catalogue`, {
    body: { withdrawn: [], ...body, offered: body.offered.map(entry) },
  });
const found = async (registry: { port: number }, text: string) => {
  const { json } = await call(registry.port, 'GET', `/api/v1/search?text=${text}`);
  return (json as { found: { name: string }[] }).found.map(({ name }) => name);
};

test('what is registered at one is found at the other at once, whatever it is asked', async () => {
  const { one, other } = await startTwo();
  const { endpoint } = await listen();
  expect((await announce(one, 1)).json).toMatchObject({ revision: 0 });
  expect((await change(other, 1, { revision: 0, offered: ['a map', 'b'] })).json).toEqual({
    revision: 1,
  });
  expect((await announce(one, 1)).json).toMatchObject({ revision: 1 });
  await call(one.port, 'POST', '/api/Registers/by%20hand', { body: endpoint });
  expect((await call(other.port, 'GET', '/api/Registers/by%20hand')).json).toEqual([endpoint]);
  for (const path of [
    '/api/v1/search?text=map',
    '/api/v1/names/b',
    `/api/v1/contents/${ROOT}`,
    '/api/v1/peers',
    '/api/Registers',
  ]) {
    const answers = [await call(one.port, 'GET', path), await call(other.port, 'GET', path)];
    expect(answers[0]?.status).toBe(200);
    expect(answers[0]?.json).toEqual(answers[1]?.json);
  }
  await call(other.port, 'DELETE', `/api/v1/peers/${idOf(1)}`);
  expect(await found(one, 'map')).toEqual([]);
});

test('changes are told by both, whichever was told of them', async () => {
  const { one, other } = await startTwo();
  const followed = await Promise.all(
    [one, other].map(async ({ port }) => {
      const request = get({ host: '127.0.0.1', port, path: '/api/v1/events', agent: false });
      request.on('error', () => undefined);
      onTestFinished(() => void request.destroy());
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      return createInterface({ input: response })[Symbol.asyncIterator]();
    }),
  );
  for (const registry of [one, other]) await announce(registry, registry === one ? 1 : 2);
  for (const lines of followed) {
    const ports: number[] = [];
    while (ports.length < 2) {
      const { value, done } = await lines.next();
      if (done) expect.fail('the events ended');
      const data = /^data: (.*)$/.exec(value)?.[1];
      if (data !== undefined)
        ports.push((JSON.parse(data) as { endpoint: { port: number } }).endpoint.port);
    }
    expect(ports).toEqual([2, 3]);
  }
});

test('of two changes of one peer at both at once one is refused', async () => {
  const { one, other } = await startTwo();
  await announce(one, 1);
  for (let revision = 0; revision < 5; revision++) {
    const answers = await Promise.all(
      [one, other].map((registry) =>
        change(registry, 1, { revision, offered: [`${registry.port} ${revision}`] }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)?.json).toMatchObject({
      ...{ code: 'revision-mismatch', revision: revision + 1 },
    });
  }
});

test('many peers offer and withdraw the same names at both, and none is refused', async () => {
  const { one, other } = await startTwo();
  const names = Array.from({ length: 1_000 }, (_, index) => `the name ${index}`);
  await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const registry = index % 2 === 0 ? one : other;
      await announce(registry, index);
      const own = index < 4 ? names : names.toReversed();
      for (let revision = 0; revision < 6; revision++) {
        const half = own.slice(revision * 100, revision * 100 + 500);
        const body =
          revision % 2 === 0
            ? { revision, offered: own, withdrawn: [] }
            : { revision, offered: [], withdrawn: half };
        expect(await change(registry, index, body)).toMatchObject({ status: 200 });
      }
    }),
  );
  expect((await call(one.port, 'GET', '/api/v1/names/the%20name%20700')).json).toMatchObject({
    versions: [{ holders: 8 }],
  });
});

/** What stands before several registries: passes a connection on to the first that takes it. */
async function startBalancer(registries: { port: number }[]): Promise<URL> {
  const balancer = createServer((client) => {
    const attempt = (rest: { port: number }[]) => {
      const [first, ...others] = rest;
      if (!first) return client.destroy();
      const inner = connect(first.port, '127.0.0.1');
      inner.once('error', () => attempt(others));
      return inner.once('connect', () => {
        inner.removeAllListeners('error').on('error', () => client.destroy());
        inner.on('close', () => client.destroy());
        client.pipe(inner).pipe(client);
      });
    };
    client.on('error', () => undefined);
    attempt(registries);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void balancer.close());
  await once(balancer, 'listening');
  return new URL(`http://127.0.0.1:${(balancer.address() as AddressInfo).port}`);
}

test('kill -9 of one loses nothing, and its peers go on at the other', async () => {
  const { one, other } = await startTwo();
  const folder = await folderOf({ 'early.txt': 'here before' });
  const registry = await startBalancer([one, other]);
  const peer = await startPeer({ shares: [folder], registry, displayName: 'Ann' });
  expect(await found(one, 'early')).toEqual(['early.txt']);
  one.process.kill('SIGKILL');
  await one.ended;
  expect(await found(other, 'early')).toEqual(['early.txt']);
  await writeFile(`${folder}/late.txt`, 'here after');
  await expect.poll(() => found(other, 'late'), { timeout: 20_000 }).toEqual(['late.txt']);
  expect(await found(other, 'early')).toEqual(['early.txt']);
  await peer.stop();
  expect(await found(other, 'txt')).toEqual([]);
});

test('while the database is away calls are told so, and when it is back all goes on', async () => {
  const database = await server.emptyDatabase();
  const registry = await startRegistry(database);
  await announce(registry, 1);
  await change(registry, 1, { revision: 0, offered: ['a map'] });
  // Some are in the middle of something when it goes.
  const names = Array.from({ length: 2_000 }, (_, index) => `the name ${index}`);
  const busy = Array.from({ length: 20 }, async (_, index) => {
    await announce(registry, 10 + index);
    return change(registry, 10 + index, { revision: 0, offered: names });
  });
  await Promise.race(busy);
  await server.stop();
  for (const answer of await Promise.all(busy))
    if (answer.status !== 200) expect([404, 503]).toContain(answer.status);
  for (let times = 0; times < 3; times++) {
    const path = '/api/v1/search?text=map';
    const answer = await call(registry.port, 'GET', path);
    expectProblem(answer, 503, 'engine-unavailable');
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    expectProblem(await call(registry.port, 'GET', '/readyz'), 503, 'not-ready');
    expectProblem(await announce(registry, 1), 503, 'engine-unavailable');
  }
  await server.start();
  await expect.poll(async () => (await announce(registry, 1)).status).toBe(200);
  expect(await found(registry, 'a%20map')).toEqual(['a map']);
  expect(await change(registry, 1, { revision: 1, offered: ['more'] })).toMatchObject({
    ...{ status: 200, json: { revision: 2 } },
  });
  registry.process.kill('SIGTERM');
  const { code, stderr, stdout } = await registry.ended;
  expect(code).toBe(0);
  expect(`${stderr}${stdout.toString()}`).not.toContain(PASSWORD);
});

test('a registry that starts before its database waits for it, and says so', async () => {
  const database = await server.emptyDatabase();
  await server.stop();
  const registry = await startRegistry(database);
  expect((await call(registry.port, 'GET', '/healthz')).status).toBe(200);
  expect((await call(registry.port, 'GET', '/metrics')).text).toMatch(/^sp2p_engine_up 0$/m);
  const refused = [
    await call(registry.port, 'GET', '/readyz'),
    await call(registry.port, 'GET', '/api/v1/names/a'),
    await announce(registry, 1),
  ];
  for (const answer of refused) {
    expectProblem(answer, 503, 'not-ready');
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
  }
  await server.start();
  await expect
    .poll(async () => (await announce(registry, 1)).status, { timeout: 20_000 })
    .toBe(200);
  expect((await call(registry.port, 'GET', '/readyz')).status).toBe(200);
  await change(registry, 1, { revision: 0, offered: ['a map'] });
  expect(await found(registry, 'map')).toEqual(['a map']);
  registry.process.kill('SIGTERM');
  const { code, stderr } = await registry.ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/the index is not open: trying again until it is/);
  expect(stderr).not.toContain(PASSWORD);
});

test('a registry that is stopped while it waits for its database stops', async () => {
  const registry = await startRegistry(`postgres://somebody:${PASSWORD}@127.0.0.1:1/none`);
  registry.process.kill('SIGTERM');
  const { code, stderr } = await registry.ended;
  expect(code).toBe(0);
  expect(stderr).not.toContain(PASSWORD);
});

test('a database that is not there ends the command with a message that has no password', async () => {
  const database = new URL(await server.emptyDatabase());
  database.pathname = '/none';
  const args = ['registry', '--port', '0', '--host', '127.0.0.1', '--json'];
  for (const [url, code] of [
    [database.href, 1],
    [`postgres:/${PASSWORD}`, 2],
  ] as const) {
    const started = await startSp2p([...args, '--database', url]);
    const ended = await started.ended;
    expect(ended).toMatchObject({ code });
    expect(ended.stderr).toMatch(/\[(?:cannot-open-data|bad-usage)\]/);
    expect(ended.stderr).not.toContain(PASSWORD);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  }
});
