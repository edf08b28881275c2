// Sources and registries that answer as a test says, however wrongly: plain sockets and node:http, no
// code of ours. They end with the test.
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Endpoint } from '../../src/protocol/endpoints.ts';

/** What a source does with a connection once it has read a whole HTTP head, or one line. */
export type Script = (socket: Socket, opening: string) => void;

export interface ScriptedSource {
  endpoint: Endpoint;
  /** What every connection opened with: an HTTP head, or a line. */
  openings: string[];
}

export async function startSource(script: Script): Promise<ScriptedSource> {
  const openings: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let received = '';
    const onData = (chunk: Buffer) => {
      received += chunk.toString();
      const end = /^\S+ .* HTTP\/1\.1\r\n/.test(received) ? '\r\n\r\n' : '\n';
      if (!received.includes(end)) return;
      socket.off('data', onData).resume();
      openings.push(received);
      script(socket, received);
    };
    socket.on('data', onData);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    if (server.listening) await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: { ipAddress: '127.0.0.1', port }, openings };
}

/** An endpoint where nobody listens. */
export async function closedEndpoint(): Promise<Endpoint> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { ipAddress: '127.0.0.1', port };
}

/** The head of an answer. */
export function head(status: number, fields: Record<string, string | number> = {}): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`;
}

/** Where the range that was asked for begins; 0: the whole was asked for. */
export function askedFrom(opening: string): number {
  return Number(/^range: bytes=(\d+)-\r$/im.exec(opening)?.[1] ?? 0);
}

/**
 * An honest source that knows ranges (RFC 9110 section 14). With `until`, it closes before that byte.
 */
export function serving(bytes: Buffer, tag: string, until = bytes.length): Script {
  return (socket, opening) => {
    const from = opening.includes(`if-range: ${tag}\r\n`) ? askedFrom(opening) : 0;
    const { length } = bytes;
    socket.write(
      head(from > 0 ? 206 : 200, {
        'content-length': length - from,
        etag: tag,
        ...(from > 0 && { 'content-range': `bytes ${from}-${length - 1}/${length}` }),
      }),
    );
    socket.end(bytes.subarray(from, Math.max(from, until)));
  };
}

/** A source as a registry of the native contract tells it. */
export interface ToldSource {
  endpoint: Endpoint;
  contract: 'native' | 'exercise';
  size: number | null;
}

/** A registry that tells the same of every name; those called native are tried first. */
export async function startTelling(sources: () => ToldSource[]): Promise<URL> {
  return startAnswering((request, response) => {
    const { url = '' } = request;
    const answer =
      url === '/api/v1'
        ? { service: 'sp2p-registry', version: '0', leaseSeconds: 25 }
        : {
            name: decodeURIComponent(url.replace('/api/v1/names/', '')),
            versions: [],
            sources: sources().map((source) => ({ ...source, modified: null, root: null })),
          };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
}

/** An HTTP server that answers as the test says. */
export async function startAnswering(answer: RequestListener): Promise<URL> {
  const server = createHttpServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    if (server.listening) await once(server, 'close');
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
