// Files over HTTP: what RFC 9110 says of methods, ranges and conditions, asked by an ordinary client.
import { randomBytes } from 'node:crypto';
import { rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOf } from '../harness/temporary.ts';
import { serve, urlOf } from './serving.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

async function letters(headers: Record<string, string> = {}, method = 'GET') {
  const peer = await serve(await folderOf({ 'a b.txt': LETTERS }));
  return fetch(urlOf(peer, '/files/a%20b.txt'), { headers, method });
}

test('a file comes whole, with what a client needs to ask for parts of it later', async () => {
  const response = await letters();
  expect(response.status).toBe(200);
  expect(response.headers.get('content-length')).toBe('26');
  expect(response.headers.get('accept-ranges')).toBe('bytes');
  expect(response.headers.get('etag')).toMatch(/^"[^"]+"$/);
  expect(Date.parse(response.headers.get('last-modified') ?? '')).toBeLessThanOrEqual(Date.now());
  expect(await response.text()).toBe(LETTERS);
});

test('a big file comes whole, and any part of it is that part', async () => {
  const bytes = randomBytes(9_000_001);
  const peer = await serve(await folderOf({ big: bytes }));
  const url = urlOf(peer, '/files/big');
  expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes)).toBe(true);
  for (const [start, end] of [
    [0, 131_071],
    [131_071, 131_072],
    [1, 300_000],
    [8_999_999, 9_000_000],
  ] as const) {
    const part = await fetch(url, { headers: { range: `bytes=${start}-${end}` } });
    expect(part.status).toBe(206);
    const got = Buffer.from(await part.arrayBuffer());
    expect(got.equals(bytes.subarray(start, end + 1)), `${start}-${end}`).toBe(true);
  }
});

test.for([
  ['bytes=5-9', '5-9'],
  ['bytes=0-0', '0-0'],
  ['bytes=20-', '20-25'],
  ['bytes=25-', '25-25'],
  ['bytes=20-99', '20-25'],
  ['bytes=0-99999999999999999999', '0-25'],
  ['bytes=-3', '23-25'],
  ['bytes=-99', '0-25'],
  ['BYTES=1-2', '1-2'],
] as const)('%s is answered with bytes %s', async ([range, answered]) => {
  const response = await letters({ range });
  const [start = 0, end = 0] = answered.split('-').map(Number);
  expect(response.status).toBe(206);
  expect(response.headers.get('content-range')).toBe(`bytes ${answered}/26`);
  expect(response.headers.get('content-length')).toBe(String(end - start + 1));
  expect(await response.text()).toBe(LETTERS.slice(start, end + 1));
});

test.for(['bytes=0-1,4-5', 'bytes=9-5', 'items=0-1', 'bytes=a-b', 'bytes=-', 'bytes=', '5-9'])(
  'the range "%s", which a server may ignore, is answered with the whole',
  async (range) => {
    const response = await letters({ range });
    expect(response.status).toBe(200);
    expect(response.headers.has('content-range')).toBe(false);
    expect(await response.text()).toBe(LETTERS);
  },
);

test.for(['bytes=26-', 'bytes=26-30', 'bytes=-0', 'bytes=99999999999999999999-'])(
  'the range %s, which is not there, is refused with the size',
  async (range) => {
    const response = await letters({ range });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */26');
    expect(await response.json()).toMatchObject({ code: 'range-not-satisfiable', status: 416 });
  },
);

test('a range is given only of the state of the file that If-Range names', async () => {
  const folder = await folderOf({ 'a.txt': LETTERS });
  const peer = await serve(folder);
  const url = urlOf(peer, '/files/a.txt');
  const tag = (await fetch(url)).headers.get('etag') ?? '';
  const range = { range: 'bytes=0-2' };

  const same = await fetch(url, { headers: { ...range, 'if-range': tag } });
  expect([same.status, await same.text()]).toEqual([206, 'abc']);
  for (const other of ['"another"', `W/${tag}`, new Date().toUTCString()]) {
    const response = await fetch(url, { headers: { ...range, 'if-range': other } });
    expect([response.status, await response.text()], other).toEqual([200, LETTERS]);
  }
  await writeFile(join(folder, 'a.txt'), LETTERS.toUpperCase());
  // Whoever looked between its being emptied and being written finds it anew first.
  const changed = async () => {
    const response = await fetch(url, { headers: { ...range, 'if-range': tag } });
    return [response.status, await response.text()];
  };
  await expect.poll(changed).toEqual([200, LETTERS.toUpperCase()]);
});

test('what a client has already is not sent again', async () => {
  const peer = await serve(await folderOf({ 'a.txt': LETTERS }));
  const url = urlOf(peer, '/files/a.txt');
  const { headers } = await fetch(url);
  const tag = headers.get('etag') ?? '';
  const modified = headers.get('last-modified') ?? '';
  const earlier = new Date(Date.parse(modified) - 1000).toUTCString();
  const statusOf = async (conditions: Record<string, string>) => {
    const response = await fetch(url, { headers: conditions });
    expect(response.headers.get('etag')).toBe(tag);
    expect(await response.text()).toBe(response.status === 200 ? LETTERS : '');
    return response.status;
  };
  expect(await statusOf({ 'if-none-match': tag })).toBe(304);
  expect(await statusOf({ 'if-none-match': `"x", W/${tag}` })).toBe(304);
  expect(await statusOf({ 'if-none-match': '*' })).toBe(304);
  expect(await statusOf({ 'if-none-match': '"x"' })).toBe(200);
  expect(await statusOf({ 'if-modified-since': modified })).toBe(304);
  expect(await statusOf({ 'if-modified-since': earlier })).toBe(200);
  expect(await statusOf({ 'if-modified-since': 'long ago' })).toBe(200);
  expect(await statusOf({ 'if-none-match': '"x"', 'if-modified-since': modified })).toBe(200);
});

