// The registry of the "Simple Peer to Peer" course exercise, written plainly with node:http.
// Tests use it as "the other implementation", so it shares no code with src on purpose.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Where a peer can be reached. */
export interface Endpoint {
  ipAddress: string;
  port: number;
}

interface ExerciseRegistry {
  url: string;
  port: number;
  /** A copy of what is registered now; a name nobody holds is not in it. */
  names(): Map<string, Endpoint[]>;
  /** "METHOD path" of every request, the path exactly as it was sent. */
  requests: string[];
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  body?: Endpoint[] | 0 | 1;
}

/** Starts an in-memory registry; a free port is taken unless one is given. */
export async function startExerciseRegistry(
  options: { port?: number; base?: string; host?: string } = {},
): Promise<ExerciseRegistry> {
  const { port = 0, base, host = '127.0.0.1' } = options;
  const holders = new Map<string, Endpoint[]>();
  const requests: string[] = [];

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { method = '', url = '' } = request;
    requests.push(`${method} ${url}`);

    const name = nameInPath(url, `/${base ?? 'api/Registers'}/`);
    if (name === undefined || !['GET', 'POST', 'PUT'].includes(method)) return { status: 404 };
    if (method === 'GET') return { status: 200, body: holders.get(name) ?? [] };

    if (!isJson(request)) return { status: 415 };
    const endpoint = parseEndpoint(await text(request));
    if (endpoint === undefined) return { status: 400 };

    const list = holders.get(name) ?? [];
    const at = list.findIndex(
      (one) => one.ipAddress === endpoint.ipAddress && one.port === endpoint.port,
    );
    if ((method === 'PUT') === (at === -1)) return { status: 200, body: 0 };
    const changed = method === 'POST' ? [...list, endpoint] : list.toSpliced(at, 1);
    if (changed.length > 0) holders.set(name, changed);
    else holders.delete(name);
    return { status: 200, body: 1 };
  }

  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, body }) => {
        if (body === undefined) response.writeHead(status).end();
        else response.writeHead(status, { 'Content-Type': JSON_TYPE }).end(JSON.stringify(body));
      },
      () => response.destroy(), // the client went away while sending its body
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;

  return {
    url: `http://127.0.0.1:${taken}${base === undefined ? '' : `/${base}`}`,
    port: taken,
    names: () => structuredClone(holders),
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** The decoded file name when the path is the prefix (in any case) plus one segment. */
function nameInPath(url: string, prefix: string): string | undefined {
  const path = url.split('?')[0] ?? '';
  if (!path.toLowerCase().startsWith(prefix.toLowerCase())) return undefined;
  const segment = path.slice(prefix.length);
  if (segment === '' || segment.includes('/')) return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function isJson(request: IncomingMessage): boolean {
  return /^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '');
}

/** Reads {ipAddress, port}, with the property names in any case. */
function parseEndpoint(json: string): Endpoint | undefined {
  try {
    const body = Object.entries(JSON.parse(json) as Record<string, unknown>);
    const fields = new Map(body.map(([key, value]) => [key.toLowerCase(), value]));
    const ipAddress = fields.get('ipaddress');
    const port = fields.get('port');
    if (typeof ipAddress !== 'string' || typeof port !== 'number') return undefined;
    return { ipAddress, port };
  } catch {
    return undefined;
  }
}
