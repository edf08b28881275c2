// Previews: a download's bytes, while they come, for an element of the page. What a stranger's file could do
// there, it is not allowed: it comes as a picture, sound, film or text, in a sandbox, and as nothing else.
import { create as contentDisposition } from 'content-disposition';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import type { HttpApp } from '../../../lib/http/app.ts';
import { CONTROL_BASE, type Preview } from '../../../protocol/control.ts';
import { CodedError } from '../../../protocol/errors.ts';
import { lastSegment } from '../../../protocol/names.ts';
import { parseRange } from '../../../protocol/ranges.ts';
import type { Controlled } from '../controlled.ts';
import { PDF, previewType } from '../preview-types.ts';
import type { Tickets } from '../tickets.ts';
import { downloadOf, DownloadParams } from './downloads.ts';

const PREVIEWS = `${CONTROL_BASE}/preview`;
/** A page plays one thing at a time, and browsers open six connections. */
const MAX_PREVIEWS = 16;
/** A piece that does not come, or a reader that does not read, ends a preview. */
const SILENCE_MS = 5 * 60 * 1000;

const POLICY =
  "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; frame-ancestors 'none'";

/** Where tickets are given, to who knows the token. */
export function ticketRoutes(app: HttpApp, controlled: Controlled, tickets: Tickets): void {
  app.post(
    '/downloads/:id/preview',
    { schema: { params: DownloadParams } },
    async (request): Promise<Preview> => {
      const { id, name } = downloadOf(controlled, request.params.id);
      const type = previewType(name);
      if (type === undefined)
        throw new CodedError(
          'no-preview',
          `${lastSegment(name)}: files of this kind are not shown.`,
        );
      // Whether it can be read at all is said now, not by a broken picture.
      await controlled.readDownload(id);
      return { url: `${PREVIEWS}/${tickets.issue(id)}`, type };
    },
  );
}

/** What a ticket is good for. */
export function previewRoutes(app: HttpApp, controlled: Controlled, tickets: Tickets): void {
  const underWay = new Set<AbortController>();
  app.addHook('preClose', (done) => {
    for (const each of underWay) each.abort();
    done();
  });

  app.route({
    method: ['GET', 'HEAD'],
    url: `${PREVIEWS}/:ticket`,
    schema: { params: Type.Object({ ticket: Type.String({ maxLength: 64 }) }) },
    handler: async (request, reply) => {
      const id = tickets.use(request.params.ticket);
      if (id === undefined) throw new CodedError('not-found', 'This preview is over.');
      if (underWay.size >= MAX_PREVIEWS)
        throw new CodedError('busy', `At most ${MAX_PREVIEWS} previews at once.`);
      const content = await controlled.readDownload(id);
      const { name, root } = downloadOf(controlled, id);
      const { size } = content;
      const tag = `"${root}"`;
      const range = rangeOf(request, size, tag);
      if (range === 'unsatisfiable') {
        void reply.header('content-range', `bytes */${size}`);
        throw new CodedError('range-not-satisfiable', `It has ${size} bytes.`);
      }
      const { start, end } = range === 'whole' ? { start: 0, end: size - 1 } : range;
      void reply.code(range === 'whole' ? 200 : 206).headers({
        ...previewHeaders(name),
        'content-length': end - start + 1,
        'accept-ranges': 'bytes',
        etag: tag,
        ...(range !== 'whole' && { 'content-range': `bytes ${start}-${end}/${size}` }),
      });
      if (request.method === 'HEAD' || size === 0) return reply.send();

      const over = new AbortController();
      underWay.add(over);
      reply.raw.setTimeout(SILENCE_MS);
      reply.raw.once('close', () => {
        underWay.delete(over);
        over.abort();
      });
      const bytes = exactly(end - start + 1, content.read(start, end, over.signal));
      return reply.send(Readable.from(bytes, { objectMode: false }));
    },
  });
}

function previewHeaders(name: string): Record<string, string> {
  const type = previewType(name) ?? 'application/octet-stream';
  return {
    'content-type': type,
    'content-security-policy': POLICY,
    'content-disposition': contentDisposition(lastSegment(name), {
      type: type === PDF ? 'attachment' : 'inline',
    }),
  };
}

/** RFC 9110 section 13.1.5: a range of another content is no range of this one. */
function rangeOf({ headers, method }: FastifyRequest, size: number, tag: string) {
  const condition = headers['if-range'];
  if (method !== 'GET' || (condition !== undefined && condition !== tag)) return 'whole';
  return parseRange(headers.range, size);
}

/** So many bytes, or an error: a promise that cannot be kept breaks the connection. */
async function* exactly(
  length: number,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let left = length;
  for await (const chunk of bytes) {
    left -= chunk.length;
    if (left < 0) break;
    yield chunk;
  }
  if (left !== 0) throw new Error(`${length} bytes were promised, ${left} are missing`);
}
