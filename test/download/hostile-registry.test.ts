// A registry that lies, floods or says nothing ends in a clear error, soon and with bounded work.
import { gzipSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { connectRegistry, type NativeRegistry } from '../../src/client/registry-client.ts';
import { CodedError } from '../../src/protocol/errors.ts';
import { getToFile } from './downloading.ts';
import { closedEndpoint, serving, startAnswering, startSource, startTelling } from './scripted.ts';

const MISBEHAVES = 'registry-misbehaves';
const SERVICE = { service: 'sp2p-registry', version: '0', leaseSeconds: 25 };
const ROOT = '0123456789abcdef'.repeat(4);
const VERSION = { root: ROOT, size: 1, modified: 0, holders: 1 };
const MEBIBYTE = Buffer.alloc(1024 * 1024, ' ');

/** A registry that calls itself native, and then answers this. */
function native(status: number, body: string | Buffer, fields = {}): RequestListener {
  return ({ url }, response) => {
    if (url === '/api/v1') response.end(JSON.stringify(SERVICE));
    else response.writeHead(status, fields).end(body);
  };
}

function always(status: number, body: string, fields = {}): RequestListener {
  return (_request, response) => response.writeHead(status, fields).end(body);
}

test.for<[string, RequestListener, RegExp]>([
  ['HTML', always(200, '<html>Log in'), /something else than a list of endpoints/],
  ['an object for a list', always(200, '{}'), /something else than a list of endpoints/],
  ['nothing', always(200, ''), /something else than a list of endpoints/],
  ['a redirect', always(302, '', { location: 'http://127.0.0.1:9/' }), /status 302/],
  [
    'that it is out of order',
    // Behind it may be one of either contract: which, it cannot tell just now.
    ({ url }, response) => response.writeHead(url === '/api/v1' ? 503 : 200).end('[]'),
    /status 503/,
  ],
  ['HTML for sources', native(200, '<html>'), /another shape/],
  ['null for sources', native(200, 'null'), /another shape/],
  [
    'sources of another shape',
    native(200, '{"name":"a","versions":[],"sources":[7]}'),
    /another shape/,
  ],
  ['no versions', native(200, '{"name":"a","sources":[]}'), /another shape/],
  [
    'versions of another shape',
    native(200, JSON.stringify({ name: 'a', versions: [{ ...VERSION, root: 'x' }], sources: [] })),
    /another shape/,
  ],
  ['a flood', native(200, Buffer.alloc(9_000_000, ' ')), /more than 8388608 bytes/],
  [
    'a flood in disguise',
    native(200, gzipSync(Buffer.alloc(100_000_000)), { 'content-encoding': 'gzip' }),
    // Nobody asked for it compressed, and nothing takes it apart.
    /an answer of another shape|something else/,
  ],
  ['an error of its own invention', native(400, '{"code":"fancy"}'), /status 400/],
  // An exit code that a stranger chose would lie to a script.
  ['that it was interrupted', native(400, '{"code":"interrupted"}'), /status 400/],
  ['that nobody has it, by a code of ours', native(400, '{"code":"not-known"}'), /status 400/],
])('a registry that answers %s misbehaves', async ([, answer, message]) => {
  const registry = await startAnswering(answer);
  const failure = await getToFile({ registry }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(CodedError);
  expect(failure).toMatchObject({ code: MISBEHAVES });
  expect((failure as CodedError).message).toMatch(message);
});

test('an answer without an end is cut off', async () => {
  let sent = 0;
  const cut = Promise.withResolvers<undefined>();
  const registry = await startAnswering(({ url }, response) => {
    if (url === '/api/v1') {
      response.end(JSON.stringify(SERVICE));
      return;
    }
    response.on('close', () => {
      cut.resolve(undefined);
    });
    const send = () => {
      while (sent < 100 && !response.destroyed) {
        sent++;
        if (response.write(MEBIBYTE)) continue;
        response.once('drain', send);
        return;
      }
    };
    send();
  });
  await expect(getToFile({ registry })).rejects.toMatchObject({ code: MISBEHAVES });
  await cut.promise;
  expect(sent).toBeLessThan(50);
});

test('a registry that hangs up, says nothing, or drips, is not there', async () => {
  const hangsUp = await startAnswering((request) => request.socket.destroy());
  const silent = await startAnswering(() => undefined);
  const drips = await startAnswering((_request, response) => {
    response.writeHead(200);
    const dripping = setInterval(() => response.write(' '), 500);
    response.on('close', () => {
      clearInterval(dripping);
    });
  });
  const failures = await Promise.allSettled(
    [hangsUp, silent, drips].map((registry) => connectRegistry({ url: registry })),
  );
  for (const { status, reason } of failures as PromiseRejectedResult[]) {
    expect(status).toBe('rejected');
    expect(reason).toMatchObject({ code: 'registry-unreachable' });
  }
  expect(failures[2]).toMatchObject({ reason: { message: /no answer within 10 s/ } });
});

test('the ports 0 and 70000, and what is no endpoint at all, are left out', async () => {
  const bytes = randomBytes(1000);
  const { endpoint } = await startSource(serving(bytes, '"one"'));
  const told = [
    { ...endpoint, port: 0 },
    { ...endpoint, port: 70_000 },
    { ...endpoint, port: -1 },
    { ...endpoint, port: 1.5 },
    { ...endpoint, ipAddress: 'example.org' },
    { ...endpoint, ipAddress: '0.0.0.0' },
    { ipAddress: '127.0.0.1' },
    null,
    7,
    [],
    endpoint,
  ];
  const registry = await startAnswering(({ url = '' }, response) => {
    response.writeHead(url.startsWith('/api/Registers/') ? 200 : 404).end(JSON.stringify(told));
  });
  const got = await getToFile({ registry });
  expect(got.bytes.equals(bytes)).toBe(true);
  expect(got.failed).toEqual([]);
});

test('of ten thousand endpoints that are not there fifty are tried', async () => {
  const { port } = await closedEndpoint();
  const all = Array.from({ length: 10_000 }, (_, index) => ({
    endpoint: { ipAddress: `127.1.${index >> 8}.${index & 255}`, port },
    contract: 'native' as const,
    size: null,
  }));
  const failure: unknown = await getToFile({ registry: await startTelling(() => all) }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: 'no-source' });
  const { message, facts } = failure as CodedError;
  expect(facts['failed']).toHaveLength(50);
  expect(message).toMatch(/ and 45 more\.$/);
  expect(message.length).toBeLessThan(1000);
});

test('names that are no names are not offered, however many there are', async () => {
  const found = (name: string) => ({
    ...{ name, size: 1, modified: 0, holders: 1, versions: 0, root: null },
  });
  const bad = ['../a', '/a', 'a/../b', 'a\\b', 'C:/a', 'a\u001b[2Jb', 'a\u009b2Jb', 'a\nb', 'a/'];
  const names = [...bad, ...Array.from({ length: 100 }, (_, index) => `good ${index}`)];
  const registry = await startAnswering(
    native(200, JSON.stringify({ found: names.map(found), more: false })),
  );
  const answer = await (await connectRegistry({ url: registry })).search('a', 50);
  expect(answer.found.map(({ name }) => name)).toEqual(names.slice(bad.length, bad.length + 50));
});

/** The client of a registry that calls itself native, and then answers this. */
async function clientOf(answer: unknown): Promise<NativeRegistry> {
  const client = await connectRegistry({
    url: await startAnswering(native(200, JSON.stringify(answer))),
  });
  return client.contract === 'native' ? client : expect.fail();
}

test('of the versions of a name no more are looked at than a registry may tell', async () => {
  const versions = Array.from({ length: 1_000 }, () => VERSION);
  const client = await clientOf({ name: 'a', versions, sources: [] });
  expect((await client.lookUp('a')).versions).toEqual(versions.slice(0, 100));
});

test('of a content the bad names and endpoints are left out, and what is too many', async () => {
  const endpoints = Array.from({ length: 100 }, (_, index) => ({
    endpoint: { ipAddress: '127.0.0.1', port: index + 1 },
    complete: index % 2 === 0,
  }));
  const names = Array.from({ length: 100 }, (_, index) => `good ${index}`);
  const bad = ['example.org', '0.0.0.0', ''].map((ipAddress) => ({ ipAddress, port: 1 }));
  const client = await clientOf({
    ...{ root: ROOT, size: 1, holders: 7, partial: 7 },
    names: ['../a', 'a\u001b[2Jb', ...names],
    sources: [...bad.map((endpoint) => ({ endpoint, complete: true })), ...endpoints],
  });
  expect(await client.contentOf(ROOT, 10)).toEqual({
    ...{ root: ROOT, size: 1, holders: 7, partial: 7 },
    names: names.slice(0, 20),
    sources: endpoints.slice(0, 7),
  });
});

const NOBODY = { root: ROOT, size: 1, holders: 0, partial: 0, names: [], sources: [] };
const GOOD = { ipAddress: '127.0.0.1', port: 1 };

test.each([
  ['null', null],
  ['nothing of it', {}],
  ['holders below none', { ...NOBODY, holders: -1 }],
  ['partial holders below none', { ...NOBODY, partial: -1 }],
  ['another content', { ...NOBODY, root: 'f'.repeat(64) }],
  ['a bad source', { ...NOBODY, sources: [{ endpoint: 'a', complete: true }] }],
  ['a source of which is not said what it holds', { ...NOBODY, sources: [{ endpoint: GOOD }] }],
])('a registry that answers %s for a content misbehaves', async (_what, answer) => {
  const client = await clientOf(answer);
  await expect(client.contentOf(ROOT, 10)).rejects.toMatchObject({ code: MISBEHAVES });
});
