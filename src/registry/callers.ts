// Who is calling, and what follows from where they call from: whose endpoint it is, and at which
// address others reach a peer that sits on the registry's own machine.
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { endpointText, isLoopback, parseAddress, type Endpoint } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';

/** What of a request tells where it comes from. */
export interface Called {
  raw: { socket: Socket; headers?: IncomingHttpHeaders };
  /** Who asked: what a trusted proxy forwarded, else where the socket leads. */
  ip: string;
}

/** What proxies add to a request that they pass on. */
const MARKS_OF_PROXIES = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'];

/** Whether a request shows that a proxy passed it on. */
export function isPassedOn(headers: IncomingHttpHeaders): boolean {
  return MARKS_OF_PROXIES.some((mark) => mark in headers);
}

/** The two addresses of a call, canonical. */
export interface Caller {
  /** Where the call came from. */
  address: string;
  /** The address of the registry that the caller used, so one at which the caller reaches this machine. */
  registryAddress: string;
  /** Whether a proxy tells the address. */
  isForwarded?: boolean;
  /** Whether a proxy that is not trusted passed the call on: it may be anybody's, wherever the proxy is. */
  isAnybodys?: boolean;
}

/** What the addresses of connections are canonically: asked for with every request, and always the same. */
const connections = new WeakMap<Socket, Caller>();

/** @throws CodedError `bad-request` for a caller that has gone, so that nothing is done in its name */
export function callerOf(request: Called): Caller {
  const { remoteAddress, localAddress } = request.raw.socket;
  // A socket that was closed meanwhile has no addresses, and nobody to answer.
  if (remoteAddress === undefined || localAddress === undefined)
    throw new CodedError('bad-request', 'The connection was closed before the call was answered.');
  let direct = connections.get(request.raw.socket);
  if (!direct) {
    direct = {
      address: parseAddress(remoteAddress),
      registryAddress: parseAddress(localAddress),
    };
    connections.set(request.raw.socket, direct);
  }
  if (request.ip === remoteAddress) return direct;
  const { address, registryAddress } = direct;
  const forwarded = forwardedAddress(request.ip);
  // A proxy elsewhere that tells of loopback means its own machine, which it is then taken for.
  return isLoopback(forwarded) && !isLoopback(address)
    ? direct
    : { address: forwarded, registryAddress, isForwarded: true };
}

/** Where a call came from, canonical. @throws CodedError `bad-request` */
export function addressOf(request: Called): string {
  return callerOf(request).address;
}

function forwardedAddress(text: string): string {
  try {
    return parseAddress(text);
  } catch (cause) {
    throw new CodedError('bad-request', 'The proxy forwards what is no address.', { cause });
  }
}

/** Whether the caller is a process on the registry's own machine. */
function isOnThisMachine(caller: Caller): boolean {
  const { address, registryAddress, isForwarded = false, isAnybodys = false } = caller;
  if (isAnybodys) return false;
  if (isLoopback(address)) return true;
  // Behind a proxy elsewhere a private address of this machine may be anybody's.
  if (isForwarded) return false;
  if (address === registryAddress) return true;
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

/** The same of something that has an endpoint. */
export function withEndpointSeenBy<T extends { endpoint: Endpoint }>(caller: Caller, each: T): T {
  const endpoint = asSeenBy(caller, each.endpoint);
  return endpoint === each.endpoint ? each : { ...each, endpoint };
}

/** The other way round: where an endpoint may be registered that a caller was given as that one. */
export function asRegistered(caller: Caller, endpoint: Endpoint): Endpoint[] {
  const { ipAddress, port } = endpoint;
  return ipAddress === caller.registryAddress && !isLoopback(caller.address)
    ? [endpoint, ...['127.0.0.1', '::1'].map((loopback) => ({ ipAddress: loopback, port }))]
    : [endpoint];
}
