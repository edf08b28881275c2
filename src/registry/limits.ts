// What is refused before it is looked at: one address that asks for far more than its share, and
// everybody while there is too much to do. Health, readiness and metrics are answered all the same.
import type { FastifyRequest } from 'fastify';
import { isLoopback, networkOf } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';
import type { AddressLimit } from './address-limit.ts';
import { addressOf } from './callers.ts';
import type { RegistryServer } from './context.ts';
import type { Load } from './load.ts';
import { sendProblem } from '../lib/http/problems.ts';
import type { Readiness } from './readiness.ts';
import { EVENTS_ROUTE } from './routes/events.ts';
import { OPERATIONS_ROUTES } from './routes/operations.ts';

/**
 * Requests a minute of one address. A peer renews 5 times a minute, asks who holds what it downloads,
 * and tells up to 1,200 changes while it announces a large share: this is a few hundred peers behind
 * one address, some of them announcing, and below a tenth of what one registry answers.
 */
export const DEFAULT_RATE_LIMIT = 30_000;

const isExempt = ({ routeOptions: { url } }: FastifyRequest): boolean =>
  url !== undefined && OPERATIONS_ROUTES.has(url);

/**
 * Refuses what comes before the index is open, and while there is too much to do. That no answer comes any more
 * `load` is told by others.
 */
export function boundLoad(
  app: RegistryServer,
  { load, readiness, onShed }: { load: Load; readiness: Readiness; onShed: () => void },
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const isTooMuch = load.isTooMuch();
    if ((readiness.isOpen && !isTooMuch) || isExempt(request)) {
      done();
      return;
    }
    if (!isTooMuch) readiness.checkOpen();
    onShed();
    sendProblem(reply, new CodedError('busy', 'There is too much to do: try again in a moment.'));
  });
  // Only what has arrived whole counts: who sends slowly shall not close the registry to the others.
  app.addHook('preValidation', (request, _reply, done) => {
    // Followers wait for no answer, and are bounded by themselves.
    if (request.routeOptions.url === EVENTS_ROUTE) {
      done();
      return;
    }
    load.begin(request);
    done();
  });
  app.addHook('onSend', (request, _reply, _payload, done) => {
    load.end(request);
    done();
  });
}

/** Refuses the requests of an address that asks too often; loopback, the registry's own machine, may ask as it likes. */
export function boundAddresses(app: RegistryServer, limit: AddressLimit): void {
  app.addHook('onRequest', (request, reply, done) => {
    const address = addressOf(request);
    const waitSeconds = isLoopback(address) || isExempt(request) ? 0 : countedFor(limit, address);
    if (waitSeconds === 0) done();
    else
      sendProblem(
        reply.header('retry-after', waitSeconds),
        new CodedError(
          'too-many-requests',
          `At most ${limit.perMinute} requests a minute are for one address; go on in ${waitSeconds} s.`,
        ),
      );
  });
}

/** Counts a request of an address; answers in how many seconds the next may come, 0: now. */
export function countedFor(limit: AddressLimit, address: string): number {
  return isLoopback(address) ? 0 : limit.count(networkOf(address));
}
