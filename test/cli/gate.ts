// A gate in front of a peer: lets so many bytes of an answer through, and the rest when it is told to.
// It also keeps what every connection asked for.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Endpoint } from '../../src/protocol/endpoints.ts';

export interface Gate {
  endpoint: Endpoint;
  /** The head of every request, as it was sent. */
  requests: string[];
  /** Lets everything through from now on. */
  open(): void;
}

export async function startGate(toPort: number, letThrough: number): Promise<Gate> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const opened = Promise.withResolvers<undefined>();
  const server = createServer((client) => {
    const peer = connect({ host: '127.0.0.1', port: toPort });
    for (const socket of [client, peer]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    }
    client.once('data', (chunk: Buffer) => requests.push(chunk.toString())).pipe(peer);
    client.once('close', () => peer.destroy());
    let rest = letThrough;
    void (async () => {
      for await (const chunk of peer as AsyncIterable<Buffer>) {
        client.write(chunk.subarray(0, rest));
        if (chunk.length > rest) {
          await opened.promise;
          client.write(chunk.subarray(rest));
          rest = Infinity;
        }
        rest -= chunk.length;
      }
      client.end();
    })().catch(() => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    opened.resolve(undefined);
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    endpoint: { ipAddress: '127.0.0.1', port: (server.address() as AddressInfo).port },
    requests,
    open: () => {
      opened.resolve(undefined);
    },
  };
}
