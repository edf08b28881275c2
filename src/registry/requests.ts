// What every request has: an id that is in its answer and in each of its lines of the log, and at
// level debug one line of its own.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RegistryServer } from './context.ts';

export const REQUEST_ID_HEADER = 'x-request-id';

/** The caller's own id, where it is harmless in a header and in a log; else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const told = headers[REQUEST_ID_HEADER];
  return typeof told === 'string' && /^[\w.-]{1,64}$/.test(told) ? told : randomUUID();
}

export function tellRequests(app: RegistryServer): void {
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header(REQUEST_ID_HEADER, request.id);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, url } = request;
    request.log.debug(
      { method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'answered',
    );
    done();
  });
}
