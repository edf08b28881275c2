// Browsers in a private network: the form, the cookie that stands for a key, and its end.
import { expect, test } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';
import { builtPage } from '../harness/page.ts';
import { expectProblem } from './calling.ts';
import { startPrivate, type Private } from './private-registry.ts';

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const HOUR_MS = 60 * 60 * 1_000;

const started = async (clock?: Clock) =>
  startPrivate({ page: await builtPage(), ...(clock && { clock }) });

function signIn({ ask, port }: Private, key: string, headers = {}) {
  return ask(undefined, 'POST', '/api/v1/session', {
    body: `key=${encodeURIComponent(key)}`,
    headers: { ...FORM, ...HTML, origin: `https://127.0.0.1:${port}`, ...headers },
  });
}

/** As a browser sends it back. */
function cookieOf({ headers }: Awaited<ReturnType<typeof signIn>>): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? expect.fail('no cookie');
}

test('a browser without a session gets a form, a program and a path of the API a problem', async () => {
  const { ask } = await started();
  for (const path of ['/', '/network', '/no/such/path']) {
    const { status, headers, text } = await ask(undefined, 'GET', path, { headers: HTML });
    expect(status).toBe(401);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(headers['content-security-policy']).toContain("form-action 'self'");
    expect(text).toContain('<form method="post" action="/api/v1/session">');
    expect(text).not.toContain('<script');
  }
  expectProblem(await ask(undefined, 'GET', '/api/v1/peers', { headers: HTML }), 401, 'no-key');
  expectProblem(await ask(undefined, 'GET', '/'), 401, 'no-key');
});

test('who signs in gets a cookie that no script reads, and the page', async () => {
  const network = await started();
  const answer = await signIn(network, network.admin);
  expect(answer).toMatchObject({ status: 303, headers: { location: '/' } });
  const [cookie = ''] = answer.headers['set-cookie'] ?? [];
  expect(cookie).toMatch(
    /^__Host-sp2p=[\w.-]+; Max-Age=43200; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
  );
  // It stands for the key, and does not hold it.
  expect(cookie).not.toContain(network.admin.slice(-43));
  const headers = { cookie: `theme=dark; ${cookieOf(answer)}; other=1` };
  expect(await network.ask(undefined, 'GET', '/', { headers })).toMatchObject({ status: 200 });
  expect((await network.ask(undefined, 'GET', '/api/v1', { headers })).json).toMatchObject({
    you: { role: 'admin' },
  });
});

test('a program signs in with JSON, and out again', async () => {
  const { ask, admin } = await started();
  const answer = await ask(undefined, 'POST', '/api/v1/session', { body: { key: admin } });
  expect(answer).toMatchObject({ status: 204, text: '' });
  expect(cookieOf(answer)).toMatch(/^__Host-sp2p=/);
  const out = await ask(undefined, 'DELETE', '/api/v1/session');
  expect(out.headers['set-cookie']?.[0]).toMatch(/^__Host-sp2p=; Max-Age=0; /);
});

test('a wrong key gets the form again, or a problem, and no cookie', async () => {
  const network = await started();
  const form = await signIn(network, `${network.admin.slice(0, -1)}_<b>`);
  expect(form).toMatchObject({ status: 401 });
  expect(form.text).toContain('role="alert"');
  expect(form.text).not.toContain('<b>');
  const body = { key: 'sp2p_wrong' };
  const program = await network.ask(undefined, 'POST', '/api/v1/session', { body });
  expectProblem(program, 401, 'bad-key');
  for (const { headers } of [form, program]) expect(headers['set-cookie']).toBeUndefined();
  expectProblem(
    await network.ask(undefined, 'POST', '/api/v1/session', { body: 'no=key', headers: FORM }),
    ...([400, 'bad-request'] as const),
  );
});

test('another page cannot sign anybody in or out, not even one of this host without TLS', async () => {
  const network = await started();
  for (const origin of ['https://other.example', `http://127.0.0.1:${network.port}`, 'null'])
    expectProblem(await signIn(network, network.admin, { origin }), 403, 'cross-origin');
});

test('a session ends with its key, with its time, and with any letter that is changed', async () => {
  let now = Date.now();
  const network = await started({ now: () => now });
  const expires = now + HOUR_MS;
  const [ann, bob] = [await network.keyFor('reader'), await network.keyFor('reader', { expires })];
  const asks = (cookie: string) =>
    network.ask(undefined, 'GET', '/api/v1', { headers: { cookie } });
  const cookie = cookieOf(await signIn(network, ann.key));
  expect(await asks(cookie)).toMatchObject({ status: 200 });

  const [, keyId = '', end = '', mac = ''] = /=(\w+)\.(\d+)\.(.*)$/.exec(cookie) ?? [];
  const other = (await network.keyFor('admin')).id;
  for (const forged of [
    `${keyId}.${Number(end) + 1}.${mac}`,
    `${other}.${end}.${mac}`,
    `${keyId}.${end}.${'A'.repeat(43)}`,
    `${keyId}.${end}.`,
    '',
  ])
    expectProblem(await asks(`__Host-sp2p=${forged}`), 401, 'no-key');

  const short = await signIn(network, bob.key);
  expect(short.headers['set-cookie']?.[0]).toContain(`Max-Age=${HOUR_MS / 1_000};`);
  now = expires;
  expectProblem(await asks(cookieOf(short)), 401, 'no-key');
  expect(await asks(cookie)).toMatchObject({ status: 200 });
  await network.ask(network.admin, 'DELETE', `/api/v1/keys/${ann.id}`);
  expectProblem(await asks(cookie), 401, 'bad-key');
});
