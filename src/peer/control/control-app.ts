// The HTTP side of the control interface, as a table of contents: limits, guards, routes.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { fastify, LogController, type FastifyBaseLogger } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Network } from '../../client/network.ts';
import { systemClock } from '../../lib/clock.ts';
import type { HttpApp } from '../../lib/http/app.ts';
import { answerBadHttp, answerBadUrl } from '../../lib/http/bad-http.ts';
import { withOtherMethodsRefused } from '../../lib/http/other-methods.ts';
import { boundPipelining } from '../../lib/http/pipelining.ts';
import { answerWithProblems } from '../../lib/http/problems.ts';
import type { Logger } from '../../lib/log.ts';
import { VERSION } from '../../lib/version.ts';
import { CONTROL_BASE, CONTROL_SERVICE } from '../../protocol/control.ts';
import type { Controlled } from './controlled.ts';
import { openFolder } from './file-manager.ts';
import { Followers } from './followers.ts';
import { refuseStrangers, requireToken } from './guard.ts';
import { downloadRoutes } from './routes/downloads.ts';
import { previewRoutes, ticketRoutes } from './routes/preview.ts';
import { registryRoutes } from './routes/registry.ts';
import { shareRoutes } from './routes/shares.ts';
import { stateRoutes } from './routes/state.ts';
import { Tickets } from './tickets.ts';

/** A whole request must have arrived by then. */
const REQUEST_TIMEOUT_MS = 10_000;
/** A connection on which nothing moves is cut; streams give signs of life. */
const SILENCE_MS = 60_000;
const KEEP_ALIVE_MS = 30_000;
/** Browsers open six connections to a host; the rest is for several of them, and for `sp2p status`. */
const MAX_CONNECTIONS = 256;
/** No body is larger than a path and a name. */
const MAX_BODY_BYTES = 64 * 1024;
/** Each byte of a name may take three in a URL. */
const MAX_URL_PART = 4 * 1024;

export interface ControlAppOptions {
  controlled: Controlled;
  /** That of the peer, whose registry the page asks through it. */
  network: Network;
  token: string;
  log: Logger;
  /** Declares the files of the page. Default: there is none. */
  page?: ((app: HttpApp) => void) | undefined;
  /** Shows a folder. Default: in the system's file manager. */
  openFolder?: ((folder: string) => Promise<void>) | undefined;
}

export function createControlApp(options: ControlAppOptions): HttpApp {
  const { controlled, network, token, page } = options;
  const loggerInstance: FastifyBaseLogger = options.log;
  const app = fastify({
    loggerInstance,
    // No line a request: URLs of previews are secrets.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: SILENCE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: REQUEST_TIMEOUT_MS / 4,
    },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    forceCloseConnections: 'idle',
    routerOptions: {
      maxParamLength: MAX_URL_PART,
      onBadUrl: (path: string, _request: IncomingMessage, response: ServerResponse) => {
        answerBadUrl(path, response, {});
      },
    },
    clientErrorHandler: (error, socket) => {
      answerBadHttp(error, socket, {});
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.server.maxConnections = MAX_CONNECTIONS;

  const pageRoutes = new Set<string>();
  answerWithProblems(app, options.log, 'owner');
  refuseStrangers(app, ({ routeOptions: { url } }) => url !== undefined && pageRoutes.has(url));
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      endOfWaiting(request);
    });
    done();
  });
  const endOfWaiting = boundPipelining(app);

  // Other types can be sent by forms of other sites, without asking first.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  );

  const followers = new Followers(app);
  const tickets = new Tickets(systemClock);
  // What anybody on this machine may ask: what this is, and what a ticket is good for …
  void app.register((open: HttpApp, _options, done) => {
    withOtherMethodsRefused(open, () => {
      open.get(CONTROL_BASE, () => ({ service: CONTROL_SERVICE, version: VERSION }));
      previewRoutes(open, controlled, tickets);
    });
    done();
  });
  // … and the files of the page.
  void app.register((files: HttpApp, _options, done) => {
    files.addHook('onRoute', ({ url }) => {
      pageRoutes.add(url);
    });
    page?.(files);
    done();
  });
  // All else is for who knows the token.
  void app.register((guarded: HttpApp, _options, done) => {
    requireToken(guarded, token);
    withOtherMethodsRefused(guarded, () => {
      registryRoutes(guarded, network, controlled, followers);
    });
    done();
  });
  void app.register(
    (guarded: HttpApp, _options, done) => {
      requireToken(guarded, token);
      withOtherMethodsRefused(guarded, () => {
        stateRoutes(guarded, controlled, followers);
        downloadRoutes(guarded, controlled, followers, options.openFolder ?? openFolder);
        ticketRoutes(guarded, controlled, tickets);
        shareRoutes(guarded, controlled);
      });
      done();
    },
    { prefix: CONTROL_BASE },
  );
  return app;
}
