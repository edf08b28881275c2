// Who is calling, and what follows from where they call from: whose endpoint it is, and at which
// address others reach a peer that sits on the registry's own machine.
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { endpointText, isLoopback, parseAddress, type Endpoint } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';

/** The two addresses of a call, canonical. */
export interface Caller {
  /** Where the call came from. */
  address: string;
  /** The address of the registry that the caller used, so one at which the caller reaches this machine. */
  registryAddress: string;
}

/** @throws CodedError `bad-request` for a caller that has gone, so that nothing is done in its name */
export function callerOf({ remoteAddress, localAddress }: Socket): Caller {
  // A socket that was closed meanwhile has no addresses, and nobody to answer.
  if (remoteAddress === undefined || localAddress === undefined)
    throw new CodedError('bad-request', 'The connection was closed before the call was answered.');
  return { address: parseAddress(remoteAddress), registryAddress: parseAddress(localAddress) };
}

/** Whether the caller is a process on the registry's own machine. */
function isOnThisMachine({ address, registryAddress }: Caller): boolean {
  if (isLoopback(address) || address === registryAddress) return true;
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some((own) => parseAddress(own.address) === address),
  );
}

/**
 * An endpoint is changed only from its own address, or from the registry's own machine.
 *
 * @throws CodedError `endpoint-not-yours`
 */
export function requireOwnEndpoint(caller: Caller, endpoint: Endpoint): void {
  if (endpoint.ipAddress === caller.address || isOnThisMachine(caller)) return;
  throw new CodedError(
    'endpoint-not-yours',
    `${endpointText(endpoint)} is not at the address that you call from, ${caller.address}.`,
  );
}

/**
 * An endpoint as a caller can use it. Loopback stands for the registry's machine: callers on that
 * machine get it as it is, everyone else gets the address at which they reached the registry.
 */
export function asSeenBy(caller: Caller, endpoint: Endpoint): Endpoint {
  return isLoopback(endpoint.ipAddress) && !isLoopback(caller.address)
    ? { ipAddress: caller.registryAddress, port: endpoint.port }
    : endpoint;
}

/** The other way round: where an endpoint may be registered that a caller was given as that one. */
export function asRegistered(caller: Caller, endpoint: Endpoint): Endpoint[] {
  const { ipAddress, port } = endpoint;
  return ipAddress === caller.registryAddress && !isLoopback(caller.address)
    ? [endpoint, ...['127.0.0.1', '::1'].map((loopback) => ({ ipAddress: loopback, port }))]
    : [endpoint];
}
