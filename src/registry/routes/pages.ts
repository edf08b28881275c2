// How much of a listing one answer holds: the `limit` of every paged route.
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { MAX_PAGE } from '../../protocol/schemas.ts';

export const DEFAULT_PAGE = 100;

export const LimitSchema = Type.Optional(
  Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE, examples: [20] }),
);

/** For routes with a `limit`: bodies are taken as they come (see app.ts), a query is all text. */
export const readsLimit = { validatorCompiler: TypeBoxValidatorCompiler };
