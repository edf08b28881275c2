// A registry of a private network, and calls to it over TLS with one key or another.
import type { X509Certificate } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { expect } from 'vitest';
import type { Key, MadeKey, Role } from '../../src/protocol/access.ts';
import type { PrivateOptions } from '../../src/registry/access/private-network.ts';
import type { Registry, RegistryOptions } from '../../src/registry/registry.ts';
import { startRegistry } from '../harness/running.ts';
import { call, type Answered } from './calling.ts';

interface CallOptions {
  body?: unknown;
  headers?: OutgoingHttpHeaders;
}

export interface Private {
  registry: Registry;
  port: number;
  /** The first administrator's key; empty where there was one before. */
  admin: string;
  certificate: X509Certificate | undefined;
  /** Over TLS, with a key unless that is undefined. */
  ask: (
    key: string | undefined,
    method: string,
    path: string,
    options?: CallOptions,
  ) => Promise<Answered>;
  /** A new key, made by the administrator. */
  keyFor: (role: Role, told?: Partial<Pick<Key, 'name' | 'expires'>>) => Promise<MadeKey>;
}

export async function startPrivate(
  options: Partial<RegistryOptions> = {},
  network: Partial<PrivateOptions> = {},
): Promise<Private> {
  let admin = '';
  let certificate: X509Certificate | undefined;
  const { registry, port } = await startRegistry({
    ...options,
    private: {
      ...network,
      onFirstKey: (key, cert) => {
        admin = key;
        certificate = cert;
      },
    },
  });
  const ask: Private['ask'] = (key, method, path, { body, headers } = {}) =>
    call(port, method, path, {
      overTls: true,
      body,
      headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers },
    });
  return {
    ...{ registry, port, admin, certificate, ask },
    keyFor: async (role, told = {}) => {
      const body = { name: `a ${role}`, role, ...told };
      const { status, json } = await ask(admin, 'POST', '/api/v1/keys', { body });
      expect(status).toBe(201);
      return json as MadeKey;
    },
  };
}
