// Endpoints from outside: addresses compare as what they are, and nothing that is no endpoint passes.
import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endpointText, isLoopback, parseAddress, parseEndpoint } from './endpoints.ts';
import { CodedError } from './errors.ts';

/** What a parser answers; undefined where it refuses the way it should. */
function valueOrRefusal<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    expect(error).toBeInstanceOf(CodedError);
    expect((error as CodedError).code).toBe('bad-endpoint');
    return undefined;
  }
}

const addressLike = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        ...[':', '::', '.', '%', '[', ']', '0', '1', '255', '256', '0x7f', '010', 'ffff', 'FE80'],
        ...['1.2.3.4', 'eth0', ' ', '\n', '-1', 'localhost', '\0', '١'],
      ),
      { maxLength: 10 },
    )
    .map((parts) => parts.join('')),
  fc.ipV4(),
  fc.ipV6(),
);

describe('an address', () => {
  test('is canonical, or refused as bad-endpoint, whatever the text', () => {
    fc.assert(
      fc.property(addressLike, (text) => {
        const address = valueOrRefusal(() => parseAddress(text));
        if (address === undefined) return;
        expect(isIP(address)).not.toBe(0);
        expect(parseAddress(address)).toBe(address);
        expect(address).toMatch(/^[0-9a-f:.]+$/);
        expect(address).not.toMatch(/^::ffff:[0-9a-f]+:[0-9a-f]+$/);
      }),
      { numRuns: 3_000 },
    );
  });

  test('is read as the URL standard reads it, in every spelling of IPv6', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const hex = groups.map((each) => each.toString(16));
        const canonical = new URL(`http://[${hex.join(':')}]/`).hostname.slice(1, -1);
        fc.pre(!canonical.startsWith('::ffff:'));
        const bytes = groups.slice(6).flatMap((each) => [each >> 8, each & 0xff]);
        const padded = hex.map((each) => each.padStart(4, '0'));
        for (const spelling of [
          hex.join(':'),
          padded.join(':').toUpperCase(),
          `[${padded.join(':')}]`,
          `${canonical}%eth0`,
          `${hex.slice(0, 6).join(':')}:${bytes.join('.')}`,
        ])
          expect(parseAddress(spelling)).toBe(canonical);
      }),
    );
  });

  test('that is IPv4 in IPv6 is that IPv4 address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        const dotted = bytes.join('.');
        const hex = Buffer.from(bytes).toString('hex');
        for (const spelling of [
          dotted,
          `::ffff:${dotted}`,
          `::FFFF:${hex.slice(0, 4)}:${hex.slice(4)}`,
          `0:0:0:0:0:ffff:${dotted}`,
          `[::ffff:${dotted}%1]`,
        ])
          expect(parseAddress(spelling)).toBe(dotted);
      }),
    );
    expect(parseAddress('::ffff:102:304')).toBe('1.2.3.4');
  });

  test('that only ends like IPv4 stays IPv6', () => {
    expect(parseAddress('::1.2.3.4')).toBe(parseAddress('::102:304'));
    expect(parseAddress('64:ff9b::1.2.3.4')).toBe('64:ff9b::102:304');
  });

  test('may be localhost, in any case, and may have a zone', () => {
    expect(parseAddress('LocalHost')).toBe('127.0.0.1');
    expect(parseAddress('fe80::1%eth0')).toBe('fe80::1');
    expect(parseAddress('fe80::1%25eth0')).toBe('fe80::1');
  });

  test.each([
    ...['', ' ', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.04', '010.0.0.1', '0x7f.0.0.1', '127.1'],
    ...[
      '2130706433',
      ' 1.2.3.4',
      '1.2.3.4\n',
      '1.2.3.4:80',
      '[1.2.3.4]',
      '1.2.3.4%eth0',
      'a.b.c.d',
    ],
    ...['::ffff:010.1.1.1', '::ffff:0x1.2.3.4', '::ffff:256.1.1.1', '::ffff:1.2.3', '12345::'],
    ...[
      '1::2::3',
      ':::',
      ':',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '[::1',
      '::1]',
      '::1/64',
      '::g',
    ],
    ...['::1\n', '%eth0', 'example.org', '::1'.padEnd(65, '%'), '1.2.3.4\0'],
  ])('%j is none', (text) => {
    expect(valueOrRefusal(() => parseAddress(text))).toBeUndefined();
  });
});

