// An endpoint that does nothing but count who connects: what the registry probes.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Listener {
  server: Server;
  endpoint: { ipAddress: string; port: number };
  /** How often somebody connected. */
  visits: () => number;
}

export async function listen(port = 0): Promise<Listener> {
  let visits = 0;
  const server = createServer((socket) => {
    visits++;
    socket.on('error', () => undefined).resume();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const endpoint = { ipAddress: '127.0.0.1', port: (server.address() as AddressInfo).port };
  return { server, endpoint, visits: () => visits };
}

export async function close({ server }: Listener): Promise<void> {
  server.close();
  await once(server, 'close');
}
