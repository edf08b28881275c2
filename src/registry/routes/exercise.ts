// The exercise's contract, to the letter: a file name maps to the endpoints that serve the file.
// It keeps no leases: who registers here is probed (see probe.ts).
import { Type } from 'typebox';
import { parseEndpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import { parseName } from '../../protocol/names.ts';
import { EndpointSchema, NameInPathSchema, RegisteredNameSchema } from '../../protocol/schemas.ts';
import { asSeenBy, callerOf, type Caller } from '../callers.ts';
import { FIRST_SEGMENTS } from '../../lib/http/page-routes.ts';
import type { RegistryContext, RegistryServer } from '../context.ts';
import { answerFrom } from '../store/store.ts';
import { DEFAULT_PAGE, LimitSchema, readsLimit } from './pages.ts';

/** An endpoint in JSON is below 200 bytes; room for white space and for what others add. */
const MAX_BODY_BYTES = 16 * 1024;

const CountSchema = Type.Union([Type.Literal(0), Type.Literal(1)]);

const NameParams = Type.Object({ '*': NameInPathSchema });

/** Says what to send and lets everything pass: parseEndpoint reads it, the property names in any case. */
const EndpointBodySchema = Type.Unsafe<unknown>({
  description: 'A FileEndPoint, the property names in any case.',
  examples: [{ ipAddress: '192.0.2.7', port: 7771 }],
});

/** @param base a path without slashes at its ends, such as `api/Registers` */
export function exerciseRoutes(
  app: RegistryServer,
  base: string,
  { store, clock, requireOwn, asKept, quick, access }: RegistryContext,
): void {
  const tags = [`exercise: /${base}`];
  const registration = { bodyLimit: MAX_BODY_BYTES };

  app.get(
    `/${base}`,
    {
      ...readsLimit,
      schema: {
        tags,
        description: 'Every name with its endpoints, a page at a time; Link: rel="next" leads on.',
        querystring: Type.Object({
          after: Type.Optional(Type.String()),
          limit: LimitSchema,
        }),
        response: { 200: Type.Array(RegisteredNameSchema) },
      },
    },
    async (request, reply) => {
      const { limit = DEFAULT_PAGE, after = '' } = request.query;
      const caller = callerOf(request);
      const names = await store.listNames(
        after === '' ? '' : parseName(after),
        limit + 1,
        clock.now(),
      );
      const page = names.slice(0, limit);
      const last = page.at(-1);
      if (names.length > limit && last)
        void reply.header(
          'link',
          `</${base}?limit=${limit}&after=${encodeURIComponent(last.name)}>; rel="next"`,
        );
      return page.map(({ name, endpoints }) => ({
        name,
        endpoints: endpoints.map((endpoint) => asSeenBy(caller, endpoint)),
      }));
    },
  );

  const lookUp = (name: string, caller: Caller) =>
    answerFrom(store.endpointsOf(name, clock.now()), (endpoints) =>
      endpoints.map((endpoint) => asSeenBy(caller, endpoint)),
    );
  // In a private network it is for everybody, where it is at all: what is quick there is for who has a key.
  if (!access) quick.add(`/${base}/`, lookUp);
  app.get(
    `/${base}/*`,
    {
      schema: {
        tags,
        description: 'The endpoints that serve a file; [] for an unknown name.',
        params: NameParams,
        response: { 200: Type.Array(EndpointSchema) },
      },
    },
    (request) => lookUp(parseName(request.params['*']), callerOf(request)),
  );

  app.post(
    `/${base}/*`,
    {
      ...registration,
      schema: {
        tags,
        description: 'Registers an endpoint for a file: 1 added, 0 was there already.',
        params: NameParams,
        body: EndpointBodySchema,
        response: { 200: CountSchema },
      },
    },
    async (request) => {
      const name = parseName(request.params['*']);
      const endpoint = asKept(parseEndpoint(request.body));
      requireOwn(request, endpoint);
      return (await store.register(name, endpoint, clock.now())) ? 1 : 0;
    },
  );

  app.route({
    // PUT is the exercise's own verb for it; DELETE is what everyone else expects.
    method: ['PUT', 'DELETE'],
    url: `/${base}/*`,
    ...registration,
    schema: {
      tags,
      description: 'Deregisters an endpoint of a file: 1 deregistered, 0 was not there.',
      params: NameParams,
      body: EndpointBodySchema,
      response: { 200: CountSchema },
    },
    handler: async (request) => {
      const name = parseName(request.params['*']);
      const endpoint = asKept(parseEndpoint(request.body));
      requireOwn(request, endpoint);
      return (await store.deregister(name, endpoint, clock.now())) ? 1 : 0;
    },
  });
}

/**
 * A base path as the registry uses it: without slashes at its ends.
 *
 * @throws CodedError `bad-usage` for one that is no plain path, or that is taken
 */
export function parseBase(text: string): string {
  const base = text.replace(/^\/+|\/+$/g, '');
  if (!/^[\w.~-]+(\/[\w.~-]+)*$/.test(base) || base.split('/').some((part) => /^\.\.?$/.test(part)))
    throw new CodedError('bad-usage', `${text}: a base is a plain path, such as api/Registers.`);
  const isTaken =
    /^(api\/v1|healthz|readyz|metrics)(\/|$)/i.test(base) ||
    base.toLowerCase() === 'api' ||
    FIRST_SEGMENTS.includes(base.toLowerCase().split('/', 1)[0] ?? '');
  if (isTaken) throw new CodedError('bad-usage', `${text}: this path has another use here.`);
  return base;
}
