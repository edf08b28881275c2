// The page at a registry, as HTTP: what it is sent as, what it may do, and which paths stay the others'.
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readPage } from '../../src/lib/http/page-files.ts';
import { folderOf } from '../harness/temporary.ts';
import { builtPage } from '../harness/page.ts';
import { startRegistry } from '../harness/running.ts';
import { call, expectProblem } from './calling.ts';

const ROOT_OF_ANY = 'a'.repeat(64);

async function startWithPage() {
  return startRegistry({ page: await builtPage() });
}

test('its own paths are all the page, whose policy lets nothing in from elsewhere and nothing inline', async () => {
  const { port } = await startWithPage();
  const { text } = await call(port, 'GET', '/');
  expect(text).toMatch(/^<!doctype html>/i);
  expect(text).not.toMatch(/<script(?![^>]*\ssrc="\/assets\/)|<style|\son\w+=|https?:/i);
  const id = '0123456789abcdef';
  const paths = ['/', '/downloads', `/downloads/${id}`, '/shares', '/network', '/?q=a'];
  for (const path of [...paths, `/contents/${ROOT_OF_ANY}`]) {
    const answer = await call(port, 'GET', path);
    expect(answer).toMatchObject({ status: 200, text });
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      vary: 'accept-encoding',
    });
    const policy = answer.headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    for (const each of ['form-action', 'base-uri', 'frame-ancestors'])
      expect(policy).toContain(`${each} 'none'`);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  }
});

test('its files are kept for ever, and come in the encoding that is asked for', async () => {
  const { port } = await startWithPage();
  const { text } = await call(port, 'GET', '/');
  const [, path = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(text) ?? [];
  const plain = await call(port, 'GET', path);
  expect(plain.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    etag: `"${createHash('sha256').update(plain.text).digest('base64url')}"`,
  });
  expect(plain.headers['content-encoding']).toBeUndefined();
  for (const [asked, got] of [
    ['gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['gzip, br;q=0', 'gzip'],
    ['br;q=0.0, gzip;q=0', undefined],
    ['identity', undefined],
  ] as const) {
    const answer = await fetchRaw(port, path, { 'accept-encoding': asked });
    expect(answer.headers.get('content-encoding') ?? undefined, asked).toBe(got);
    const bytes =
      got === 'br'
        ? brotliDecompressSync(answer.bytes)
        : got === 'gzip'
          ? gunzipSync(answer.bytes)
          : answer.bytes;
    expect(bytes.toString()).toBe(plain.text);
    const tag = answer.headers.get('etag') ?? '';
    // Another representation, another tag.
    expect(tag === plain.headers.etag, asked).toBe(got === undefined);
    const again = await fetchRaw(port, path, { 'accept-encoding': asked, 'if-none-match': tag });
    expect(again).toMatchObject({ status: 304 });
    expect(again.bytes).toHaveLength(0);
  }
  const head = await call(port, 'HEAD', path);
  expect(head).toMatchObject({ status: 200, text: '' });
  expect(head.headers['content-length']).toBe(String(Buffer.byteLength(plain.text)));
});

test('what is not the page’s is answered as ever', async () => {
  const { port } = await startWithPage();
  for (const path of [
    '/downloads2',
    '/contents',
    '/shares/x',
    '/index.html',
    '/assets',
    '/assets/',
  ])
    expectProblem(await call(port, 'GET', path), 404, 'not-found');
  for (const path of ['/assets/..%2findex.html', '/assets/../index.html', '/assets/none.js'])
    expectProblem(await call(port, 'GET', path), 404, 'not-found');
  for (const path of ['/', '/shares', '/assets/none.js'])
    expectProblem(await call(port, 'POST', path), 405, 'method-not-allowed');
  expect((await call(port, 'GET', '/api/Registers')).json).toEqual([]);
  // Names of the exercise's contract may be those of the page's paths.
  for (const name of ['downloads', 'shares', 'assets%2Fa.js', '%2F'])
    expect((await call(port, 'GET', `/api/registers/${name}`)).status).toBe(
      name === '%2F' ? 400 : 200,
    );
  expect((await call(port, 'GET', '/api/v1')).json).toMatchObject({ service: 'sp2p-registry' });
});

test('without the page its paths are nobody’s', async () => {
  const { port } = await startRegistry();
  for (const path of ['/', '/downloads', '/network'])
    expectProblem(await call(port, 'GET', path), 404, 'not-found');
});

test('a folder without an index.html is no page, and files with a dot in front are not of it', async () => {
  expect(await readPage('/nowhere/at/all')).toBeUndefined();
  expect(await readPage(await folderOf({ 'assets/a.js': 'a' }))).toBeUndefined();
  const page = await readPage(await folderOf({ 'index.html': '<p>', '.sources': 'x' }));
  expect([...(page?.keys() ?? [])]).toEqual(['index.html']);
});

/** With the bytes as they come: `fetch` would unpack them. */
function fetchRaw(port: number, path: string, headers: Record<string, string>) {
  return new Promise<{ status: number; headers: Headers; bytes: Buffer }>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      const { statusCode: status = 0 } = response;
      const told = new Headers(response.headers as Record<string, string>);
      buffer(response).then((bytes) => {
        resolve({ status, headers: told, bytes });
      }, reject);
    })
      .on('error', reject)
      .end();
  });
}
