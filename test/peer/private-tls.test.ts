import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { Identity } from '../../src/lib/identity.ts';
import {
  credentialsOf,
  peerIdOfOther,
  Sessions,
  tlsConnect,
  tlsServer,
} from '../../src/lib/tls.ts';

const HANDSHAKE_MS = 5_000;

interface Met {
  peerId: string | undefined;
  isResumed: boolean;
}

/** Says "hello" to everyone, and keeps what it hears: in TLS, and of the connections below. */
async function startServer(identity: Identity, port = 0) {
  const met: Met[] = [];
  let heard = '';
  const sockets = new Set<Socket>();
  const secure = tlsServer(await credentialsOf(identity), HANDSHAKE_MS, (socket) => {
    met.push({ peerId: peerIdOfOther(socket), isResumed: socket.isSessionReused() });
    socket.on('data', (bytes: Buffer) => (heard += bytes.toString())).on('error', () => undefined);
    socket.write('hello');
  });
  secure.on('tlsClientError', () => undefined);
  const server = createServer((socket) => {
    sockets.add(socket);
    // As the listener does it: the first bytes are read, and pushed back.
    socket.once('data', (bytes: Buffer) => {
      socket.pause().unshift(bytes);
      secure.emit('connection', socket);
    });
    socket.on('error', () => undefined);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    if (!server.listening) return;
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  onTestFinished(stop);
  const { port: at } = server.address() as AddressInfo;
  return {
    endpoint: { ipAddress: '127.0.0.1', port: at },
    met,
    heard: () => heard,
    stop,
  };
}

/** The first bytes that come, or the code of what goes wrong. */
async function greetingOf(socket: TLSSocket): Promise<string> {
  onTestFinished(() => {
    socket.destroy();
  });
  const said = Promise.withResolvers<string>();
  socket
    .once('data', (bytes: Buffer) => {
      said.resolve(bytes.toString());
    })
    .once('error', (error: NodeJS.ErrnoException) => {
      said.resolve(error.code ?? error.message);
    });
  return said.promise;
}

test('both ends know each other by their keys', async () => {
  const [here, there] = [Identity.fresh(), Identity.fresh()];
  const server = await startServer(there);
  const { endpoint, met } = server;
  const socket = tlsConnect({
    ...{ endpoint, peerId: there.peerId, credentials: await credentialsOf(here) },
  });
  expect(await greetingOf(socket)).toBe('hello');
  expect(socket.getProtocol()).toBe('TLSv1.3');
  expect(met).toEqual([{ peerId: here.peerId, isResumed: false }]);
});

test('who shows no certificate is nobody', async () => {
  const there = Identity.fresh();
  const { endpoint, met } = await startServer(there);
  expect(await greetingOf(tlsConnect({ endpoint, peerId: there.peerId }))).toBe('hello');
  expect(met).toEqual([{ peerId: undefined, isResumed: false }]);
});

test('another key than the one that is wanted gets not one byte', async () => {
  const server = await startServer(Identity.fresh());
  const { endpoint } = server;
  const { peerId } = Identity.fresh();
  const socket = tlsConnect({ endpoint, peerId });
  socket.write('a secret');
  expect(await greetingOf(socket)).toBe('wrong-certificate');
  await server.stop();
  expect(server.heard()).toBe('');
});

test('a session is resumed, and both are known as before', async () => {
  const [here, there] = [Identity.fresh(), Identity.fresh()];
  const { endpoint, met } = await startServer(there);
  const sessions = new Sessions();
  const options = {
    ...{ endpoint, peerId: there.peerId, sessions, credentials: await credentialsOf(here) },
  };
  const first = tlsConnect(options);
  await Promise.all([greetingOf(first), once(first, 'session')]);
  expect(await greetingOf(tlsConnect(options))).toBe('hello');
  expect(met).toEqual([
    { peerId: here.peerId, isResumed: false },
    { peerId: here.peerId, isResumed: true },
  ]);
});

test('a session is of no use for another peer at the same endpoint', async () => {
  const [here, there] = [Identity.fresh(), Identity.fresh()];
  const server = await startServer(there);
  const { endpoint } = server;
  const sessions = new Sessions();
  const options = { endpoint, sessions, credentials: await credentialsOf(here) };
  const first = tlsConnect({ ...options, peerId: there.peerId });
  await Promise.all([greetingOf(first), once(first, 'session')]);
  const second = tlsConnect({ ...options, peerId: Identity.fresh().peerId });
  second.write('a secret');
  expect(await greetingOf(second)).toBe('wrong-certificate');

  // And where another one has come to the endpoint, the session of the former one proves nothing.
  await server.stop();
  const usurper = await startServer(Identity.fresh(), endpoint.port);
  const third = tlsConnect({ ...options, peerId: there.peerId });
  third.write('a secret');
  expect(await greetingOf(third)).toBe('wrong-certificate');
  await usurper.stop();
  expect(server.heard() + usurper.heard()).toBe('');
});

test('older versions of TLS are not spoken', async () => {
  const { endpoint } = await startServer(Identity.fresh());
  const socket = connect({
    ...{ host: endpoint.ipAddress, port: endpoint.port },
    ...{ maxVersion: 'TLSv1.2', rejectUnauthorized: false },
  });
  expect(await greetingOf(socket)).toMatch(/PROTOCOL_VERSION/);
});
