// Who may call. A page of another site cannot be kept from sending requests to this port, so each has to
// show that it was meant for this address (Host), comes from this very page (Origin, Sec-Fetch-Site),
// and knows the token.
import type { FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import type { HttpApp } from '../../lib/http/app.ts';
import { sendProblem } from '../../lib/http/problems.ts';
import { CodedError } from '../../protocol/errors.ts';
import { carriesToken } from './token.ts';

const DEFAULT_HTTP_PORT = 80;

/** So many wrong tokens within a minute are answered with 401, those after them with 429. */
const MAX_WRONG_TOKENS = 60;
const WRONG_TOKENS_WINDOW_MS = 60_000;

/** Nothing may load anything, or frame it; the page's own files say what they need instead. */
const POLICY = "default-src 'none'; frame-ancestors 'none'";

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** What is wrong with where a request comes from, or is meant for; undefined: nothing. */
function faultOfOrigin(
  headers: IncomingHttpHeaders,
  port: number,
  mayBeLinked: boolean,
): CodedError | undefined {
  const host = (headers.host ?? '').toLowerCase();
  if (!hostsOf(port).includes(host))
    return new CodedError(
      'wrong-host',
      `This page is at http://127.0.0.1:${port}/, and answers to no other name.`,
    );
  const { origin } = headers;
  if (origin !== undefined && origin !== `http://${host}`)
    return new CodedError('cross-origin', 'Pages of other origins are answered nothing here.');
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
  // Somebody followed a link to the page, in a mail or in a terminal that is a page itself.
  const isFollowed =
    headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (mayBeLinked && isFollowed) return undefined;
  return new CodedError('cross-origin', 'Pages of other sites are answered nothing here.');
}

/** How browsers spell this address: DNS can make any other name lead here (rebinding). */
function hostsOf(port: number): string[] {
  const names = ['127.0.0.1', '[::1]', 'localhost'];
  const withPort = names.map((name) => `${name}:${port}`);
  return port === DEFAULT_HTTP_PORT ? [...withPort, ...names] : withPort;
}

/** For every request, whatever it asks for. @param isPage whether it is for a file of the page */
export function refuseStrangers(app: HttpApp, isPage: (request: FastifyRequest) => boolean): void {
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(HEADERS);
    const { headers, method, socket } = request.raw;
    const mayBeLinked = (method === 'GET' || method === 'HEAD') && isPage(request);
    const fault = faultOfOrigin(headers, socket.localPort ?? 0, mayBeLinked);
    return fault && sendProblem(reply, fault, 'owner');
  });
}

/** For all routes that are declared on this app and have no business with who does not know the token. */
export function requireToken(app: HttpApp, token: string): void {
  let wrong = 0;
  let windowEnds = 0;
  app.addHook('onRequest', async (request, reply) => {
    // Who has the token is let in, however often others guess.
    if (carriesToken(request.headers.authorization, token)) return undefined;
    const now = performance.now();
    if (now >= windowEnds) {
      windowEnds = now + WRONG_TOKENS_WINDOW_MS;
      wrong = 0;
    }
    if (++wrong > MAX_WRONG_TOKENS)
      return sendProblem(
        reply.header('retry-after', Math.ceil((windowEnds - now) / 1000)),
        new CodedError('too-many-requests', 'Too many wrong tokens.'),
      );
    return sendProblem(
      reply.header('www-authenticate', 'Bearer realm="sp2p"'),
      new CodedError(
        'bad-token',
        'The token is missing or wrong: open the link that "sp2p share" printed.',
      ),
      'owner',
    );
  });
}