test('a client that means another state of the file is told so', async () => {
  const peer = await serve(await folderOf({ 'a.txt': LETTERS }));
  const url = urlOf(peer, '/files/a.txt');
  const { headers } = await fetch(url);
  const tag = headers.get('etag') ?? '';
  const modified = headers.get('last-modified') ?? '';
  const statusOf = async (conditions: Record<string, string>) =>
    (await fetch(url, { headers: { ...conditions, range: 'bytes=1-2' } })).status;
  expect(await statusOf({ 'if-match': tag })).toBe(206);
  expect(await statusOf({ 'if-match': `"x", ${tag}` })).toBe(206);
  expect(await statusOf({ 'if-match': '*' })).toBe(206);
  expect(await statusOf({ 'if-match': '"x"' })).toBe(412);
  expect(await statusOf({ 'if-match': `W/${tag}` })).toBe(412);
  expect(await statusOf({ 'if-unmodified-since': modified })).toBe(206);
  expect(await statusOf({ 'if-unmodified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' })).toBe(412);
});

test('the tag stays while the file stays, and changes with it', async () => {
  const folder = await folderOf({ 'a.txt': 'one' });
  const path = join(folder, 'a.txt');
  const peer = await serve(folder);
  const seen = async () => {
    const response = await fetch(urlOf(peer, '/files/a.txt'));
    return { tag: response.headers.get('etag'), text: await response.text() };
  };
  const first = await seen();
  expect(await seen()).toEqual(first);

  // Another file of the same size and with the same time, put in its place.
  const { atime, mtime } = await stat(path);
  await utimes(path, atime, mtime);
  const restored = await seen();
  await writeFile(join(folder, '.other'), 'two');
  await utimes(join(folder, '.other'), atime, mtime);
  await rename(join(folder, '.other'), path);
  const second = await seen();
  expect(second.text).toBe('two');
  expect(second.tag).not.toBe(restored.tag);

  // The same file, written anew with as many bytes; for a moment it has none.
  await writeFile(path, 'six');
  await expect.poll(seen).toMatchObject({ text: 'six' });
  expect((await seen()).tag).not.toBe(second.tag);
});

test('HEAD says all that GET does, and sends nothing', async () => {
  const peer = await serve(await folderOf({ 'a.txt': LETTERS }));
  for (const path of ['/files/a.txt', '/', '/files/unknown', '/elsewhere']) {
    const headersOf = async (method: string) => {
      const response = await fetch(urlOf(peer, path), { method });
      const ofTheConnection = ['date', 'connection', 'keep-alive'];
      const headers = [...response.headers].filter(([name]) => !ofTheConnection.includes(name));
      return { status: response.status, headers, text: await response.text() };
    };
    const [head, get] = [await headersOf('HEAD'), await headersOf('GET')];
    expect(head, path).toEqual({ ...get, text: '' });
  }
});

test('an empty file is an answer without bytes', async () => {
  const peer = await serve(await folderOf({ empty: '' }));
  const response = await fetch(urlOf(peer, '/files/empty'));
  expect([response.status, response.headers.get('content-length')]).toEqual([200, '0']);
  const part = await fetch(urlOf(peer, '/files/empty'), { headers: { range: 'bytes=0-' } });
  expect(part.status).toBe(416);
});

test('names of all kinds are found by their paths', async () => {
  const names = ['sub folder/c.txt', '100% + #1 ?&=;.txt', 'zażółć/日本語 🎉', ' x ', "a'b"];
  const peer = await serve(await folderOf(Object.fromEntries(names.map((name) => [name, name]))));
  for (const name of names) {
    const path = name.split('/').map(encodeURIComponent).join('/');
    for (const each of [path, encodeURIComponent(name), `${path}?download=1`]) {
      const response = await fetch(urlOf(peer, `/files/${each}`));
      expect([response.status, await response.text()], each).toEqual([200, name]);
    }
  }
});

test.for([
  ['POST', '/files/a.txt', 405, 'method-not-allowed'],
  ['PUT', '/files/a.txt', 405, 'method-not-allowed'],
  ['DELETE', '/', 405, 'method-not-allowed'],
  ['OPTIONS', '/files/a.txt', 405, 'method-not-allowed'],
  ['GET', '/files/unknown', 404, 'not-found'],
  ['GET', '/files', 404, 'not-found'],
  ['GET', '/a.txt', 404, 'not-found'],
  ['GET', '/files/', 400, 'bad-name'],
  ['GET', '/files/a%00.txt', 400, 'bad-name'],
  ['GET', '/files/%ff', 400, 'bad-name'],
  ['GET', '/files/a%2', 400, 'bad-name'],
] as const)('%s %s is refused with %i and the code %s', async ([method, path, status, code]) => {
  const peer = await serve(await folderOf({ 'a.txt': 'hello' }));
  const response = await fetch(urlOf(peer, path), { method });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD' : null);
  expect(await response.json()).toMatchObject({ code, status });
});
