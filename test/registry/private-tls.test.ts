// The port of a private network: TLS and nothing else, but the health of the registry, and what its owner opened.
import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { certified } from '../private/tls-registry.ts';
import { call, expectProblem, sendRaw } from './calling.ts';
import { startPrivate } from './private-registry.ts';

async function certificateAt(port: number): Promise<X509Certificate> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket.getPeerX509Certificate() ?? expect.fail('no certificate');
}

test('without TLS only the health of the registry is told', async () => {
  const { port, admin } = await startPrivate();
  expect(await call(port, 'GET', '/healthz')).toMatchObject({ status: 200, text: 'ok' });
  const headers = { authorization: `Bearer ${admin}` };
  for (const [method, path] of [
    ['GET', '/api/v1'],
    ['GET', '/'],
    ['GET', '/metrics'],
    ['GET', '/no/such/path'],
    ['POST', '/healthz'],
    ['POST', '/api/v1/session'],
    ['GET', '/api/Registers'],
  ] as const) {
    const answer = await call(port, method, path, { headers });
    expectProblem(answer, 426, 'tls-wanted');
    expect(answer.headers).toMatchObject({
      ...{ upgrade: 'TLS/1.2, HTTP/1.1', connection: 'upgrade, close' },
    });
  }
});

test('a certificate of its own stays the same, for its host names and addresses', async () => {
  const store = new SqliteStore(`${await temporaryFolder()}/index.sqlite`);
  const first = await startPrivate({ store }, { names: ['192.0.2.7'] });
  const certificate = await certificateAt(first.port);
  expect(certificate.raw).toEqual(first.certificate?.raw);
  for (const address of ['127.0.0.1', '192.0.2.7'])
    expect(certificate.checkIP(address)).toBe(address);
  expect(certificate.checkHost('localhost')).toBe('localhost');
  expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
  await first.registry.stop();
  const second = await startPrivate({ store });
  expect((await certificateAt(second.port)).raw).toEqual(certificate.raw);
});

test('a certificate that is given is shown instead', async () => {
  const { cert, key } = await certified(['registry.example']);
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { port } = await startPrivate({}, { certificate: { cert, key: pem } });
  expect((await certificateAt(port)).checkHost('registry.example')).toBe('registry.example');
});

test('bytes that are neither are answered as bad HTTP, or not at all, and it serves on', async () => {
  const { port, ask, admin } = await startPrivate();
  expect(await sendRaw(port, '\u0000\u0001\u0002')).toMatch(/^HTTP\/1\.1 400 /);
  // No hello is so: TLS says in its own words that it goes no further, and nothing is told in the clear.
  const hello = Uint8Array.of(0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0);
  expect(await sendRaw(port, hello)).not.toContain('HTTP');
  expect(await ask(admin, 'GET', '/api/v1')).toMatchObject({ status: 200 });
});

test('it stops while somebody has said nothing yet, or half a hello', async () => {
  const { port, registry } = await startPrivate();
  const silent = connect(port, '127.0.0.1');
  const half = connect(port, '127.0.0.1');
  for (const socket of [silent, half]) {
    socket.on('error', () => undefined);
    await once(socket, 'connect');
  }
  half.write(Uint8Array.of(0x16, 3, 1, 2));
  const closed = Promise.all(
    [silent, half].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
  );
  await registry.stop();
  await closed;
});

test('the exercise’s contract is closed, with a key and without', async () => {
  const { ask, admin } = await startPrivate();
  expectProblem(await ask(undefined, 'GET', '/api/Registers'), 401, 'no-key');
  expectProblem(await ask(admin, 'GET', '/api/Registers'), 404, 'not-found');
});

test('the exercise’s contract that its owner opened is there for all, and nothing else is', async () => {
  const { port, ask } = await startPrivate({ bases: ['own/base'] }, { openExercise: true });
  const endpoint = { ipAddress: '127.0.0.1', port: 1 };
  for (const base of ['/api/Registers', '/own/base', '/API/registers']) {
    const name = `${base}/${encodeURIComponent(`a of ${base}`)}`;
    expect(await call(port, 'POST', name, { body: endpoint })).toMatchObject({ json: 1 });
    expect((await call(port, 'GET', name)).json).toEqual([endpoint]);
    expect((await ask(undefined, 'GET', name)).json).toEqual([endpoint]);
  }
  expectProblem(await call(port, 'GET', '/api/v1/names/a'), 426, 'tls-wanted');
  expectProblem(await ask(undefined, 'GET', '/api/v1/names/a'), 401, 'no-key');
});
