// The known attacks on programs of this family, tried on this one. Each begins from what a web page, a
// stranger's file or another machine can really do; none of them knows the token unless it says so.
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text as textOf } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { MAX_FOLLOWERS } from '../../src/peer/control/followers.ts';
import type { Preview } from '../../src/protocol/control.ts';
import { call, expectProblem, sendRaw, type Answered } from '../registry/calling.ts';
import { folderOf } from '../harness/temporary.ts';
import { CONTROL, ROOT, startControl } from './controlling.ts';

const SOON = { timeout: 30_000, interval: 50 };

/** All that a browser is told about reading an answer from elsewhere: nothing. */
function expectNoLeave({ headers }: Answered): void {
  expect(Object.keys(headers).filter((each) => each.startsWith('access-control-'))).toEqual([]);
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
  });
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
}

test.each([
  'evil.example',
  'evil.example:PORT',
  '127.0.0.1.evil.example:PORT',
  'localhost.evil.example:PORT',
  '127.0.0.1:1',
  '127.0.0.1',
  '127.1:PORT',
  '2130706433:PORT',
  '0.0.0.0:PORT',
  'localhost.:PORT',
  '127.0.0.1:PORT@evil.example',
  ' ',
])('Transmission CVE-2018-5702, DNS rebinding: nothing is at %s', async (name) => {
  const { port, token } = await startControl({ page: (app) => app.get('/', () => 'page') });
  const host = name.replace('PORT', String(port));
  // After rebinding a page is of the same origin as what it asks, and may set any header.
  const headers = { host, authorization: `Bearer ${token}`, 'sec-fetch-site': 'same-origin' };
  for (const path of ['/', CONTROL, `${CONTROL}/state`, '/api/v1/peers', '/nothing'])
    expectProblem(await call(port, 'GET', path, { headers }), 421, 'wrong-host');
  const preview = `${CONTROL}/preview/${'x'.repeat(22)}`;
  expectProblem(await call(port, 'GET', preview, { headers }), 421, 'wrong-host');
});

test.each(['127.0.0.1:PORT', 'localhost:PORT', 'LOCALHOST:PORT', '[::1]:PORT'])(
  'the page is at %s',
  async (name) => {
    const { port } = await startControl();
    const host = name.replace('PORT', String(port));
    expect(await call(port, 'GET', CONTROL, { headers: { host } })).toMatchObject({ status: 200 });
  },
);

const MARKUP = '<img src=x onerror=alert(1)>"\'><svg onload=alert(2)>.html';

test('WebTorrent CVE-2019-15782 and LocalSend CVE-2026-25154, names as markup: names are text in JSON', async () => {
  const { asOwner, download, peer } = await startControl();
  const { id } = await download(MARKUP, '<script>alert(1)</script>');
  peer.state.uploads = [{ to: MARKUP, name: MARKUP, root: null, rate: 1, bytes: 1 }];
  const answers = [
    await asOwner('GET', `${CONTROL}/state`),
    await asOwner('POST', `${CONTROL}/downloads`, { root: ROOT, name: MARKUP }),
    await asOwner('PATCH', `${CONTROL}/downloads/${id}`, { priority: 'low' }),
    await asOwner('GET', `${CONTROL}/${encodeURIComponent(MARKUP)}`),
    await asOwner('GET', `${CONTROL}/folders?under=${encodeURIComponent(`/${MARKUP}`)}`),
    await asOwner('POST', `${CONTROL}/shares`, { folder: `/${MARKUP}` }),
    await asOwner('POST', `${CONTROL}/downloads`, { root: ROOT, name: `${MARKUP}\n` }),
  ];
  for (const answer of answers) {
    expect(answer.headers['content-type'], answer.asked).toMatch(/^application\/(problem\+)?json/);
    expect(answer.json, answer.asked).toBeDefined();
    expectNoLeave(answer);
  }
});

test.each(['html', 'HTM', 'xhtml', 'svg', 'xml', 'xsl', 'js', 'mjs', 'css', 'mhtml', 'php', 'vtt'])(
  'WebTorrent CVE-2019-15782, active contents: a .%s is shown as plain text, in a sandbox',
  async (ending) => {
    const { asOwner, download, peer, port } = await startControl();
    const { id } = await download(`a.${ending}`, 'x<svg/>');
    peer.arrive(id, 0);
    const ticket = await asOwner('POST', `${CONTROL}/downloads/${id}/preview`);
    const { url, type } = ticket.json as Preview;
    expect(type).toBe('text/plain; charset=utf-8');
    const answer = await call(port, 'GET', url);
    expect(answer).toMatchObject({ status: 200, text: 'x<svg/>' });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.headers['content-security-policy']).toMatch(/^sandbox; default-src 'none';/);
    expectNoLeave(answer);
  },
);