describe('an endpoint', () => {
  const ipAddress = '192.0.2.7';

  test('has its property names in any case, and members that others add', () => {
    const endpoint = { ipAddress, port: 7771 };
    expect(parseEndpoint(endpoint)).toEqual(endpoint);
    expect(parseEndpoint({ IpAddress: ipAddress, Port: 7771 })).toEqual(endpoint);
    expect(parseEndpoint({ IPADDRESS: ipAddress, pORT: 7771, id: 3 })).toEqual(endpoint);
    expect(parseEndpoint({ ipaddress: '::ffff:c000:207', port: '7771' })).toEqual(endpoint);
  });

  test.each([1, 80, 65535, '1', '80', '00080', '65535', 7771.0, 1e3])('has port %j', (port) => {
    expect(parseEndpoint({ ipAddress, port })).toEqual({ ipAddress, port: Number(port) });
  });

  test.each([
    ...[0, -1, 65536, 70000, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -0],
    ...['', '0', '-1', '65536', '70000', '8e1', '0x50', ' 80', '80 ', '+80', '1.0', '٨٠', '080000'],
    ...[null, undefined, true, [80], { valueOf: () => 80 }, 80n],
  ])('does not have port %o', (port) => {
    expect(valueOrRefusal(() => parseEndpoint({ ipAddress, port }))).toBeUndefined();
  });

  test.each([
    '{"ipAddress":"192.0.2.7","port":1e999}',
    '{"ipAddress":"192.0.2.7"}',
    '{"port":7771}',
    '{"ipAddress":["192.0.2.7"],"port":7771}',
    '{"ipAddress":3221225991,"port":7771}',
    '{"ipAddress":null,"port":7771}',
    '{"__proto__":{"ipAddress":"192.0.2.7","port":7771}}',
    '[{"ipAddress":"192.0.2.7","port":7771}]',
    '["192.0.2.7",7771]',
    '"192.0.2.7:7771"',
    'null',
    'true',
    '7771',
    '{}',
  ])('is not in %s', (json) => {
    expect(valueOrRefusal(() => parseEndpoint(JSON.parse(json)))).toBeUndefined();
  });

  test('is not inherited', () => {
    expect(
      valueOrRefusal(() => parseEndpoint(Object.create({ ipAddress, port: 7771 }))),
    ).toBeUndefined();
  });

  test.each([
    '0.0.0.0',
    '0.1.2.3',
    '::',
    '255.255.255.255',
    '224.0.0.1',
    'ff02::1',
    '::ffff:0.0.0.0',
  ])('is not at %s, where no single peer can be', (address) => {
    expect(valueOrRefusal(() => parseEndpoint({ ipAddress: address, port: 7771 }))).toBeUndefined();
  });

  test('is valid, or refused as bad-endpoint, whatever the value', () => {
    const member = fc.oneof(fc.anything(), addressLike, fc.integer(), fc.double());
    const value = fc.oneof(
      fc.anything({ withBigInt: true, withMap: true, withNullPrototype: true, withDate: true }),
      fc.record({ ipAddress: member, port: member }, { requiredKeys: [] }),
      fc.record({ ipAddress: fc.ipV6(), port: fc.integer({ min: -5, max: 70_000 }) }),
    );
    fc.assert(
      fc.property(value, (each) => {
        const endpoint = valueOrRefusal(() => parseEndpoint(each));
        if (endpoint === undefined) return;
        expect(Object.keys(endpoint)).toEqual(['ipAddress', 'port']);
        expect(parseAddress(endpoint.ipAddress)).toBe(endpoint.ipAddress);
        expect(endpoint.port).toSatisfy(
          (port) => Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65535,
        );
        expect(parseEndpoint(endpoint)).toEqual(endpoint);
        expect(new URL(`http://${endpointText(endpoint)}/`).protocol).toBe('http:');
      }),
      { numRuns: 2_000 },
    );
  });

  test('is written with brackets around IPv6', () => {
    expect(endpointText({ ipAddress, port: 1 })).toBe('192.0.2.7:1');
    expect(endpointText({ ipAddress: '2001:db8::1', port: 7771 })).toBe('[2001:db8::1]:7771');
  });
});

test('loopback is all of 127.0.0.0/8, and ::1', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1']) expect(isLoopback(address)).toBe(true);
  for (const address of ['128.0.0.1', '126.255.255.255', '::2', 'fe80::1', '10.0.0.1'])
    expect(isLoopback(address)).toBe(false);
});
