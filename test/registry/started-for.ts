// A registry that is called from other machines. The sockets are real; only the addresses that they
// report are other ones, as if a further machine were calling.
import type { AddressInfo, Socket } from 'node:net';
import type { OutgoingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import type { Endpoint } from '../../src/protocol/endpoints.ts';
import { createApp } from '../../src/registry/app.ts';
import { ChangeFeed } from '../../src/registry/change-feed.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { silent } from '../harness/running.ts';
import { call, type Answered } from './calling.ts';

export const REGISTRY = '192.0.2.1';

export type CallFrom = (
  address: string,
  method: string,
  path: string,
  body?: unknown,
  headers?: OutgoingHttpHeaders,
) => Promise<Answered>;

/**
 * A registry that takes its callers for being at the address that is named with each call.
 *
 * @param calls how they call. Default: as `call` does, which proves what it has to
 */
export async function startedFor({
  calls = call,
  ...options
}: {
  calls?: typeof call;
  clock?: Clock;
  anyAddress?: boolean;
  unreachable?: (endpoint: Endpoint) => Promise<void>;
  trustProxy?: string[];
  rateLimit?: number;
} = {}): Promise<CallFrom> {
  const store = new SqliteStore(':memory:');
  await store.start();
  let caller = '';
  const app = createApp({
    dialBack: undefined,
    changes: new ChangeFeed(store, silent),
    ...{ store, log: silent, clock: systemClock, leaseSeconds: 60, bases: [], anyAddress: false },
    unreachable: () => Promise.resolve(),
    ...options,
  });
  app.server.on('connection', (socket: Socket) => {
    Object.defineProperty(socket, 'remoteAddress', { value: caller });
    const own = caller === '127.0.0.1' ? caller : REGISTRY;
    Object.defineProperty(socket, 'localAddress', { value: own });
  });
  onTestFinished(async () => {
    await app.close();
    await store.stop();
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return (from, method, path, body, headers = {}) => {
    caller = from;
    return calls(port, method, path, { body, headers });
  };
}
