// What is taken off a private network, with the key of an administrator.
import {
  RemovalSchema,
  RemovalsSchema,
  type NewRemoval,
  type Removal,
  type Removals,
} from '../protocol/access.ts';
import { callFor } from './json-call.ts';
import type { Network } from './network.ts';

const PATH = '/api/v1/removals';

/** @throws CodedError `bad-name`, `bad-root`, `bad-request`, `not-allowed`, `no-key`, `bad-key`, `registry-…` */
export function remove(
  network: Network,
  removal: NewRemoval,
  signal?: AbortSignal,
): Promise<Removal> {
  return callFor(RemovalSchema, network, PATH, {
    method: 'POST',
    body: JSON.stringify(removal),
    signal,
  });
}

/** The latest first. @throws CodedError `not-allowed`, `no-key`, `bad-key`, `registry-…` */
export function removals(network: Network, limit: number, signal?: AbortSignal): Promise<Removals> {
  return callFor(RemovalsSchema, network, `${PATH}?limit=${limit}`, { signal });
}

/** @throws CodedError `not-found`, `not-allowed`, `no-key`, `bad-key`, `registry-…` */
export function restore(network: Network, id: number, signal?: AbortSignal): Promise<Removal> {
  return callFor(RemovalSchema, network, `${PATH}/${id}`, { method: 'DELETE', signal });
}
