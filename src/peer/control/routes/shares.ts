// What is shared, and with which limits and settings.
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { HttpApp } from '../../../lib/http/app.ts';
import {
  IdSchema,
  LimitsSchema,
  MAX_OFFERED_PAGE,
  NewShareSchema,
  SettingsSchema,
} from '../../../protocol/control.ts';
import type { Controlled } from '../controlled.ts';
import { foldersUnder } from '../folders.ts';
import { absolutePath } from '../paths.ts';

const MAX_TEXT = 1_024;
const DEFAULT_OFFERED_PAGE = 100;

export function shareRoutes(app: HttpApp, controlled: Controlled): void {
  app.post('/shares', { schema: { body: NewShareSchema } }, (request) =>
    controlled.addShare(absolutePath(request.body.folder)),
  );

  app.delete(
    '/shares/:id',
    { schema: { params: Type.Object({ id: IdSchema }) } },
    async (request, reply) => {
      await controlled.removeShare(request.params.id);
      return reply.code(204).send();
    },
  );

  app.get(
    '/folders',
    {
      schema: {
        querystring: Type.Object({ under: Type.Optional(Type.String({ maxLength: 4_096 })) }),
      },
    },
    (request) => foldersUnder(request.query.under),
  );

  app.get(
    '/offered',
    {
      // Bodies are taken as they come, a query is all text.
      validatorCompiler: TypeBoxValidatorCompiler,
      schema: {
        querystring: Type.Object({
          text: Type.Optional(Type.String({ maxLength: MAX_TEXT })),
          after: Type.Optional(Type.String({ maxLength: MAX_TEXT })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_OFFERED_PAGE })),
        }),
      },
    },
    (request) => {
      const { text = '', after = '', limit = DEFAULT_OFFERED_PAGE } = request.query;
      return controlled.offered(text, after, limit);
    },
  );

  app.put('/limits', { schema: { body: LimitsSchema } }, async (request, reply) => {
    await controlled.setLimits(request.body);
    return reply.code(204).send();
  });

  app.put('/settings', { schema: { body: SettingsSchema } }, async (request, reply) => {
    const { downloadFolder, atOnce } = request.body;
    await controlled.setSettings({ downloadFolder: absolutePath(downloadFolder), atOnce });
    return reply.code(204).send();
  });
}
