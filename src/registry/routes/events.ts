// What changes, as server-sent events (HTML Standard, section 9.2): for pages, and for whoever keeps a picture
// of the network. An event says what to ask about again.
import { Type } from 'typebox';
import { EVENT_STREAM_TYPE, EventStream } from '../../lib/http/event-stream.ts';
import { CodedError } from '../../protocol/errors.ts';
import { ChangeSchema } from '../../protocol/schemas.ts';
import { callerOf, withEndpointSeenBy } from '../callers.ts';
import type { RegistryContext, RegistryServer } from '../context.ts';
import type { NumberedChange } from '../store/store.ts';

export const EVENTS_ROUTE = '/api/v1/events';

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
        response: { 200: { content: { [EVENT_STREAM_TYPE]: { schema: ChangeSchema } } } },
      },
    },
    async (request, reply) => {
      const after = lastEventOf(request.headers['last-event-id']);
      const caller = callerOf(request);
      let stream: EventStream | undefined;
      const begin = () => (stream ??= new EventStream(reply, 'what changes from now on'));
      const follower = {
        tell: ({ id, change }: NumberedChange) => {
          const seen = change.kind === 'removed' ? change : withEndpointSeenBy(caller, change);
          begin().send(change.kind, JSON.stringify(seen), id);
        },
        reset: (at: number) => {
          begin().send('reset', '{}', at);
        },
      };
      const leave = await changes.follow(follower, after).catch((error: unknown) => {
        // What has begun has no other end.
        stream?.cut();
        throw error;
      });
      const begun = begin();
      const end = () => {
        begun.end();
      };
      open.add(end);
      begun.onClose(() => {
        open.delete(end);
        leave();
      });
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
