// What changes, as server-sent events (HTML Standard, section 9.2): for pages, and for whoever keeps a picture
// of the network. An event says what to ask about again.
import { Type } from 'typebox';
import { CodedError } from '../../protocol/errors.ts';
import { ChangeSchema } from '../../protocol/schemas.ts';
import { asSeenBy, callerOf } from '../callers.ts';
import type { RegistryContext, RegistryServer } from '../context.ts';
import type { NumberedChange } from '../store/store.ts';

export const EVENTS_ROUTE = '/api/v1/events';

/** So that proxies see that the connection lives, and who has gone is found out. */
const SIGN_OF_LIFE_MS = 15_000;
/** Who does not read has so many bytes waiting, and is cut. */
const MAX_WAITING_BYTES = 1024 * 1024;

export function eventRoutes(app: RegistryServer, { changes }: RegistryContext): void {
  const open = new Set<() => void>();
  app.addHook('preClose', (done) => {
    for (const end of open) end();
    done();
  });

  app.get(
    EVENTS_ROUTE,
    {
      schema: {
        tags: ['native'],
        description:
          'Server-sent events: an event for each change, named by its `kind`, with a number as its id. With `Last-Event-ID` those after that one come first; `reset` says that they are not kept any more, and everything is to be asked anew.',
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.String({ description: 'The id of the last event that came.', examples: ['0'] }),
          ),
        }),
        response: { 200: { content: { 'text/event-stream': { schema: ChangeSchema } } } },
      },
    },
    async (request, reply) => {
      const after = lastEventOf(request.headers['last-event-id']);
      const caller = callerOf(request);
      const { raw } = reply;
      const write = (text: string) => {
        if (raw.writableLength > MAX_WAITING_BYTES) raw.destroy();
        else raw.write(text);
      };
      let isBegun = false;
      const begin = () => {
        if (isBegun) return;
        isBegun = true;
        reply.hijack();
        raw.writeHead(200, {
          ...(reply.getHeaders() as Record<string, string>),
          'content-type': 'text/event-stream; charset=utf-8',
        });
        write(': what changes from now on\n\n');
      };
      const follower = {
        tell: ({ id, change }: NumberedChange) => {
          begin();
          const endpoint = asSeenBy(caller, change.endpoint);
          const data = JSON.stringify({ ...change, endpoint });
          write(`id: ${id}\nevent: ${change.kind}\ndata: ${data}\n\n`);
        },
        reset: (at: number) => {
          begin();
          write(`id: ${at}\nevent: reset\ndata: {}\n\n`);
        },
      };
      const leave = await changes.follow(follower, after).catch((error: unknown) => {
        // What has begun has no other end.
        if (isBegun) raw.destroy();
        throw error;
      });
      begin();
      const signs = setInterval(write, SIGN_OF_LIFE_MS, ': still here\n\n');
      const end = () => raw.end();
      open.add(end);
      raw.once('close', () => {
        clearInterval(signs);
        open.delete(end);
        leave();
      });
      if (raw.destroyed) raw.emit('close');
    },
  );
}

/** @throws CodedError `bad-request` */
function lastEventOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const id = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(id))
    throw new CodedError('bad-request', 'Last-Event-ID is the number of an event.');
  return id;
}
