// The HTTP side of the registry, as a table of contents: limits, hooks, routes.
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { fastify } from 'fastify';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { CodedError } from '../protocol/errors.ts';
import { isLoopback } from '../protocol/endpoints.ts';
import type { Clock } from '../lib/clock.ts';
import { Connections } from '../lib/connections.ts';
import { answerBadHttp, answerBadUrl } from '../lib/http/bad-http.ts';
import { withOtherMethodsRefused } from '../lib/http/other-methods.ts';
import { boundPipelining } from '../lib/http/pipelining.ts';
import { answerWithProblems, sendProblem } from '../lib/http/problems.ts';
import type { PageFiles } from '../lib/http/page-files.ts';
import { pageRoutes } from '../lib/http/page-routes.ts';
import type { Logger } from '../lib/log.ts';
import { VERSION } from '../lib/version.ts';
import type { Access } from './access/access.ts';
import { AddressLimit } from './address-limit.ts';
import { callerOf, isPassedOn, requireOwnEndpoint } from './callers.ts';
import type { RegistryContext, RegistryServer } from './context.ts';
import { boundAddresses, boundLoad, countedFor, DEFAULT_RATE_LIMIT } from './limits.ts';
import { Load } from './load.ts';
import { Metrics } from './metrics.ts';
import { auditRoutes } from './routes/audit.ts';
import { eventRoutes } from './routes/events.ts';
import { Readiness } from './readiness.ts';
import { REQUEST_ID_HEADER, requestIdOf, tellRequests } from './requests.ts';
import { exerciseRoutes } from './routes/exercise.ts';
import { keyRoutes } from './routes/keys.ts';
import { nativeRoutes } from './routes/native.ts';
import { noteBody, Proofs } from './proofs.ts';
import { QuickAnswers } from './quick-answers.ts';
import { operationsRoutes } from './routes/operations.ts';
import { removalRoutes } from './routes/removals.ts';
import { searchRoutes } from './routes/search.ts';
import { referenceRoutes } from './routes/reference.ts';
import { isSignInForm, sessionRoutes } from './routes/session.ts';
import { ticketRoutes } from './routes/tickets.ts';
import type { Store } from './store/store.ts';

const DEFAULT_BASE = 'api/Registers';

/** A whole request must have arrived by then; a slow client is cut. */
const REQUEST_TIMEOUT_MS = 20_000;
/** A connection on which nothing moves is cut: a client that stops reading, too. */
const SILENCE_MS = 60_000;
/** A connection on which nothing is asked is closed. */
const KEEP_ALIVE_MS = 30_000;
/** Ten thousand peers, each of which keeps one; below the handles that deploy/ gives the process. */
const MAX_CONNECTIONS = 15_000;
/** Each byte of a name may take three in a URL, and a search as much. */
const MAX_URL_PART = 4 * 1024;

