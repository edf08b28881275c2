// For those who run a registry: is it alive, should it get calls, what has it to do.
import { Type } from 'typebox';
import type { RegistryServer } from '../context.ts';
import type { Metrics } from '../metrics.ts';
import type { Readiness } from '../readiness.ts';

const tags = ['operations'];
const OkSchema = { 200: { content: { 'text/plain': { schema: Type.Literal('ok') } } } };
const TextSchema = { 200: { content: { 'text/plain': { schema: Type.String() } } } };

/** Asked by machines that must get an answer however much there is to do: no limit holds for them. */
export const OPERATIONS_ROUTES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

export function operationsRoutes(
  app: RegistryServer,
  { readiness, metrics }: { readiness: Readiness; metrics: Metrics },
): void {
  app.get(
    '/healthz',
    { schema: { tags, description: 'Answers once the registry serves.', response: OkSchema } },
    () => 'ok' as const,
  );

  app.get(
    '/readyz',
    {
      schema: {
        tags,
        description:
          'Whether calls should come here: 503 `not-ready` while the registry is about to stop, or the engine of its index does not answer within 2 s.',
        response: OkSchema,
      },
    },
    async () => {
      await readiness.check();
      return 'ok' as const;
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        tags,
        description: 'What Prometheus collects, in its text format.',
        response: TextSchema,
      },
    },
    async (_request, reply) => {
      void reply.type(metrics.contentType);
      return metrics.text();
    },
  );
}
