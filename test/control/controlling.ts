// A control interface on a free port of this machine, over a peer in memory, and calls to it.
import { once } from 'node:events';
import { get, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';
import { ControlServer, type ControlServerOptions } from '../../src/peer/control/control-server.ts';
import { readToken } from '../../src/peer/control/token.ts';
import type { Download } from '../../src/protocol/control.ts';
import { silent } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { call, type Answered } from '../registry/calling.ts';
import { MemoryPeer } from './memory-peer.ts';

export const ROOT = 'ab'.repeat(32);
export const CONTROL = '/control/v1';

/** Nobody answers there. */
const NOWHERE = new URL('http://127.0.0.1:9');

export interface Controlling {
  peer: MemoryPeer;
  server: ControlServer;
  port: number;
  token: string;
  folder: string;
  /** With the token, as the page does. */
  asOwner: (
    method: string,
    path: string,
    body?: unknown,
    headers?: OutgoingHttpHeaders,
  ) => Promise<Answered>;
  /** Follows a stream of events. */
  follow: (path: string, headers?: OutgoingHttpHeaders) => Promise<Following>;
  /** A download of these bytes, of which no piece has come. */
  download: (name: string, bytes: Uint8Array | string) => Promise<Download>;
}

interface Event {
  event: string;
  data: unknown;
}

interface Following {
  next: () => Promise<Event | undefined>;
  response: IncomingMessage;
  leave: () => void;
}

export async function startControl(
  options: Partial<ControlServerOptions> = {},
): Promise<Controlling> {
  const folder = options.folder ?? (await temporaryFolder());
  const peer = new MemoryPeer(folder);
  const server = new ControlServer({
    ...{ controlled: peer, network: { url: NOWHERE }, folder, port: 0, log: silent },
    ...options,
  });
  onTestFinished(() => server.stop());
  await server.start();
  const { port } = server;
  const token = (await readToken(folder)) ?? '';
  const authorization = `Bearer ${token}`;
  return {
    ...{ peer, server, port, token, folder },
    asOwner: (method, path, body, headers) =>
      call(port, method, path, {
        body,
        headers: {
          authorization,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
      }),
    follow: (path, headers) => follow(port, path, { authorization, ...headers }),
    download: (name, bytes) => {
      const root = Buffer.from(name.padEnd(32).slice(0, 32)).toString('hex').slice(0, 64);
      peer.hold(root, Buffer.from(bytes));
      return peer.addDownload({ root, name });
    },
  };
}

async function follow(
  port: number,
  path: string,
  headers: OutgoingHttpHeaders,
): Promise<Following> {
  const request = get({ host: '127.0.0.1', port, path, agent: false, headers });
  onTestFinished(() => {
    request.destroy();
  });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const events = eventsIn(response);
  return {
    next: async () => (await events.next()).value as Event | undefined,
    response,
    leave: () => request.destroy(),
  };
}

async function* eventsIn(response: IncomingMessage): AsyncGenerator<Event> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/m.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) };
    }
  }
}