test.each(['exe', 'swf', 'jar', 'hta', 'wasm', 'm3u8', 'm3u', 'html.zip', ''])(
  'active contents: a file that ends in "%s" is not shown at all',
  async (ending) => {
    const { asOwner, download } = await startControl();
    const { id } = await download(`a.${ending}`, 'x');
    expectProblem(await asOwner('POST', `${CONTROL}/downloads/${id}/preview`), 422, 'no-preview');
  },
);

test('active contents: a PDF is sent to be saved', async () => {
  const { asOwner, download, port } = await startControl();
  const { id } = await download('a.pdf', '%PDF');
  const ticket = await asOwner('POST', `${CONTROL}/downloads/${id}/preview`);
  const { headers } = await call(port, 'HEAD', (ticket.json as Preview).url);
  expect(headers['content-disposition']).toBe('attachment; filename=a.pdf');
});

const PAGE = 'http://evil.example';

test.each([
  ['application/x-www-form-urlencoded', `root=${ROOT}&name=a`],
  ['multipart/form-data; boundary=x', `--x\r\n\r\n{}\r\n--x--`],
  ['text/plain', JSON.stringify({ root: ROOT, name: 'a' })],
  ['text/plain; a=application/json', JSON.stringify({ root: ROOT, name: 'a' })],
  [undefined, JSON.stringify({ root: ROOT, name: 'a' })],
])('CSRF: a form of another site that sends %s adds nothing', async (type, body) => {
  const { port, peer, token } = await startControl();
  const form = {
    ...{ origin: PAGE, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    ...(type !== undefined && { 'content-type': type }),
  };
  const path = `${CONTROL}/downloads`;
  expectProblem(await call(port, 'POST', path, { body, headers: form }), 403, 'cross-origin');
  // An old browser says less of where it comes from, and still has no token …
  const old = { ...(type !== undefined && { 'content-type': type }) };
  expectProblem(await call(port, 'POST', path, { body, headers: old }), 401, 'bad-token');
  // … and not even with one this is JSON.
  const withToken = { ...old, authorization: `Bearer ${token}` };
  const answer = await call(port, 'POST', path, { body, headers: withToken });
  expectProblem(answer, 415, 'unsupported-media-type');
  expect(peer.state.downloads).toEqual([]);
});

test.each<[what: string, headers: Record<string, string>]>([
  ['another origin', { origin: PAGE }],
  ['an origin that is hidden', { origin: 'null' }],
  ['another port of this machine', { origin: 'http://127.0.0.1:3000' }],
  ['a page over TLS', { origin: 'https://127.0.0.1:PORT' }],
  ['another name of this machine', { origin: 'http://localhost:PORT' }],
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['another port, as browsers say it', { 'sec-fetch-site': 'same-site' }],
  ['a word that is not known', { 'sec-fetch-site': 'anything' }],
])('cross-origin: %s is refused, even with the token', async (_what, given) => {
  const { port, peer, asOwner, download } = await startControl();
  const { id } = await download('a.txt', 'x');
  const headers = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value.replace('PORT', String(port))]),
  );
  const body = { folder: '/' };
  const answers = [
    await asOwner('GET', `${CONTROL}/state`, undefined, headers),
    await asOwner('GET', `${CONTROL}/events`, undefined, headers),
    await asOwner('GET', '/api/v1/events', undefined, headers),
    await asOwner('POST', `${CONTROL}/shares`, body, headers),
    await asOwner('PATCH', `${CONTROL}/downloads/${id}`, { state: 'paused' }, headers),
    await asOwner('DELETE', `${CONTROL}/downloads/${id}`, undefined, headers),
    await asOwner('GET', CONTROL, undefined, headers),
    await asOwner('GET', '/nothing', undefined, headers),
  ];
  for (const answer of answers) {
    expectProblem(answer, 403, 'cross-origin');
    expectNoLeave(answer);
  }
  expect(peer.state.shares).toEqual([]);
  expect(peer.state.downloads).toMatchObject([{ state: 'running' }]);
});

test('cross-origin: who asks first whether it may is told nothing', async () => {
  const { port } = await startControl();
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  };
  for (const headers of [{ ...preflight, origin: PAGE }, preflight])
    for (const path of [`${CONTROL}/downloads`, CONTROL, '/']) {
      const answer = await call(port, 'OPTIONS', path, { headers });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expectNoLeave(answer);
    }
});

