// Requests that fit neither contract are refused with a problem document and a stable code, and
// change nothing. What is not even HTTP, or late, is in bad-clients.test.ts.
import { expect, test } from 'vitest';
import { identityOf } from '../harness/identities.ts';
import { startRegistry } from '../harness/running.ts';
import { call, expectProblem } from './calling.ts';

const A = { ipAddress: '127.0.0.1', port: 7771 };
const BASE = '/api/Registers';
const PEER = `/api/v1/peers/${identityOf('Ann').peerId}`;
const ROOT = '0123456789abcdef'.repeat(4);
const HELD = `${PEER}/contents/${ROOT}`;
const UNPROBED = { probeEveryMs: 3_600_000 };

test('what is no name is refused in every spelling', async () => {
  const { port } = await startRegistry(UNPROBED);
  for (const path of [
    ...['', '/', 'a/', '/a', 'a//b', '%2Fetc%2Fpasswd'],
    ...['.', '..', '../a', 'a/../b', 'a/..', './a', '%2e%2e/a', '%2E%2E%2Fa', '..%2f..%2fa'],
    ...['..%5C..%5Ca', 'a%5Cb', 'a\\b', 'C:%5Ca', 'C:/a', 'c%3A%2Fa'],
    ...['a%00.txt', 'a%0Ab', 'a%0D%0AX:%20y', 'a%1B%5B2J', 'a%7F', 'a%C2%85'],
    ...['%ED%A0%80', '%FF', '%C3', '%C0%AE%C0%AE/a', '%', '%zz', '%2', 'a%'],
    ...['a'.repeat(1025), '%C3%A9'.repeat(513), 'a/'.repeat(4000)],
  ]) {
    for (const method of ['POST', 'PUT', 'DELETE'])
      expectProblem(await call(port, method, `${BASE}/${path}`, { body: A }), 400, 'bad-name');
    for (const each of [`${BASE}/${path}`, `/api/v1/names/${path}`])
      expectProblem(await call(port, 'GET', each), 400, 'bad-name');
  }
  expect((await call(port, 'GET', BASE)).json).toEqual([]);
});

test('a body that is not JSON is refused', async () => {
  const { port } = await startRegistry(UNPROBED);
  for (const body of [
    ...[' ', '{', '}', '{"ipAddress":"127.0.0.1","port":7771}}', "{'port':1}", '\u0000'],
    'ipAddress=127.0.0.1&port=7771',
    '['.repeat(16_000),
    // JSON, but after it what every object has would be another thing.
    '{"ipAddress":"127.0.0.1","port":7771,"__proto__":{"admin":true}}',
    '{"\\u005f_proto__":{"admin":true}}',
    '{"constructor":{"prototype":{"admin":true}}}',
  ]) {
    for (const method of ['POST', 'PUT', 'DELETE'])
      expectProblem(await call(port, method, `${BASE}/a`, { body }), 400, 'bad-body');
    expectProblem(await call(port, 'PUT', PEER, { body }), 400, 'bad-body');
    expectProblem(await call(port, 'PATCH', `${PEER}/catalogue`, { body }), 400, 'bad-body');
    expectProblem(await call(port, 'PUT', HELD, { body }), 400, 'bad-body');
    expectProblem(await call(port, 'POST', '/api/v1/reports', { body }), 400, 'bad-body');
  }
  expect(Object.prototype).not.toHaveProperty('admin');
  expect((await call(port, 'GET', BASE)).json).toEqual([]);
});

test('a body that is no endpoint is refused', async () => {
  const { port } = await startRegistry(UNPROBED);
  const addresses = [
    ...[['127.0.0.1'], 2130706433, '2130706433', '0x7f.1', '127.1', '127.0.0.01', '256.0.0.1'],
    ...['', ' 127.0.0.1', '127.0.0.1\u0000', 'example.com', '127.0.0.1:7771', '::g', ':', null],
    ...['0.0.0.0', '::', '224.0.0.1', 'ff02::1', '255.255.255.255', '1'.repeat(65)],
  ];
  const ports = [0, -1, 70_000, 7771.5, 2 ** 53, true, null, '', '0x10', ' 7771', '7771 ', [7771]];
  const bodies: unknown[] = [
    ...['', 'null', '1', '"127.0.0.1:7771"', '{}', '[]', `[${JSON.stringify(A)}]`],
    '['.repeat(8_000) + ']'.repeat(8_000),
    '{"ipAddress":"127.0.0.1","port":1e400}',
    ...addresses.map((ipAddress) => ({ ipAddress, port: 7771 })),
    ...ports.map((each) => ({ ipAddress: '127.0.0.1', port: each })),
    ...[{ port: 7771 }, { ipAddress: '127.0.0.1' }],
  ];
  for (const body of bodies)
    for (const method of ['POST', 'PUT', 'DELETE'])
      expectProblem(await call(port, method, `${BASE}/a`, { body }), 400, 'bad-endpoint');
  expectProblem(
    await call(port, 'PUT', PEER, { body: { ...A, ipAddress: '' } }),
    400,
    'bad-endpoint',
  );
  expect((await call(port, 'GET', BASE)).json).toEqual([]);
});

