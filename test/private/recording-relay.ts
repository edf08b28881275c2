// A wire that is listened in on: whatever goes to a port of 127.0.0.1 passes on to the same port of 127.0.0.2,
// where the program listens that is meant, and all of it is kept as it passed, in both directions.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Where programs listen. Nobody is told of it: others know of {@link TOLD} alone. */
export const BEHIND = '127.0.0.2';
export const TOLD = '127.0.0.1';

export interface Wire {
  port: number;
  /** What passed: of each connection what either end said, in the order of the connections. */
  passed: () => Buffer[];
}

export async function startWire(): Promise<Wire> {
  const said: Buffer[][] = [];
  const ends = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    const called = connect({ port, host: BEHIND, allowHalfOpen: true });
    for (const [from, to] of [
      [caller, called],
      [called, caller],
    ] as const) {
      const chunks: Buffer[] = [];
      said.push(chunks);
      ends.add(from);
      from
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', () => undefined)
        .once('close', () => {
          ends.delete(from);
          to.destroy();
        })
        .pipe(to);
    }
  });
  onTestFinished(() => {
    for (const end of ends) end.destroy();
    server.close();
  });
  server.listen(0, TOLD);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, passed: () => said.map((chunks) => Buffer.concat(chunks)) };
}
