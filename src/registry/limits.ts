// What is refused before it is looked at: one address that asks for far more than its share, and
// everybody while there is too much to do. Health, readiness and metrics are answered all the same.
import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';
import { addressOf } from './callers.ts';
import type { RegistryServer } from './context.ts';
import type { Load } from './load.ts';
import { sendProblem } from '../lib/http/problems.ts';
import type { Readiness } from './readiness.ts';
import { EVENTS_ROUTE } from './routes/events.ts';
import { OPERATIONS_ROUTES } from './routes/operations.ts';

/**
 * Requests a minute of one address. A peer renews 7 times a minute, asks who holds what it downloads,
 * and tells up to 1,200 changes while it announces a large share: this is a few hundred peers behind
 * one address, some of them announcing, and below a tenth of what one registry answers.
 */
export const DEFAULT_RATE_LIMIT = 30_000;
const WINDOW_MS = 60_000;
/** Addresses that are counted at once, some 100 bytes each; of more the one seen longest ago is forgotten. */
const MAX_ADDRESSES = 50_000;

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

/** @param perMinute requests of one address, 0 for no limit; loopback, the registry's own machine, has none */
export function boundAddresses(app: RegistryServer, perMinute: number): void {
  if (perMinute === 0) return;
  void app.register(rateLimit, {
    global: false,
    max: perMinute,
    timeWindow: WINDOW_MS,
    cache: MAX_ADDRESSES,
    keyGenerator: limitedAddress,
  });
  let count: ReturnType<typeof app.createRateLimit> | undefined;
  app.after(() => {
    count = app.createRateLimit();
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (count === undefined || isLoopback(addressOf(request)) || isExempt(request)) {
      done();
      return;
    }
    count(request).then((counted) => {
      if (counted.isAllowed || !counted.isExceeded) {
        done();
        return;
      }
      sendProblem(
        reply.header('retry-after', counted.ttlInSeconds),
        new CodedError(
          'too-many-requests',
          `At most ${perMinute} requests a minute are for one address; go on in ${counted.ttlInSeconds} s.`,
        ),
      );
    }, done);
  });
}

/** IPv6 is counted by /64, which is what one subscriber has: single addresses cost nothing there. */
function limitedAddress(request: FastifyRequest): string {
  return rateLimit.normalizeIP(addressOf(request));
}