export function createApp(options: {
  store: Store;
  log: Logger;
  clock: Clock;
  leaseSeconds: number;
  bases: string[];
  anyAddress: boolean;
  advertise?: string | undefined;
  unreachable: RegistryContext['unreachable'];
  dialBack: RegistryContext['dialBack'];
  changes: RegistryContext['changes'];
  /** Proxies whose X-Forwarded-For is believed: addresses and CIDR ranges. Default: none. */
  trustProxy?: string[] | undefined;
  /** Requests a minute of one address; 0: no limit. */
  rateLimit?: number | undefined;
  /** Default: no page. */
  page?: PageFiles | undefined;
  /** Of a private network. Default: the network is open. */
  access?: Access | undefined;
  /** Default: true, the exercise's contract is there. */
  exercise?: boolean | undefined;
  readiness?: Readiness;
  load?: Load;
  requestTimeoutMs?: number | undefined;
  silenceMs?: number | undefined;
}): RegistryServer {
  const { store, log, clock, leaseSeconds, anyAddress, advertise } = options;
  const { unreachable, dialBack, changes, access, exercise = true } = options;
  const { requestTimeoutMs = REQUEST_TIMEOUT_MS, silenceMs = SILENCE_MS } = options;
  const { trustProxy = [], rateLimit = DEFAULT_RATE_LIMIT } = options;
  const { readiness = new Readiness(store), load = new Load(log) } = options;
  const metrics = new Metrics(store, clock);
  const addressLimit = rateLimit > 0 ? new AddressLimit(rateLimit) : undefined;
  // Where more is to be said of a request than whether it comes too often, the framework's hooks say it.
  let mayBeQuick = trustProxy.length === 0 && !log.isLevelEnabled('debug');
  const quick = new QuickAnswers({
    admits: (address) =>
      mayBeQuick &&
      readiness.isOpen &&
      !load.isTooMuch() &&
      (!addressLimit || countedFor(addressLimit, address) === 0),
    together: (lookUp) => store.together(lookUp),
    onWaiting: (request) => {
      load.begin(request);
    },
    onEnd: (request) => {
      load.end(request);
    },
    keyOf: access && ((request) => access.keyOfLookUp(request)),
    onAnswered: (lookedUp) => {
      metrics.answered(lookedUp.route, 'GET', 200, lookedUp.ms);
      access?.noteLookUp(lookedUp);
    },
  });

  const app = fastify({
    // What is logged, and where, see requests.ts and problems.ts.
    logger: false,
    genReqId: requestIdOf,
    trustProxy: trustProxy.length > 0 && trustProxy,
    // While it closes, what has come is answered like anything else.
    return503OnClosing: false,
    serverFactory: (handle) =>
      createServer(
        {
          keepAliveTimeout: KEEP_ALIVE_MS,
          requestTimeout: requestTimeoutMs,
          // Of the two timeouts Node takes the shorter one for heads: the longer one would be the bodies'.
          headersTimeout: requestTimeoutMs,
          // How often Node looks for what is late; its own 30 s would be longer than the timeout.
          connectionsCheckingInterval: requestTimeoutMs / 4,
        },
        (request, response) => {
          const otherwise = () => {
            handle(request, response);
          };
          if (!quick.take(request, response, otherwise)) otherwise();
        },
      ).setTimeout(silenceMs),
    // A body is taken as it comes: null is no 0, true no 1, and what is not known is not passed over.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    forceCloseConnections: 'idle',
    routerOptions: {
      // As in ASP.NET, where the exercise comes from.
      caseSensitive: false,
      maxParamLength: MAX_URL_PART,
      onBadUrl: (path: string, request: IncomingMessage, response: ServerResponse) => {
        const { status } = answerBadUrl(path, response, {
          [REQUEST_ID_HEADER]: requestIdOf(request),
        });
        metrics.answered(undefined, request.method, status, 0);
      },
    },
    clientErrorHandler: (error, socket) => {
      const problem = answerBadHttp(error, socket, {
        'X-Request-Id': requestIdOf({ headers: {} }),
      });
      if (problem) metrics.answered(undefined, undefined, problem.status, 0);
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.addHook('preClose', (done) => {
    // Who asks again and again is told by the framework that the connection ends.
    mayBeQuick = false;
    done();
  });
  const connections = new Connections(MAX_CONNECTIONS);
  connections.watch(app.server);
  app.server.on('connection', (socket: Socket) => connections.admit(socket));
  // Answers are of their schemas' types as it is, and the engine's own way is the fastest.
  app.setSerializerCompiler(() => JSON.stringify);

  answerWithProblems(app, log);
  tellRequests(app, log, (request, reply, ms) => {
    if (reply.raw.writableFinished)
      metrics.answered(request.routeOptions.url, request.method, reply.statusCode, ms);
    load.end(request);
    endOfWaiting(request);
  });
  const endOfWaiting = boundPipelining(app);
  metrics.watch(app);
  const onShed = () => {
    metrics.shed();
  };
  boundLoad(app, { load, readiness, onShed });
  if (addressLimit) boundAddresses(app, addressLimit);
  access?.guard(app);

  // Bodies are JSON whatever their type says: `curl -d` says form. That alone would let any web page
  // register through its reader's browser, so a page of another origin is refused.
  app.removeAllContentTypeParsers();
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body: string, done) => {
    noteBody(request, body);
    // Some clients announce a type for the body that they do not send.
    if (body === '') done(null, undefined);
    else if (isSignInForm(request)) done(null, Object.fromEntries(new URLSearchParams(body)));
    else void parseJson(request, body, done);
  });
  app.addHook('onRequest', (request, reply, done) => {
    const { origin, host } = request.headers;
    const changes = request.method !== 'GET' && request.method !== 'HEAD';
    if (changes && origin !== undefined && !isOrigin(origin, host, access !== undefined))
      sendProblem(
        reply,
        new CodedError('cross-origin', `Pages of ${origin.slice(0, 200)} may not change anything.`),
      );
    else done();
  });

  const context: RegistryContext = {
    store,
    log,
    asKept: ({ ipAddress, port }) => ({
      ipAddress: advertise !== undefined && isLoopback(ipAddress) ? advertise : ipAddress,
      port,
    }),
    clock,
    leaseSeconds,
    requireOwn: (request, endpoint) => {
      const isAnybodys = trustProxy.length === 0 && isPassedOn(request.raw.headers ?? {});
      if (!anyAddress) requireOwnEndpoint({ ...callerOf(request), isAnybodys }, endpoint);
    },
    requirePeer: new Proofs(store, clock).require,
    unreachable,
    dialBack,
    changes,
    quick,
    access,
  };

  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Simple P2P registry',
        version: VERSION,
        description: 'Who has what. Errors are problem documents (RFC 9457) with a stable `code`.',
      },
    },
  });
  void app.register((routes: RegistryServer, _options, done) => {
    withOtherMethodsRefused(routes, () => {
      routes.get('/api/v1/openapi.json', { schema: { hide: true } }, () => app.swagger());
      nativeRoutes(routes, context, VERSION);
      searchRoutes(routes, context);
      eventRoutes(routes, context);
      if (access) {
        keyRoutes(routes, access, context);
        ticketRoutes(routes, access, context);
        auditRoutes(routes, access);
        sessionRoutes(routes, access);
        removalRoutes(routes, access, context);
      }
      for (const base of exercise ? basesOf(options.bases) : [])
        exerciseRoutes(routes, base, context);
      operationsRoutes(routes, { readiness, metrics });
      referenceRoutes(routes);
      if (options.page) {
        pageRoutes(routes, options.page);
        // The page asks what it came from: here is nobody to be steered, which is no failure.
        routes.get('/control/v1', { schema: { hide: true } }, (_, reply) => reply.code(204).send());
      }
    });
    done();
  });
  return app;
}

/** Where the exercise's contract is: at its own base, and at further ones. */
export function basesOf(further: string[]): string[] {
  const bases = [DEFAULT_BASE, ...further].map((each) => [each.toLowerCase(), each] as const);
  return [...new Map(bases).values()];
}

/**
 * Whether a page is this registry's own. Where nothing is encrypted a name proves nothing: a page of elsewhere
 * may have had its own name point here (DNS rebinding). An address it cannot have so.
 *
 * @param overTls whether its pages come over nothing else
 */
function isOrigin(origin: string, host: string | undefined, overTls: boolean): boolean {
  const url = URL.parse(origin);
  if (!url || url.host !== host) return false;
  const { protocol, hostname } = url;
  const isAddress = hostname === 'localhost' || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
  return protocol === 'https:' || (isAddress && !overTls);
}
