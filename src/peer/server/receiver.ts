// Who receives, as people are told: an address as it is written everywhere else.
import type { Socket } from 'node:net';
import { endpointText, parseAddress } from '../../protocol/endpoints.ts';

/** The address at the other end of a connection; empty where it has ended already. */
export function addressOf({ remoteAddress }: Socket): string {
  return remoteAddress === undefined ? '' : parseAddress(remoteAddress);
}

/** The address of a connection, and the port at which its owner serves. */
export function receiverText(address: string, port: number): string {
  return endpointText({ ipAddress: parseAddress(address), port });
}