const ENTRY = { name: 'a', size: 1, modified: 1 };
const CHANGE = { revision: 0, offered: [ENTRY], withdrawn: [] };

test('a body is taken as it is: nothing in it is made to fit', async () => {
  const { port } = await startRegistry(UNPROBED);
  await call(port, 'PUT', PEER, { body: { port: 7771 } });
  for (const body of [
    ...[{}, [], undefined, 'null', '1', { port: '7771' }, { port: true }, { port: 0 }],
    ...[
      { port: 7771, displayName: null },
      { port: 7771, displayName: 'x'.repeat(65) },
    ],
    ...[
      { port: 7771, unknown: 1 },
      { port: 7771, ipAddress: 1 },
    ],
  ])
    expectProblem(await call(port, 'PUT', PEER, { body }), 400, 'bad-request');
  for (const body of [
    ...[{}, [], undefined, 'null', { revision: 0 }, { ...CHANGE, unknown: 1 }],
    ...[null, '0', '', true, -1, 0.5, 2 ** 53].map((revision) => ({ ...CHANGE, revision })),
    ...['true', null, 1].map((reset) => ({ ...CHANGE, reset })),
    ...['a', null, [1], [''], [null], [['a']]].map((withdrawn) => ({ ...CHANGE, withdrawn })),
    ...[ENTRY, null, [null], [[]], Array(5_001).fill(ENTRY)].map((offered) => ({
      ...CHANGE,
      offered,
    })),
    ...[
      ...[5, null, '', [], 'a'.repeat(1025)].map((name) => ({ name })),
      ...[null, '', '1', true, -1, 1.5, 2 ** 53].map((size) => ({ size })),
      ...[null, 1e16, -1e16].map((modified) => ({ modified })),
      ...[null, '', 1, [ROOT], ROOT.toUpperCase(), ROOT.slice(1), `${ROOT}0`].map((root) => ({
        root,
      })),
      ...[`${ROOT}\n`, ` ${ROOT.slice(1)}`, 'g'.repeat(64)].map((root) => ({ root })),
      ...[{ unknown: 1 }, { size: undefined }],
    ].map((fault) => ({ ...CHANGE, offered: [ENTRY, { ...ENTRY, ...fault }] })),
  ])
    expectProblem(await call(port, 'PATCH', `${PEER}/catalogue`, { body }), 400, 'bad-request');
  const { json } = await call(port, 'GET', '/api/v1/peers');
  expect(json).toMatchObject({ peers: [{ endpoint: A, displayName: null, names: 0 }] });
});

test('what does not fit a holding or a report is refused', async () => {
  const { port } = await startRegistry(UNPROBED);
  await call(port, 'PUT', PEER, { body: { port: 7771 } });
  for (const body of [
    ...[{}, [], undefined, 'null', 'true', { complete: true, unknown: 1 }],
    ...[null, 0, 1, 'true', [true]].map((complete) => ({ complete })),
  ])
    expectProblem(await call(port, 'PUT', HELD, { body }), 400, 'bad-request');
  const report = { endpoint: A, reason: 'unreachable' };
  for (const body of [
    ...[{}, [], undefined, 'null', { endpoint: A }, { reason: 'unreachable' }],
    ...[null, '', 'Unreachable', 'else', 1, ['unreachable']].map((reason) => ({
      ...{ endpoint: A, reason },
    })),
    ...[null, '127.0.0.1:7771', [A], {}, { ...A, unknown: 1 }, { ...A, port: '7771' }].map(
      (endpoint) => ({ ...report, endpoint }),
    ),
    ...[null, '', 1, ROOT.toUpperCase(), ROOT.slice(1), `${ROOT}\n`].map((root) => ({
      ...{ ...report, root },
    })),
    { ...report, unknown: 1 },
  ])
    expectProblem(await call(port, 'POST', '/api/v1/reports', { body }), 400, 'bad-request');
  for (const ipAddress of ['example.com', '0.0.0.0', '255.255.255.255', ''])
    expectProblem(
      await call(port, 'POST', '/api/v1/reports', {
        body: { ...report, endpoint: { ...A, ipAddress } },
      }),
      ...([400, 'bad-endpoint'] as const),
    );
  const { json } = await call(port, 'GET', `/api/v1/contents/${ROOT}`);
  expect(json).toMatchObject({ sources: [] });
});

