// Whose endpoint it is, and which address a caller is given for it.
import { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../protocol/endpoints.ts';
import { asSeenBy, callerOf, requireOwnEndpoint, type Caller } from './callers.ts';

// Addresses for documentation (RFC 5737, RFC 3849): never this machine's.
const registryAddress = '192.0.2.1';
const stranger: Caller = { address: '198.51.100.7', registryAddress };
const strangerOver6: Caller = { address: '2001:db8::7', registryAddress: '2001:db8::1' };
const local: Caller = { address: '127.0.0.1', registryAddress: '127.0.0.1' };
const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .map(({ address }) => parseAddress(address));

describe('an endpoint may be changed', () => {
  test('from its own address, whatever the port', () => {
    requireOwnEndpoint(stranger, { ipAddress: stranger.address, port: 1 });
    requireOwnEndpoint(strangerOver6, { ipAddress: parseAddress('2001:DB8:0::7'), port: 65535 });
    requireOwnEndpoint(
      { address: parseAddress('::ffff:198.51.100.7'), registryAddress },
      { ipAddress: parseAddress('::ffff:c633:6407'), port: 7771 },
    );
  });

  const onThisMachine: [how: string, Caller][] = [
    ['over loopback', local],
    ['over IPv6 loopback', { address: '::1', registryAddress: '::1' }],
    ['from any address of 127.0.0.0/8', { address: '127.8.8.8', registryAddress: '127.0.0.1' }],
    [
      'over the address that the registry was called at',
      { address: registryAddress, registryAddress },
    ],
    ...own.map((address): [string, Caller] => [`from ${address}`, { address, registryAddress }]),
  ];
  test.each(onThisMachine)("from the registry's own machine: %s", (_how, caller) => {
    for (const ipAddress of ['203.0.113.9', '127.0.0.1', '2001:db8::9'])
      requireOwnEndpoint(caller, { ipAddress, port: 7771 });
  });

  test.each([
    '198.51.100.8',
    '198.51.100.77',
    '8.51.100.7',
    '127.0.0.1',
    '::1',
    registryAddress,
    '2001:db8::7',
    // Looks like the caller's, is another address: IPv4-compatible, not IPv4-mapped.
    parseAddress('::198.51.100.7'),
  ])('by nobody else: %s', (ipAddress) => {
    expect(() => {
      requireOwnEndpoint(stranger, { ipAddress, port: 7771 });
    }).toThrow(expect.objectContaining({ code: 'endpoint-not-yours' }));
  });

  test('and a refusal says whose it is taken for', () => {
    expect(() => {
      requireOwnEndpoint(strangerOver6, { ipAddress: '2001:db8::8', port: 7771 });
    }).toThrow('[2001:db8::8]:7771 is not at the address that you call from, 2001:db8::7.');
  });
});

describe('an endpoint on loopback', () => {
  test('is given as it is to callers on the same machine', () => {
    for (const ipAddress of ['127.0.0.1', '127.0.1.1', '::1'])
      expect(asSeenBy(local, { ipAddress, port: 7771 })).toEqual({ ipAddress, port: 7771 });
  });

  test('is given to everyone else at the address at which they reached the registry', () => {
    for (const ipAddress of ['127.0.0.1', '127.0.1.1', '::1'])
      for (const caller of [stranger, strangerOver6])
        expect(asSeenBy(caller, { ipAddress, port: 7771 })).toEqual({
          ipAddress: caller.registryAddress,
          port: 7771,
        });
  });
});

test('any other endpoint is given to everyone as it is', () => {
  for (const caller of [stranger, strangerOver6, local])
    for (const ipAddress of ['203.0.113.9', '10.0.0.1', '2001:db8::9'])
      expect(asSeenBy(caller, { ipAddress, port: 1 })).toEqual({ ipAddress, port: 1 });
});

test('a caller that has gone is nobody, and least of all on this machine', () => {
  const gone = { raw: { socket: new Socket() }, ip: '127.0.0.1' };
  expect(() => callerOf(gone)).toThrow(expect.objectContaining({ code: 'bad-request' }));
});
