// The exercise's contract over real HTTP, to the letter: any other implementation relies on it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isName } from '../../src/protocol/names.ts';
import { startRegistry } from '../harness/running.ts';
import { call } from './calling.ts';

const A = { ipAddress: '127.0.0.1', port: 7771 };
const B = { ipAddress: '127.0.0.1', port: 7772 };
const BASE = '/api/Registers';
// Nothing listens at these endpoints, and the probes shall not notice within a test.
const UNPROBED = { probeEveryMs: 3_600_000 };

test('an endpoint is added once and taken away once, and 1 and 0 say so', async () => {
  const { port } = await startRegistry(UNPROBED);
  const expectText = async (method: string, body: unknown, text: string) => {
    const answer = await call(port, method, `${BASE}/a.txt`, { body });
    expect(answer).toMatchObject({ status: 200, text });
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
  };
  for (const take of ['PUT', 'DELETE']) {
    await expectText('GET', undefined, '[]');
    await expectText(take, A, '0');
    await expectText('POST', A, '1');
    await expectText('POST', A, '0');
    await expectText('GET', undefined, '[{"ipAddress":"127.0.0.1","port":7771}]');
    await expectText('POST', B, '1');
    await expectText(take, A, '1');
    await expectText(take, A, '0');
    await expectText('GET', undefined, '[{"ipAddress":"127.0.0.1","port":7772}]');
    await expectText(take, B, '1');
  }
});

test('HEAD answers what GET does, without the body', async () => {
  const { port } = await startRegistry(UNPROBED);
  const whole = await call(port, 'GET', `${BASE}/a.txt`);
  const head = await call(port, 'HEAD', `${BASE}/a.txt`);
  expect(head).toMatchObject({ status: 200, text: '' });
  for (const field of ['content-type', 'content-length'])
    expect(head.headers[field]).toBe(whole.headers[field]);
});

test.each([
  ['of the exercise', '{"ipAddress":"127.0.0.1","port":7771}'],
  ['in Pascal case', '{"IpAddress":"127.0.0.1","Port":7771}'],
  ['in any case, with more beside', '{"id":0,"IPADDRESS":"127.0.0.1","pOrT":7771,"x":null}'],
  ['with the port in digits', '{"ipAddress":"127.0.0.1","port":"7771"}'],
  ['with a mapped address', '{"ipAddress":"::ffff:127.0.0.1","port":7771}'],
  [
    'with white space and a byte order mark',
    '\ufeff {\r\n"ipAddress":\t"127.0.0.1","port":7771 }\n',
  ],
])('a body is read %s', async (_how, body) => {
  const { port } = await startRegistry(UNPROBED);
  expect((await call(port, 'POST', `${BASE}/a`, { body })).text).toBe('1');
  expect((await call(port, 'GET', `${BASE}/a`)).json).toEqual([A]);
  expect((await call(port, 'PUT', `${BASE}/a`, { body: A })).text).toBe('1');
});

test.each([
  'application/json',
  'application/json; charset=utf-8',
  'application/x-www-form-urlencoded',
  'text/plain',
  undefined,
])('a body is read as JSON when its content type is %s', async (type) => {
  const { port } = await startRegistry(UNPROBED);
  const headers = type === undefined ? {} : { 'content-type': type };
  expect((await call(port, 'POST', `${BASE}/a`, { body: A, headers })).text).toBe('1');
});

test('paths match in any case, and names do not', async () => {
  const { port } = await startRegistry(UNPROBED);
  expect((await call(port, 'POST', '/API/registers/A.txt', { body: A })).text).toBe('1');
  expect((await call(port, 'GET', '/api/REGISTERS/A.txt')).json).toEqual([A]);
  expect((await call(port, 'GET', `${BASE}/a.txt`)).json).toEqual([]);
});

test.each([
  ['a%20b.txt', 'a b.txt'],
  ['a+b.txt', 'a+b.txt'],
  ['a%2Bb.txt', 'a+b.txt'],
  ['a%23b%3Fc%25d', 'a#b?c%d'],
  ['100%2541', '100%41'],
  ['sub/dir/a', 'sub/dir/a'],
  ['sub%2Fdir%2fa', 'sub/dir/a'],
  ['%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82', 'Привет'],
  ['%F0%9F%8E%88%26%3D%3B%40%24%2C%3A', '🎈&=;@$,:'],
  ['e%CC%81', 'é'],
  ['%C3%A9', 'é'],
  ['a?b=c', 'a'],
  ['%2ehidden/..x/...', '.hidden/..x/...'],
  ['__proto__', '__proto__'],
  ['%C4%B0STANBUL/x', 'İSTANBUL/x'],
])('the path %s is the name %s', async (path, name) => {
  const { port } = await startRegistry(UNPROBED);
  expect((await call(port, 'POST', `${BASE}/${path}`, { body: A })).text).toBe('1');
  expect((await call(port, 'GET', BASE)).json).toEqual([{ name, endpoints: [A] }]);
  expect((await call(port, 'GET', `${BASE}/${encodeURIComponent(name)}`)).json).toEqual([A]);
  expect((await call(port, 'GET', `/api/v1/names/${path}`)).json).toMatchObject({ name });
  expect((await call(port, 'PUT', `${BASE}/${path}`, { body: A })).text).toBe('1');
});

