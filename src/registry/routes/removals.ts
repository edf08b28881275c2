// What administrators take off a private network: names, contents, peers. Who may call is said in access/roles.ts.
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import {
  NewRemovalSchema,
  RemovalSchema,
  RemovalsSchema,
  type RemovalKind,
} from '../../protocol/access.ts';
import { CodedError } from '../../protocol/errors.ts';
import { parseName } from '../../protocol/names.ts';
import type { Access } from '../access/access.ts';
import type { RegistryContext, RegistryServer } from '../context.ts';
import { DEFAULT_PAGE, LimitSchema, readsLimit } from './pages.ts';

const MAX_BODY_BYTES = 16 * 1024;

const IdInText = Type.String({ pattern: '^[1-9][0-9]{0,15}$', examples: ['1'] });

export function removalRoutes(
  app: RegistryServer,
  access: Access,
  { store, clock, log }: RegistryContext,
): void {
  const tags = ['private network'];
  const nameOfKey = (request: FastifyRequest) => access.keyOf(request)?.name ?? '';

  app.post(
    '/api/v1/removals',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        tags,
        description:
          'Takes a name, a content or a peer off the network: it is in no answer any more, and what comes of it later is left out or refused. What was removed before is answered as it was then.',
        body: NewRemovalSchema,
        response: { 200: RemovalSchema },
      },
    },
    async (request) => {
      const { kind, reason = '' } = request.body;
      const subject = parseSubject(kind, request.body.subject);
      const by = nameOfKey(request);
      const removal = await store.remove({ kind, subject, reason, by, at: clock.now() });
      log.info({ requestId: request.id, kind, subject, by }, 'taken off the network');
      return removal;
    },
  );

  app.get(
    '/api/v1/removals',
    {
      ...readsLimit,
      schema: {
        tags,
        description: 'What was taken off the network, the latest first.',
        querystring: Type.Object({ before: Type.Optional(IdInText), limit: LimitSchema }),
        response: { 200: RemovalsSchema },
      },
    },
    async (request) => {
      const { before = Number.MAX_SAFE_INTEGER, limit = DEFAULT_PAGE } = request.query;
      const removals = await store.removals(Number(before), limit + 1);
      return { removals: removals.slice(0, limit), more: removals.length > limit };
    },
  );

  app.delete(
    '/api/v1/removals/:id',
    {
      schema: {
        tags,
        description:
          'Undoes a removal: peers tell their catalogues anew, and what they have of it is in the answers again.',
        params: Type.Object({ id: IdInText }),
        response: { 200: RemovalSchema },
      },
    },
    async (request) => {
      const undone = await store.restore(Number(request.params.id));
      if (!undone) throw new CodedError('not-found', `There is no removal ${request.params.id}.`);
      const { kind, subject } = undone;
      log.info({ requestId: request.id, kind, subject, by: nameOfKey(request) }, 'restored');
      return undone;
    },
  );
}

/** @throws CodedError `bad-name`, `bad-root`, `bad-request` */
function parseSubject(kind: RemovalKind, text: string): string {
  if (kind === 'name') return parseName(text);
  const lower = text.toLowerCase();
  if (kind === 'content' && !/^[0-9a-f]{64}$/.test(lower))
    throw new CodedError('bad-root', 'A content is told by its root: 64 hex digits.');
  if (kind === 'peer' && !/^[0-9a-f]{32}$/.test(lower))
    throw new CodedError('bad-request', 'A peer is told by its id: 32 hex digits.');
  return lower;
}
