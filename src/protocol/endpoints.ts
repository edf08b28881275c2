// Where a peer listens: the exercise's FileEndPoint. Addresses are compared as the addresses that
// they are, however they are spelt.
import ipaddr from 'ipaddr.js';
import { CodedError } from './errors.ts';

/** Where a peer listens. `ipAddress` is canonical: dotted IPv4, or compressed lower-case IPv6. */
export interface Endpoint {
  ipAddress: string;
  /** 1 to 65535. */
  port: number;
}

/**
 * The canonical spelling of an IP address: IPv4-mapped IPv6 becomes IPv4, zone ids are dropped, and
 * `localhost` is 127.0.0.1.
 *
 * @throws CodedError `bad-endpoint`
 */
export function parseAddress(text: string): string {
  if (text.length <= 64) {
    if (text.toLowerCase() === 'localhost') return '127.0.0.1';
    if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text;
    if (text.includes(':')) {
      const bare = inHexadecimal(text.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, ''));
      if (!bare.includes('.') && ipaddr.IPv6.isValid(bare)) {
        const address = ipaddr.IPv6.parse(bare);
        return address.isIPv4MappedAddress()
          ? address.toIPv4Address().toString()
          : address.toString();
      }
    }
  }
  throw new CodedError('bad-endpoint', 'ipAddress is an IPv4 or IPv6 address, such as 192.0.2.7.');
}

/**
 * An IPv6 address that ends in dotted IPv4 (RFC 4291 section 2.2), without the dots. Left to itself
 * ipaddr.js takes ::1.2.3.4 for ::ffff:1.2.3.4, and lets octal and hexadecimal digits pass.
 */
function inHexadecimal(ipv6: string): string {
  const dotted = ipv6.slice(ipv6.lastIndexOf(':') + 1);
  if (!ipaddr.IPv4.isValidFourPartDecimal(dotted)) return ipv6;
  const groups = ipaddr.IPv4.parse(dotted).toIPv4MappedAddress().parts.slice(-2);
  return ipv6.slice(0, -dotted.length) + groups.map((group) => group.toString(16)).join(':');
}

/**
 * The endpoint in a value from outside: an object with `ipAddress` and `port`, the names in any
 * case, the port a number or its digits, as ASP.NET's web defaults read them.
 *
 * @throws CodedError `bad-endpoint`
 */
export function parseEndpoint(value: unknown): Endpoint {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CodedError('bad-endpoint', 'An endpoint is an object: { "ipAddress", "port" }.');
  let address: unknown;
  let port: unknown;
  for (const [key, member] of Object.entries(value)) {
    if (key.toLowerCase() === 'ipaddress') address = member;
    else if (key.toLowerCase() === 'port') port = member;
  }
  if (typeof address !== 'string')
    throw new CodedError('bad-endpoint', 'ipAddress is missing, or not a string.');
  const ipAddress = parseAddress(address);
  const range = ipaddr.parse(ipAddress).range();
  if (range === 'unspecified' || range === 'multicast' || range === 'broadcast')
    throw new CodedError('bad-endpoint', `${ipAddress} is not the address of one peer.`);
  return { ipAddress, port: parsePort(port) };
}

function parsePort(value: unknown): number {
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535)
    throw new CodedError('bad-endpoint', 'port is a whole number from 1 to 65535.');
  return port;
}

/** Whether a canonical address is this machine's own, 127.0.0.0/8 or ::1. */
export function isLoopback(ipAddress: string): boolean {
  // Asked for every request: ipaddr.js would look through all the ranges that it knows.
  return ipAddress.startsWith('127.') || ipAddress === '::1';
}

/** What one subscriber has of addresses: a canonical IPv4 address itself, of IPv6 its /64, where single ones cost nothing. */
export function networkOf(ipAddress: string): string {
  if (!ipAddress.includes(':')) return ipAddress;
  const groups = ipaddr.IPv6.parse(ipAddress).parts.slice(0, 4);
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}

/** An endpoint as people write it: `192.0.2.7:7771`, `[2001:db8::1]:7771`. */
export function endpointText({ ipAddress, port }: Endpoint): string {
  return `${ipAddress.includes(':') ? `[${ipAddress}]` : ipAddress}:${port}`;
}
