// Looking after the keys of a private network, with the key of an administrator.
import {
  KeysSchema,
  MadeKeySchema,
  type KeyList,
  type MadeKey,
  type NewKey,
} from '../protocol/access.ts';
import { callFor, callJsonOrThrow } from './json-call.ts';
import type { Network } from './network.ts';

const PATH = '/api/v1/keys';

/** @throws CodedError `not-allowed`, `no-key`, `bad-key`, `too-many-keys`, `registry-…` */
export function createKey(network: Network, key: NewKey, signal?: AbortSignal): Promise<MadeKey> {
  const call = { method: 'POST', body: JSON.stringify(key), signal };
  return callFor(MadeKeySchema, network, PATH, call);
}

/** @throws CodedError `not-allowed`, `no-key`, `bad-key`, `registry-…` */
export async function keysOf(network: Network, signal?: AbortSignal): Promise<KeyList['keys']> {
  return (await callFor(KeysSchema, network, PATH, { signal })).keys;
}

/** @throws CodedError `unknown-key`, `not-allowed`, `no-key`, `bad-key`, `registry-…` */
export async function revokeKey(network: Network, id: string, signal?: AbortSignal): Promise<void> {
  await callJsonOrThrow(network, `${PATH}/${id}`, { method: 'DELETE', signal });
}

/** Has tickets signed with a new key. @throws CodedError `not-allowed`, `no-key`, `bad-key`, `registry-…` */
export async function rotateTicketKeys(network: Network, signal?: AbortSignal): Promise<void> {
  await callJsonOrThrow(network, '/api/v1/ticket-keys', { method: 'POST', signal });
}