test('a link from another site leads to the page, and to nothing else', async () => {
  const { port, token } = await startControl({ page: (app) => app.get('/', () => 'page') });
  const followed = {
    ...{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    ...{ 'sec-fetch-dest': 'document', authorization: `Bearer ${token}` },
  };
  expect(await call(port, 'GET', '/', { headers: followed })).toMatchObject({ status: 200 });
  const framed = { ...followed, 'sec-fetch-dest': 'iframe' };
  expectProblem(await call(port, 'GET', '/', { headers: framed }), 403, 'cross-origin');
  for (const path of [`${CONTROL}/state`, '/%63ontrol/v1/state', '/api/v1/peers', CONTROL])
    expectProblem(await call(port, 'GET', path, { headers: followed }), 403, 'cross-origin');
});

test.each([
  ['nothing', {}],
  ['a wrong one', { authorization: `Bearer ${'x'.repeat(43)}` }],
  ['an empty one', { authorization: 'Bearer ' }],
  ['the right one by another scheme', { authorization: 'Basic TOKEN' }],
  ['the right one and more', { authorization: 'Bearer TOKENx' }],
  ['the right one in a cookie', { cookie: 'token=TOKEN' }],
  ['the right one in another header', { 'x-token': 'TOKEN' }],
])('the token: %s lets nobody in', async (_what, given) => {
  const { port, token } = await startControl();
  const headers = Object.fromEntries(
    Object.entries<string>(given).map(([name, value]) => [name, value.replace('TOKEN', token)]),
  );
  for (const path of [`${CONTROL}/state`, `${CONTROL}/events`, '/api/v1/peers', '/api/v1/events']) {
    const answer = await call(port, 'GET', path, { headers });
    expectProblem(answer, 401, 'bad-token');
    expect(answer.text).not.toContain(token);
  }
});

test('the token: in a query it is ignored, and said back to nobody', async () => {
  const { port, token } = await startControl();
  for (const path of [`${CONTROL}/state`, `${CONTROL}/nothing`, '/nothing', '/']) {
    const answer = await call(port, 'GET', `${path}?token=${token}&access_token=${token}`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).not.toContain(token);
  }
});

test('the token: who guesses is told to wait, and who knows it need not', async () => {
  const { port, asOwner } = await startControl();
  const statuses = new Set<number>();
  let last: Answered | undefined;
  for (let guess = 0; guess < 100; guess++) {
    const headers = { authorization: `Bearer ${String(guess).padStart(43, 'x')}` };
    last = await call(port, 'GET', `${CONTROL}/state`, { headers });
    statuses.add(last.status);
  }
  expect([...statuses]).toEqual([401, 429]);
  expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0);
  expect(await asOwner('GET', `${CONTROL}/state`)).toMatchObject({ status: 200 });
});

test('a scan from another machine finds nobody: it listens on loopback alone', async () => {
  const { port } = await startControl();
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  for (const host of [...addresses.map(({ address }) => address), '127.0.0.2']) {
    const socket = connect({ host, port });
    onTestFinished(() => {
      socket.destroy();
    });
    expect(await once(socket, 'error'), host).toMatchObject([{ code: 'ECONNREFUSED' }]);
  }
});

test('a path trick leads nowhere: /folders tells folders alone, and no file of them', async () => {
  const { asOwner } = await startControl();
  const under = await folderOf({ 'secret.txt': 'x', 'sub/key.pem': 'x' });
  const wrong = ['..', '.', 'etc', '~', '~root', 'file:///etc', '%2e%2e', '\0', `${under}\0/..`];
  for (const each of wrong)
    expectProblem(
      await asOwner('GET', `${CONTROL}/folders?under=${encodeURIComponent(each)}`),
      ...([400, 'bad-request'] as const),
    );
  const twice = `${CONTROL}/folders?under=/&under=/etc`;
  expectProblem(await asOwner('GET', twice), 400, 'bad-request');
  const up = `${under}/sub/../sub/..`;
  const answer = await asOwner('GET', `${CONTROL}/folders?under=${encodeURIComponent(up)}`);
  expect(answer).toMatchObject({ status: 200, json: { folder: under, folders: [`${under}/sub`] } });
  expect(answer.text).not.toMatch(/secret|pem/);
});

test.each(['..', '%2e%2e', '..%2f..%2fstate', '%00', '%ff', '..%5c..', 'x'.repeat(65), ''])(
  'a path trick leads nowhere: /preview/%s',
  async (trick) => {
    const { port } = await startControl();
    const answer = await call(port, 'GET', `${CONTROL}/preview/${trick}`);
    expect([400, 401, 404]).toContain(answer.status);
    expect(answer.json).toMatchObject({ status: answer.status });
  },
);

test.each(['/api/v1/names/..%2f..%2fmetrics', '/api/v1/names/%2e%2e/%2e%2e/metrics'])(
  'a path trick leads nowhere: the registry is not asked for %s',
  async (path) => {
    const { asOwner } = await startControl();
    // Nobody is there: had it been asked, the answer would be another one.
    expectProblem(await asOwner('GET', path), 400, 'bad-name');
  },
);

const MANY = Array.from({ length: 1_000 }, (_, i) => `${i}-${i}`).join(',');

