// Keys of a private network, for its administrators.
import type { FastifyRequest } from 'fastify';
import type { TLSSocket } from 'node:tls';
import { Type } from 'typebox';
import { KeyIdSchema, KeysSchema, MadeKeySchema, NewKeySchema } from '../../protocol/access.ts';
import { CodedError } from '../../protocol/errors.ts';
import { printable } from '../../protocol/names.ts';
import { pinOfOwn } from '../../lib/pin.ts';
import type { Access } from '../access/access.ts';
import { newKey } from '../access/keys.ts';
import type { RegistryContext, RegistryServer } from '../context.ts';

const MAX_BODY_BYTES = 16 * 1024;

export function keyRoutes(app: RegistryServer, access: Access, { clock }: RegistryContext): void {
  const tags = ['private network'];

  app.get(
    '/api/v1/keys',
    {
      schema: {
        tags,
        description: 'All keys, the latest first; never the keys themselves.',
        response: { 200: KeysSchema },
      },
    },
    async () => ({ keys: await access.store.keys() }),
  );

  app.post(
    '/api/v1/keys',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        tags,
        description: 'Makes a key. The answer is the only place where it can be read.',
        body: NewKeySchema,
        response: { 201: MadeKeySchema },
      },
    },
    async (request, reply) => {
      const now = clock.now();
      const { expires } = request.body;
      if (typeof expires === 'number' && expires <= now)
        throw new CodedError('bad-request', 'A key ends in the future, or never.');
      const [key, text] = newKey({ ...request.body, name: printable(request.body.name) }, now);
      await access.store.addKey(key);
      const { id, name, role, created } = key;
      const told = { id, name, role, created, expires: key.expires, key: text };
      return reply.code(201).send({ ...told, pin: pinOfRegistry(request) });
    },
  );

  app.delete(
    '/api/v1/keys/:id',
    {
      schema: {
        tags,
        description:
          'Revokes a key: from now on it is refused by every registry of the network, and the peers that came with it are gone. The last key of an administrator stays.',
        params: Type.Object({ id: KeyIdSchema }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      if (!(await access.store.revokeKey(request.params.id, clock.now())))
        throw new CodedError('unknown-key', 'No key of this id is known.');
      return reply.code(204).send(null);
    },
  );
}

/** Of the certificate that this very caller was shown. */
function pinOfRegistry({ raw: { socket } }: FastifyRequest): string | null {
  const certificate = (socket as Partial<TLSSocket>).getX509Certificate?.();
  return (certificate && pinOfOwn(certificate)) ?? null;
}
