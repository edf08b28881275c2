// What a private network has besides: who one is there, keys, what was taken off, who did what.
import type {
  Audit,
  Key,
  MadeKey,
  NewKey,
  NewRemoval,
  Removal,
  Removals,
  Role,
} from '../../../src/protocol/access.ts';
import { call } from './call.ts';

const BASE = '/api/v1';

export interface You {
  name: string;
  role: Role;
}

interface Service {
  private?: boolean;
  you?: You;
}

export function service(signal?: AbortSignal): Promise<Service> {
  return call(BASE, { signal });
}

export function signOut(): Promise<unknown> {
  return call(`${BASE}/session`, { method: 'DELETE' });
}

export async function keys(signal: AbortSignal): Promise<Key[]> {
  return (await call<{ keys: Key[] }>(`${BASE}/keys`, { signal })).keys;
}

export function makeKey(body: NewKey): Promise<MadeKey> {
  return call(`${BASE}/keys`, { method: 'POST', body });
}

export function revokeKey(id: string): Promise<unknown> {
  return call(`${BASE}/keys/${id}`, { method: 'DELETE' });
}

export function takeOff(body: NewRemoval): Promise<Removal> {
  return call(`${BASE}/removals`, { method: 'POST', body });
}

export function removals(
  before: number | undefined,
  limit: number,
  signal: AbortSignal,
): Promise<Removals> {
  const from = before === undefined ? '' : `&before=${before}`;
  return call(`${BASE}/removals?limit=${limit}${from}`, { signal });
}

export function restore(id: number): Promise<Removal> {
  return call(`${BASE}/removals/${id}`, { method: 'DELETE' });
}

export function audit(
  after: number | undefined,
  limit: number,
  signal: AbortSignal,
): Promise<Audit> {
  const from = after === undefined ? '' : `&after=${after}`;
  return call(`${BASE}/audit?limit=${limit}${from}`, { signal });
}
