// Serves the page: its own paths are all index.html, its files are for ever what their names say. What it
// may load and run is written in its policy; every other path is left to whoever has it.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CodedError } from '../../protocol/errors.ts';
import type { HttpApp } from './app.ts';
import { INDEX, type Encoding, type PageFile, type PageFiles } from './page-files.ts';

/** What the page shows under these paths it finds out by itself. */
const PAGE_PATHS = [
  '/',
  '/downloads',
  '/downloads/*',
  '/shares',
  '/network',
  '/access',
  '/access/:part',
  '/contents/:root',
];
/** Paths that are no base of anything else where there is a page. */
export const FIRST_SEGMENTS = ['downloads', 'shares', 'network', 'access', 'contents', 'assets'];

/** Files below assets/ have the hash of their content in their name. */
const KEPT_FOR_EVER = 'public, max-age=31536000, immutable';
/** A page is asked for again each time, and is there unless its tag is another one. */
const ASKED_AGAIN = 'no-cache';

/** No inline script, nothing from elsewhere, no frame around it; previews are frames of this origin. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "frame-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

export function pageRoutes(app: HttpApp, files: PageFiles): void {
  const hidden = { schema: { hide: true } };
  const index = files.get(INDEX);
  for (const path of index ? PAGE_PATHS : [])
    app.get(path, hidden, (request, reply) => send(request, reply, index, ASKED_AGAIN));
  app.get<{ Params: { '*': string } }>('/assets/*', hidden, (request, reply) =>
    send(request, reply, files.get(`assets/${request.params['*']}`), KEPT_FOR_EVER),
  );
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  file: PageFile | undefined,
  kept: string,
): FastifyReply {
  if (!file) throw new CodedError('not-found', 'The page has no such file.');
  const encoding = bestOf(file, request.headers['accept-encoding']);
  const body = (encoding && file.encoded[encoding]) ?? file.plain;
  void reply.headers({ ...HEADERS, 'cache-control': kept, etag: body.tag });
  void reply.header('vary', 'accept-encoding');
  if (hasTag(request.headers['if-none-match'], body.tag)) return reply.code(304).send();
  if (encoding) void reply.header('content-encoding', encoding);
  return reply.type(file.type).send(body.bytes);
}

/** The smallest that the other side takes (RFC 9110 section 12.5.3): one that it weighs with 0 it does not. */
function bestOf(file: PageFile, accepted = ''): Encoding | undefined {
  const weights = new Map(
    accepted.split(',').map((each) => {
      const [coding = '', ...parameters] = each.toLowerCase().split(';');
      const isRefused = parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter));
      return [coding.trim(), isRefused ? 0 : 1];
    }),
  );
  return (['br', 'gzip'] as const).find(
    (encoding) => file.encoded[encoding] && weights.get(encoding) === 1,
  );
}

function hasTag(asked: string | undefined, tag: string): boolean {
  const tags = asked?.split(',').map((each) => each.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(tag) || tags.includes('*');
}