test('a base in another spelling leads to the same name', async () => {
  const { port } = await startRegistry(UNPROBED);
  // RFC 9112 section 3.2.2: a server accepts the absolute form of a target.
  const absolute = `http://registry.test${BASE}/a%20b`;
  expect((await call(port, 'POST', absolute, { body: A })).text).toBe('1');
  expect((await call(port, 'POST', '/api/%52egisters/a%20b', { body: A })).text).toBe('0');
  expect((await call(port, 'GET', '/api/v1/n%61mes/a%20b')).json).toMatchObject({ name: 'a b' });
  expect((await call(port, 'GET', BASE)).json).toEqual([{ name: 'a b', endpoints: [A] }]);
});

const segment = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
  fc.constantFrom(
    '+',
    '%',
    '%2F',
    '#',
    '?',
    '%00',
    '...',
    "'",
    '*',
    ':',
    'e\u0301',
    'ᄀ\u1161\u11a8',
  ),
);
const anyName = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map((segments) => segments.join('/'))
  .filter(isName);

test('whatever is a name can be registered, found and taken away', async () => {
  const { port } = await startRegistry(UNPROBED);
  await fc.assert(
    fc.asyncProperty(anyName, fc.boolean(), async (name, slashesAsTheyAre) => {
      const encoded = encodeURIComponent(name);
      const path = `${BASE}/${slashesAsTheyAre ? encoded.replaceAll('%2F', '/') : encoded}`;
      expect((await call(port, 'POST', path, { body: A })).text).toBe('1');
      expect((await call(port, 'GET', path)).json).toEqual([A]);
      expect((await call(port, 'GET', BASE)).json).toEqual([
        { name: name.normalize('NFC'), endpoints: [A] },
      ]);
      expect((await call(port, 'PUT', path, { body: A })).text).toBe('1');
      expect((await call(port, 'GET', path)).json).toEqual([]);
    }),
    {
      numRuns: 60,
      examples: [
        ['a'.repeat(1024), false],
        ['#'.repeat(1024), false],
        // Composed it fits; as it is sent it is nine times as long.
        ['각'.repeat(341).normalize('NFD'), false],
      ],
    },
  );
});

test('the listing comes in pages, and following them yields every name once', async () => {
  const { port } = await startRegistry(UNPROBED);
  const names = Array.from({ length: 230 }, (_, index) => `dir & co/é ${index}`);
  for (const name of names)
    await call(port, 'POST', `${BASE}/${encodeURIComponent(name)}`, { body: A });
  await call(port, 'POST', `${BASE}/${encodeURIComponent(names[0] ?? '')}`, { body: B });

  for (const [first, pages] of [
    [BASE, 3],
    [`${BASE}?limit=7`, 33],
    [`${BASE}?limit=1000`, 1],
  ] as const) {
    const seen: { name: string; endpoints: unknown[] }[] = [];
    let answered = 0;
    for (
      let next: string | undefined = first;
      next !== undefined && answered <= pages;
      answered++
    ) {
      const { json, headers } = await call(port, 'GET', next);
      seen.push(...(json as typeof seen));
      const link = headers['link'] as string | undefined;
      next = link && /^<([^>]+)>; rel="next"$/.exec(link)?.[1];
    }
    expect(answered).toBe(pages);
    expect(seen.map(({ name }) => name)).toEqual(names.toSorted());
    expect(seen.find(({ name }) => name === names[0])?.endpoints).toEqual([A, B]);
  }
});

test('other bases are the same index, beside the exercise’s own', async () => {
  const { port } = await startRegistry({ ...UNPROBED, bases: ['api/powernap', 'Files/endpoints'] });
  expect((await call(port, 'POST', '/api/PowerNap/sub/a%20b', { body: A })).text).toBe('1');
  for (const base of ['/api/powernap', '/files/endpoints', BASE]) {
    expect((await call(port, 'GET', `${base}/sub%2Fa%20b`)).json).toEqual([A]);
    expect((await call(port, 'GET', base)).json).toEqual([{ name: 'sub/a b', endpoints: [A] }]);
  }
  const { headers } = await call(port, 'GET', '/api/powernap?limit=1');
  expect(headers['link']).toBeUndefined();
  expect((await call(port, 'POST', '/files/endpoints/c', { body: A })).text).toBe('1');
  const more = await call(port, 'GET', '/api/powernap?limit=1');
  expect(more.headers['link']).toBe('</api/powernap?limit=1&after=c>; rel="next"');
  expect((await call(port, 'DELETE', '/Files/Endpoints/c', { body: A })).text).toBe('1');
});
