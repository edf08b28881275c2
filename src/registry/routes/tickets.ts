// Tickets of a private network: what lets one peer fetch one content from whoever holds it.
import { TicketRequestSchema, TicketSchema } from '../../protocol/access.ts';
import { TicketKeysSchema } from '../../protocol/tickets.ts';
import { CodedError } from '../../protocol/errors.ts';
import type { Access } from '../access/access.ts';
import type { RegistryContext, RegistryServer } from '../context.ts';
import { removedError } from '../store/removed.ts';

const MAX_BODY_BYTES = 16 * 1024;

export function ticketRoutes(
  app: RegistryServer,
  access: Access,
  { store }: RegistryContext,
): void {
  const tags = ['private network'];

  app.post(
    '/api/v1/tickets',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        tags,
        description:
          'A ticket for one root and one asker, good for 4 minutes at most: a JWT that peers check by themselves.',
        body: TicketRequestSchema,
        response: { 200: TicketSchema },
      },
    },
    async (request) => {
      const key = access.keyOf(request);
      if (!key) throw new CodedError('no-key', 'Tickets are for those who have a key.');
      const { root, asker } = request.body;
      if (await store.isRemoved('content', root)) throw removedError('content');
      if (await store.isRemoved('peer', asker)) throw removedError('peer');
      return access.tickets.sign(request.body, key);
    },
  );

  app.get(
    '/api/v1/ticket-keys',
    {
      schema: {
        tags,
        description:
          'The public keys with which tickets that still hold may have been signed, the latest first (RFC 7517).',
        response: { 200: TicketKeysSchema },
      },
    },
    () => access.tickets.publicKeys(),
  );

  app.post(
    '/api/v1/ticket-keys',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        tags,
        description:
          'Tickets are signed with a new key from now on; the one before is told until its last ticket has ended.',
        response: { 200: TicketKeysSchema },
      },
    },
    () => access.tickets.rotate(),
  );
}
