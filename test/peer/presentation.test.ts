// How files and the list of them are shown to browsers and programs: nothing that a file is called or
// holds may act on the page that shows it.
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { serve, urlOf } from './serving.ts';

interface Listing {
  files: { name: string; size: number; modified: number }[];
  count: number;
  next: string | null;
}

test('what can carry script is an attachment, what cannot is shown in place', async () => {
  const expected: Record<string, [type: string, disposition: 'inline' | 'attachment']> = {
    'a.html': ['text/html; charset=utf-8', 'attachment'],
    'a.HTM': ['text/html; charset=utf-8', 'attachment'],
    'a.xhtml': ['application/xhtml+xml', 'attachment'],
    'a.svg': ['image/svg+xml', 'attachment'],
    'a.xml': ['text/xml; charset=utf-8', 'attachment'],
    'a.js': ['text/javascript; charset=utf-8', 'attachment'],
    'a.mjs': ['text/javascript; charset=utf-8', 'attachment'],
    'a.css': ['text/css; charset=utf-8', 'attachment'],
    'a.zip': ['application/zip', 'attachment'],
    'a.unheard-of': ['application/octet-stream', 'attachment'],
    none: ['application/octet-stream', 'attachment'],
    'a.png': ['image/png', 'inline'],
    'a.jpg': ['image/jpeg', 'inline'],
    'a.mp4': ['video/mp4', 'inline'],
    'a.mp3': ['audio/mpeg', 'inline'],
    'a.txt': ['text/plain; charset=utf-8', 'inline'],
    'a.pdf': ['application/pdf', 'inline'],
  };
  const names = Object.keys(expected);
  const peer = await serve(await folderOf(Object.fromEntries(names.map((name) => [name, 'x']))));
  for (const [name, [type, disposition]] of Object.entries(expected)) {
    const { headers } = await fetch(urlOf(peer, `/files/${name}`));
    expect(headers.get('content-type'), name).toMatch(
      name === 'a.xml' ? /^(text\/xml; charset=utf-8|application\/xml)$/ : type,
    );
    expect(headers.get('content-disposition'), name).toBe(`${disposition}; filename=${name}`);
    expect(headers.get('x-content-type-options'), name).toBe('nosniff');
  }
});

test('a browser is told the last segment as the name of the file, whatever is in it', async () => {
  const peer = await serve(await folderOf({ 'sub/zażółć "x"; y=z.txt': 'x' }));
  const path = `/files/sub/${encodeURIComponent('zażółć "x"; y=z.txt')}`;
  const { headers } = await fetch(urlOf(peer, path));
  const disposition = headers.get('content-disposition') ?? '';
  const [, extended = ''] = /filename\*=UTF-8''([^;]*)/.exec(disposition) ?? [];
  expect(decodeURIComponent(extended)).toBe('zażółć "x"; y=z.txt');
});

/** Of a content of one block. */
function rootOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

test('programs get the list as JSON', async () => {
  const peer = await serve(await folderOf({ 'b.txt': 'bb', 'a/ż.txt': 'a', '.hidden': 'x' }));
  for (const accept of ['*/*', 'application/json', '']) {
    const response = await fetch(urlOf(peer), { headers: { accept } });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('vary')).toBe('accept');
    expect(await response.json()).toEqual({
      files: [
        { name: 'a/ż.txt', size: 1, modified: expect.any(Number) as number, root: rootOf('a') },
        { name: 'b.txt', size: 2, modified: expect.any(Number) as number, root: rootOf('bb') },
      ],
      count: 2,
      next: null,
    });
  }
});

test('people get the list as a page on which names are nothing but text', async () => {
  const names = [
    '<img src=x onerror=alert(1)>.txt',
    '"onmouseover="alert(1)".txt',
    "'onmouseover='alert(1)'.txt",
    '&lt;b&gt;.txt',
    'javascript:alert(1)',
    '\u202egnp.exe',
    'a/b../%2e.txt',
  ];
  const peer = await serve(await folderOf(Object.fromEntries(names.map((name) => [name, name]))));
  const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
  const response = await fetch(urlOf(peer), { headers: { accept } });
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  const page = await response.text();
  expect(page).not.toMatch(/<(img|b|script)\b/i);

  const links = [...page.matchAll(/<a href="([^"]*)"><bdi>([^<]*)<\/bdi><\/a>/g)].map(
    ([, href = '', text = '']) => ({ href: unescaped(href), text: unescaped(text) }),
  );
  expect(links.map(({ text }) => text).sort()).toEqual(names.sort());
  for (const { href, text } of links) {
    expect(href).toMatch(/^\/files\//);
    const file = await fetch(new URL(href, urlOf(peer)));
    expect([file.status, await file.text()], href).toEqual([200, text]);
  }
});

test('a list of more than a thousand files comes in pages, each file once and in order', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'sub & more'));
  const names = Array.from({ length: 2_001 }, (_, index) => `sub & more/f ${index}`);
  await Promise.all(names.map((name) => writeFile(join(folder, name), '')));
  const peer = await serve(folder);

  const listed: string[] = [];
  let pages = 0;
  for (let next: string | null = '/'; next !== null; pages++) {
    expect(pages).toBeLessThan(3);
    const listing = (await (await fetch(urlOf(peer, next))).json()) as Listing;
    expect(listing.count).toBe(names.length);
    listed.push(...listing.files.map(({ name }) => name));
    next = listing.next;
  }
  expect(listed).toEqual(names.sort());

  const page = await (await fetch(urlOf(peer), { headers: { accept: 'text/html' } })).text();
  const [, more = ''] = /<a href="([^"]*)">More</.exec(page) ?? [];
  const second = await fetch(urlOf(peer, unescaped(more)), { headers: { accept: 'text/html' } });
  expect(await second.text()).toContain(`<bdi>${names[1_000]?.replaceAll('&', '&#38;') ?? ''}<`);
});

function unescaped(html: string): string {
  return html.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}