test('what is not asked for properly is refused', async () => {
  const { port } = await startRegistry();
  for (const limit of ['0', '1001', '-1', '', 'x', '1&limit=2'])
    for (const path of [
      ...[`${BASE}?`, '/api/v1/peers?', '/api/v1/search?text=a&', `/api/v1/contents/${ROOT}?`],
    ])
      expectProblem(await call(port, 'GET', `${path}limit=${limit}`), 400, 'bad-request');
  for (const root of [
    ...['', 'a', '..', '__proto__', '%00', '%F0%9F%8E%88', 'g'.repeat(64), '0x'.padEnd(64, '0')],
    ...[ROOT.slice(1), `${ROOT}0`, ROOT.toUpperCase(), `${ROOT}%0A`, `%20${ROOT}`, ROOT.repeat(60)],
  ])
    for (const [method, path] of [
      ['GET', '/api/v1/contents'],
      ['PUT', `${PEER}/contents`],
      ['DELETE', `${PEER}/contents`],
    ] as const)
      if (method === 'GET' || !root.startsWith('.'))
        expectProblem(
          await call(port, method, `${path}/${root}`, {
            body: method === 'PUT' ? { complete: true } : undefined,
          }),
          ...([400, 'bad-request'] as const),
        );
  for (const [method, path, status, code] of [
    ['GET', '/api/v1/search', 400, 'bad-request'],
    ['GET', '/api/v1/search?text=', 400, 'bad-request'],
    ['GET', '/api/v1/search?text=a&text=b', 400, 'bad-request'],
    ['GET', `/api/v1/search?text=${'a'.repeat(201)}`, 400, 'bad-request'],
    ['GET', `${BASE}?after=..`, 400, 'bad-name'],
    ['PUT', PEER.slice(0, -1), 400, 'bad-request'],
    ['PUT', PEER.replace(/[a-f]/, (digit) => digit.toUpperCase()), 400, 'bad-request'],
    ['DELETE', '/api/v1/peers/..', 400, 'bad-request'],
    ['DELETE', '/api/v1/peers/__proto__', 400, 'bad-request'],
    ['GET', '/%', 400, 'bad-name'],
    ['GET', `/api/v1/contents/${ROOT}/a`, 404, 'not-found'],
    ['GET', '/', 404, 'not-found'],
    ['GET', '/api', 404, 'not-found'],
    ['GET', '//api/Registers/a', 404, 'not-found'],
    ['GET', '/api/Registers2/a', 404, 'not-found'],
    ['GET', '/__proto__', 404, 'not-found'],
    ['GET', `${PEER}/../../healthz`, 404, 'not-found'],
    ['POST', `/${'a'.repeat(8_000)}`, 404, 'not-found'],
  ] as const)
    expectProblem(await call(port, method, path), status, code);
});

test('another method than a path has is refused, and told what is allowed', async () => {
  const { port } = await startRegistry({ bases: ['api/powernap'] });
  for (const [method, path, allowed] of [
    ['PATCH', `${BASE}/a`, 'DELETE, GET, HEAD, POST, PUT'],
    ['OPTIONS', '/api/powernap/a', 'DELETE, GET, HEAD, POST, PUT'],
    ['POST', BASE, 'GET, HEAD'],
    ['DELETE', BASE, 'GET, HEAD'],
    ['POST', '/api/v1', 'GET, HEAD'],
    ['GET', PEER, 'DELETE, PUT'],
    ['HEAD', PEER, 'DELETE, PUT'],
    ['PUT', `${PEER}/catalogue`, 'PATCH'],
    ['DELETE', '/api/v1/names/a', 'GET, HEAD'],
    ['PUT', `/api/v1/contents/${ROOT}`, 'GET, HEAD'],
    ['GET', HELD, 'DELETE, PUT'],
    ['GET', '/api/v1/reports', 'POST'],
    ['TRACE', '/healthz', 'GET, HEAD'],
  ] as const) {
    const answer = await call(port, method, path);
    expect(answer, answer.asked).toMatchObject({ status: 405, headers: { allow: allowed } });
    if (method !== 'HEAD') expectProblem(answer, 405, 'method-not-allowed');
  }
});

test('a body that is too large is refused', async () => {
  const { port } = await startRegistry();
  const body = `{"ipAddress":"127.0.0.1","port":7771,"x":"${'x'.repeat(2 * 1024 * 1024)}"}`;
  for (const method of ['POST', 'PUT', 'DELETE'])
    expectProblem(await call(port, method, `${BASE}/a`, { body }), 413, 'body-too-large');
  for (const path of [PEER, HELD])
    expectProblem(await call(port, 'PUT', path, { body }), 413, 'body-too-large');
  expectProblem(await call(port, 'POST', '/api/v1/reports', { body }), 413, 'body-too-large');
  const headers = { 'transfer-encoding': 'chunked' };
  expectProblem(await call(port, 'POST', `${BASE}/a`, { body, headers }), 413, 'body-too-large');
  const change = { ...CHANGE, withdrawn: Array(5_000).fill('x'.repeat(900)) };
  expectProblem(
    await call(port, 'PATCH', `${PEER}/catalogue`, { body: change }),
    413,
    'body-too-large',
  );
});

test('a content type that is none is refused', async () => {
  const { port } = await startRegistry();
  const headers = { 'content-type': 'json' };
  expectProblem(
    await call(port, 'POST', `${BASE}/a`, { body: A, headers }),
    415,
    'unsupported-media-type',
  );
});
