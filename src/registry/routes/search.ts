// Search, of the native contract.
import { Type } from 'typebox';
import { SearchAnswerSchema } from '../../protocol/schemas.ts';
import type { RegistryContext, RegistryServer } from '../context.ts';
import { DEFAULT_PAGE, LimitSchema, readsLimit } from './pages.ts';

const MAX_QUERY_LENGTH = 200;
const MAX_TYPE_LENGTH = 32;
/** What a cursor may have: it holds a name. */
const MAX_CURSOR_LENGTH = 12 * 1024;

const bytes = (example: number) =>
  Type.Integer({
    ...{ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, examples: [example] },
    description: 'Bytes; only contents of known size.',
  });

export function searchRoutes(app: RegistryServer, { store, clock }: RegistryContext): void {
  app.get(
    '/api/v1/search',
    {
      ...readsLimit,
      schema: {
        tags: ['native'],
        description:
          'Names that hold every word of the text, in any order and case, with or without accents. First those that are the text, or whose last segment is; then those whose last segment begins with it; then those of which another segment does; then those of which words begin with its words; then all others; of each those that most hold first. Where very many fit, that order holds within parts of them.',
        querystring: Type.Object({
          text: Type.String({
            ...{ minLength: 1, maxLength: MAX_QUERY_LENGTH, examples: ['application layer'] },
          }),
          limit: LimitSchema,
          cursor: Type.Optional(
            Type.String({
              maxLength: MAX_CURSOR_LENGTH,
              description: '`next` of the page before, of the same search.',
            }),
          ),
          type: Type.Optional(
            Type.String({
              ...{
                minLength: 1,
                maxLength: MAX_TYPE_LENGTH,
                pattern: '^[^./]+$',
                examples: ['pdf'],
              },
              description: 'Only names that end in a dot and this: `pdf`.',
            }),
          ),
          minSize: Type.Optional(bytes(1_000_000)),
          maxSize: Type.Optional(bytes(1_000_000_000)),
          modifiedSince: Type.Optional(
            Type.Integer({
              description: 'Only what changed since, in milliseconds since 1970.',
              examples: [1_735_689_600_000],
            }),
          ),
        }),
        response: { 200: SearchAnswerSchema },
      },
    },
    async (request) => {
      const { limit = DEFAULT_PAGE, ...query } = request.query;
      const { found, next } = await store.search(query, limit, clock.now());
      return { found, more: next !== null, next };
    },
  );
}
