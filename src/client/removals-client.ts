// What is taken off a private network, with the key of an administrator.
import { Check } from 'typebox/schema';
import type { Static, TSchema } from 'typebox';
import {
  RemovalSchema,
  RemovalsSchema,
  type NewRemoval,
  type Removal,
  type Removals,
} from '../protocol/access.ts';
import { callJsonOrThrow, misbehaves } from './json-call.ts';
import type { Network } from './network.ts';

const PATH = '/api/v1/removals';

/** @throws CodedError `bad-name`, `bad-root`, `bad-request`, `not-allowed`, `no-key`, `bad-key`, `registry-…` */
export function remove(
  network: Network,
  removal: NewRemoval,
  signal?: AbortSignal,
): Promise<Removal> {
  return call(network, RemovalSchema, PATH, {
    method: 'POST',
    body: JSON.stringify(removal),
    signal,
  });
}

/** The latest first. @throws CodedError `not-allowed`, `no-key`, `bad-key`, `registry-…` */
export function removals(network: Network, limit: number, signal?: AbortSignal): Promise<Removals> {
  return call(network, RemovalsSchema, `${PATH}?limit=${limit}`, { signal });
}

/** @throws CodedError `not-found`, `not-allowed`, `no-key`, `bad-key`, `registry-…` */
export function restore(network: Network, id: number, signal?: AbortSignal): Promise<Removal> {
  return call(network, RemovalSchema, `${PATH}/${id}`, { method: 'DELETE', signal });
}

async function call<S extends TSchema>(
  network: Network,
  schema: S,
  path: string,
  options: Parameters<typeof callJsonOrThrow>[2],
): Promise<Static<S>> {
  const json = await callJsonOrThrow(network, path, options);
  if (Check(schema, json)) return json;
  throw misbehaves(network, 'something else than what was taken off');
}
