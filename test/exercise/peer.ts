// The file server of the "Simple Peer to Peer" course exercise: one "GET filename" line over TCP.
// Tests use it as "the other implementation", so it shares no code with src on purpose.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Endpoint } from './registry.ts';

interface ExercisePeer {
  port: number;
  endpoint: Endpoint;
  /** The first line of every connection, without its line end. */
  requests: string[];
  stop(): Promise<void>;
}

/** Serves the files in the map, which may be changed while the peer runs. */
export async function startExercisePeer(options: {
  files: Map<string, Buffer>;
  port?: number;
  host?: string;
}): Promise<ExercisePeer> {
  const { files, port = 0, host = '127.0.0.1' } = options;
  const requests: string[] = [];
  const sockets = new Set<Socket>();

  function serve(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());

    let received = Buffer.alloc(0);
    let answered = false;
    socket.on('data', (chunk: Buffer) => {
      if (answered) return; // only the first line counts
      received = Buffer.concat([received, chunk]);
      const lineEnd = received.indexOf('\n');
      if (lineEnd === -1) return;
      answered = true;
      const line = received.toString('utf8', 0, lineEnd).replace(/\r$/, '');
      requests.push(line);
      const name = /^GET (.+)$/is.exec(line)?.[1];
      socket.end((name === undefined ? undefined : files.get(name)) ?? Buffer.alloc(0));
    });
    // The client closed its side without sending a whole line.
    socket.on('end', () => {
      if (!answered) socket.end();
    });
  }

  // Half open: a client that closes its side right after the line must still get the file.
  const server = createServer({ allowHalfOpen: true }, serve);
  server.listen(port, host);
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;

  return {
    port: taken,
    endpoint: { ipAddress: host, port: taken },
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Registers the endpoint for each name; answers 1 (added) or 0 (was there) for each. */
export function registerWith(
  registryBaseUrl: string,
  endpoint: Endpoint,
  names: Iterable<string>,
): Promise<number[]> {
  return tellRegistry('POST', registryBaseUrl, endpoint, names);
}

/** Takes the endpoint off each name; answers 1 (removed) or 0 (was not there) for each. */
export function deregisterFrom(
  registryBaseUrl: string,
  endpoint: Endpoint,
  names: Iterable<string>,
): Promise<number[]> {
  return tellRegistry('PUT', registryBaseUrl, endpoint, names);
}

async function tellRegistry(
  method: 'POST' | 'PUT',
  registryBaseUrl: string,
  endpoint: Endpoint,
  names: Iterable<string>,
): Promise<number[]> {
  const answers: number[] = [];
  for (const name of names) {
    const url = `${registryBaseUrl}/${encodeURIComponent(name)}`;
    const response = await fetch(url, {
      method,
      // No kept connection: the registry may be restarted before the next request.
      headers: { 'Content-Type': 'application/json', Connection: 'close' },
      body: JSON.stringify({ ipAddress: endpoint.ipAddress, port: endpoint.port }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (response.status !== 200 || !/^\d+$/.test(text)) {
      throw new Error(`${method} ${url} was answered ${response.status} "${text}"`);
    }
    answers.push(Number(text));
  }
  return answers;
}
