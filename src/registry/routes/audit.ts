// Who did what in a private network, for its administrators.
import { Type } from 'typebox';
import { AuditSchema } from '../../protocol/access.ts';
import type { Access } from '../access/access.ts';
import type { RegistryServer } from '../context.ts';
import { DEFAULT_PAGE, LimitSchema, readsLimit } from './pages.ts';

export function auditRoutes(app: RegistryServer, { trail, store }: Access): void {
  app.get(
    '/api/v1/audit',
    {
      ...readsLimit,
      schema: {
        tags: ['private network'],
        description:
          'Who registered, asked, signed in, looked after keys, and who was refused: the latest first, of at least the last 100,000. `after` leads on to what was before an entry. What happened at another registry of the network is there some seconds later.',
        querystring: Type.Object({
          after: Type.Optional(Type.Integer({ minimum: 1, examples: [4711] })),
          limit: LimitSchema,
        }),
        response: { 200: AuditSchema },
      },
    },
    async (request) => {
      const { after, limit = DEFAULT_PAGE } = request.query;
      await trail.write();
      const found = await store.audit(after, limit + 1);
      const entries = found.slice(0, limit);
      return { entries, next: found.length > limit ? (entries.at(-1)?.id ?? null) : null };
    },
  );
}
