// What every request has: an id that is in its answer and in each of its lines of the log, and at
// level debug one line of its own.
import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Logger } from '../lib/log.ts';
import type { HttpApp } from '../lib/http/app.ts';

export const REQUEST_ID_HEADER = 'x-request-id';

/** No two processes have it alike; that of a request is this and its number. */
const PROCESS_ID = randomBytes(9).toString('base64url');
let requests = 0;

/** The caller's own id, where it is harmless in a header and in a log; else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const told = headers[REQUEST_ID_HEADER];
  return typeof told === 'string' && /^[\w.-]{1,64}$/.test(told)
    ? told
    : `${PROCESS_ID}-${++requests}`;
}

/** The headers that every answer has, names and values in turn. */
export function headersOfAll(requestId: string): string[] {
  return [
    REQUEST_ID_HEADER,
    requestId,
    'x-content-type-options',
    'nosniff',
    'cache-control',
    'no-store',
  ];
}

/**
 * Gives each request its id and each answer what all of them say, and notices when nothing more will be done for it.
 * Once for all who want to know, and with no logger of its own for each request: either would cost more than most
 * answers.
 *
 * @param onClosed told of each request once, whether it has its answer or nobody waits for one any more
 */
export function tellRequests(
  app: HttpApp,
  log: Logger,
  onClosed: (request: FastifyRequest, reply: FastifyReply, ms: number) => void,
): void {
  const isTold = log.isLevelEnabled('debug');
  app.addHook('onRequest', (request, reply, done) => {
    const begun = performance.now();
    const headers = headersOfAll(request.id);
    for (let at = 0; at < headers.length; at += 2)
      void reply.header(headers[at] ?? '', headers[at + 1]);
    // It closes once: `once` would only make a further object of it.
    reply.raw.on('close', () => {
      const ms = performance.now() - begun;
      onClosed(request, reply, ms);
      if (!isTold) return;
      const { id: requestId, method, url } = request;
      log.debug(
        { requestId, method, url, status: reply.statusCode, ms: Math.round(ms) },
        'answered',
      );
    });
    done();
  });
}
