// Who a key is at a private network, as its registry says.
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/schema';
import { RoleSchema } from '../protocol/access.ts';
import { SERVICE } from '../protocol/schemas.ts';
import { callJsonOrThrow, misbehaves } from './json-call.ts';
import type { Network } from './network.ts';

const HolderSchema = Type.Object({
  service: Type.Literal(SERVICE),
  private: Type.Literal(true),
  you: Type.Object({
    name: Type.String(),
    role: RoleSchema,
  }),
});

/**
 * The name of a network's key, and what it may do.
 *
 * @throws CodedError `bad-key`, `wrong-certificate`, `registry-…`
 */
export async function keyHolderOf(
  network: Network,
  signal?: AbortSignal,
): Promise<Static<typeof HolderSchema>['you']> {
  const json = await callJsonOrThrow(network, '/api/v1', { signal });
  if (Check(HolderSchema, json)) return json.you;
  throw misbehaves(network, 'it is no registry of a private network');
}
