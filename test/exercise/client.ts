// The client of the "Simple Peer to Peer" course exercise: ask the registry, fetch from a peer.
// Tests use it as "the other implementation", so it shares no code with src on purpose.
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Endpoint } from './registry.ts';

const DEADLINE_MS = 10_000;

/** The peers that hold the name, according to the registry. */
export async function exerciseLookUp(registryBaseUrl: string, name: string): Promise<Endpoint[]> {
  const url = `${registryBaseUrl}/${encodeURIComponent(name)}`;
  const response = await fetch(url, {
    // No kept connection: the registry may be restarted before the next request.
    headers: { Connection: 'close' },
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`GET ${url} was answered ${response.status}`);

  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw new Error(`GET ${url} was not answered with an array: ${text}`);
  return list.map((item: Partial<Endpoint> | null) => {
    const { ipAddress, port } = item ?? {};
    if (typeof ipAddress !== 'string' || typeof port !== 'number') {
      throw new Error(`GET ${url} was answered with something else than endpoints: ${text}`);
    }
    return { ipAddress, port };
  });
}

/** All the bytes a peer sends for the name: none at all when it does not have the file. */
export async function exerciseDownload(
  endpoint: Endpoint,
  name: string,
  options: { lineEnd?: '\n' | '\r\n' } = {},
): Promise<Buffer> {
  const socket = connect({
    host: endpoint.ipAddress,
    port: endpoint.port,
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  socket.write(`GET ${name}${options.lineEnd ?? '\n'}`);
  return buffer(socket);
}
