// A thin line in front of a peer: all its connections together send so many bytes a second, and it counts
// them. It ends with the test.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Endpoint } from '../../src/protocol/endpoints.ts';

export interface Uplink {
  endpoint: Endpoint;
  key: string;
  /** Bytes that have gone out. */
  sent: number;
}

/** @param rate bytes a second */
export async function startUplink(toPort: number, rate: number): Promise<Uplink> {
  const sockets = new Set<Socket>();
  let freeAt = performance.now();
  const server = createServer((client) => {
    const peer = connect({ host: '127.0.0.1', port: toPort });
    for (const socket of [client, peer]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    }
    client.pipe(peer);
    client.once('close', () => peer.destroy());
    void (async () => {
      for await (const chunk of peer as AsyncIterable<Buffer>) {
        // Each chunk has the line for its time, one after the other.
        freeAt = Math.max(performance.now(), freeAt) + (chunk.length / rate) * 1000;
        await delay(Math.max(0, freeAt - performance.now()));
        uplink.sent += chunk.length;
        if (!client.write(chunk))
          await Promise.race([once(client, 'drain'), once(client, 'close')]);
      }
      client.end();
    })().catch(() => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  const endpoint = { ipAddress: '127.0.0.1', port };
  const uplink: Uplink = { endpoint, key: `127.0.0.1:${port}`, sent: 0 };
  return uplink;
}