test.each([
  ['a thousand of them', `bytes=${MANY}`],
  ['more than there is', 'bytes=-99999999999999999999'],
  ['a start beyond numbers', 'bytes=99999999999999999999-'],
  ['an end beyond numbers', 'bytes=0-99999999999999999999'],
  ['an end before its start', 'bytes=5-2'],
  ['a sign', 'bytes=--1'],
  ['other digits', 'bytes=0x0-0x1'],
  ['nothing', 'bytes=-0'],
])('a trick with ranges, %s, gets no more than the file', async (_what, range) => {
  const { asOwner, download, peer, port } = await startControl();
  const { id } = await download('a.txt', '01234567');
  peer.arrive(id, 0);
  const ticket = await asOwner('POST', `${CONTROL}/downloads/${id}/preview`);
  const answer = await call(port, 'GET', (ticket.json as Preview).url, { headers: { range } });
  expect([200, 206, 416]).toContain(answer.status);
  if (answer.status !== 416) expect(answer.text).toBe('01234567');
});

test('tickets cannot be hoarded: of more than a hundred the oldest is void', async () => {
  const { asOwner, download, port } = await startControl();
  const { id } = await download('a.txt', '');
  const urls: string[] = [];
  for (let count = 0; count <= 100; count++) {
    const ticket = await asOwner('POST', `${CONTROL}/downloads/${id}/preview`);
    urls.push((ticket.json as Preview).url);
  }
  expect(new Set(urls).size).toBe(101);
  expectProblem(await call(port, 'GET', urls[0] ?? ''), 404, 'not-found');
  expect(await call(port, 'GET', urls.at(-1) ?? '')).toMatchObject({ status: 200 });
});

test('ten thousand followers: a hundred are told, the others refused, and all else goes on', async () => {
  const { port, token, asOwner, peer } = await startControl();
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_FOLLOWERS + 20 });
  onTestFinished(() => {
    agent.destroy();
  });
  const counts = new Map<number, number>();
  const follow = async () => {
    const request = get({
      ...{ host: '127.0.0.1', port, agent, path: `${CONTROL}/events` },
      headers: { authorization: `Bearer ${token}` },
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const { statusCode = 0 } = response;
    counts.set(statusCode, (counts.get(statusCode) ?? 0) + 1);
    if (statusCode === 200) response.resume().on('error', () => undefined);
    else await textOf(response);
  };
  await Promise.all(Array.from({ length: 10_000 }, follow));
  expect([...counts].sort()).toEqual([
    [200, MAX_FOLLOWERS],
    [503, 10_000 - MAX_FOLLOWERS],
  ]);
  expect(await asOwner('GET', `${CONTROL}/state`)).toMatchObject({ status: 200 });
  agent.destroy();
  await expect.poll(() => peer.listeners, SOON).toBe(0);
}, 180_000);

test('a body without end is refused before it is read', async () => {
  const { asOwner, peer } = await startControl();
  const body = { folder: `/${'x'.repeat(100_000)}` };
  expectProblem(await asOwner('POST', `${CONTROL}/shares`, body), 413, 'body-too-large');
  const polluted = '{"__proto__":{"folder":"/"},"folder":"/tmp"}';
  expectProblem(await asOwner('POST', `${CONTROL}/shares`, polluted), 400, 'bad-body');
  expect(peer.state.shares).toEqual([]);
});

test.each([
  ['both lengths', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
  ['a length that is none', 'Content-Length: +5\r\n\r\nhello'],
  ['an encoding that hides', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['a header that is folded', 'X-A: 1\r\n Content-Length: 5\r\n\r\n'],
])('request smuggling: %s is no request', async (_what, rest) => {
  const { port, token } = await startControl();
  const head = `POST ${CONTROL}/shares HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
  const smuggled = `GET ${CONTROL}/state HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const answer = await sendRaw(port, head + rest + smuggled);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
});

test('an old request without a Host, or with two, gets nothing', async () => {
  const { port, token } = await startControl();
  const authorization = `Authorization: Bearer ${token}\r\n`;
  const none = await sendRaw(port, `GET ${CONTROL} HTTP/1.0\r\n${authorization}\r\n`);
  expect(none).toMatch(/^HTTP\/1\.1 421 /);
  const own = `Host: 127.0.0.1:${port}\r\n`;
  const two = `GET ${CONTROL}/state HTTP/1.1\r\nHost: evil.example\r\n${own}${authorization}Connection: close\r\n\r\n`;
  expect(await sendRaw(port, two)).toMatch(/^HTTP\/1\.1 4(00|21) /);
  const absolute = `GET http://evil.example${CONTROL}/state HTTP/1.1\r\n${own}Connection: close\r\n\r\n`;
  expect(await sendRaw(port, absolute)).toMatch(/^HTTP\/1\.1 4\d\d /);
});
