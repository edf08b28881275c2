// The API reference in the browser: a page that loads nothing from elsewhere.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { startRegistry } from '../harness/running.ts';
import { call } from './calling.ts';

const PAGE = '/api/v1/reference';

test('the page loads its parts from the registry alone', async () => {
  const { port } = await startRegistry();
  const page = await call(port, 'GET', PAGE);
  expect(page.status).toBe(200);
  expect(page.headers['content-type']).toMatch(/^text\/html/);
  expect(page.text).not.toMatch(/https?:\/\/|"\/\/|'\/\//);
  const sources = [...page.text.matchAll(/\s(?:src|href)="([^"]*)"/g)].map(([, source]) => source);
  expect(sources).toEqual(['reference/scalar.js']);
  const url = new URL(sources[0] ?? '', `http://127.0.0.1:${port}${PAGE}`);
  const script = await call(port, 'GET', url.pathname);
  expect(script.headers['content-type']).toMatch(/^text\/javascript/);
  expect(script.text).toContain('createApiReference');
  const document = new URL(
    /"url": "([^"]*)"/.exec(page.text)?.[1] ?? '',
    url.href.replace(/reference\/.*/, ''),
  );
  expect((await call(port, 'GET', document.pathname)).json).toHaveProperty('openapi');
});

test('it says so to the browser, which then holds it to that', async () => {
  const { port } = await startRegistry();
  const { headers, text } = await call(port, 'GET', PAGE);
  const policy = new Map(
    String(headers['content-security-policy'])
      .split('; ')
      .map((each) => each.split(' '))
      .map(([what = '', ...from]) => [what, from]),
  );
  expect(policy.get('default-src')).toEqual(["'none'"]);
  const inline = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(text)?.[1] ?? '';
  const hash = createHash('sha256').update(inline).digest('base64');
  expect(policy.get('script-src')).toEqual(["'self'", `'sha256-${hash}'`]);
  for (const [what, from] of policy)
    for (const each of from)
      expect(each, what).toMatch(/^('none'|'self'|data:|'unsafe-inline'|'sha256-.*')$/);
  for (const off of ['"telemetry": false', '"withDefaultFonts": false', '"proxyUrl": ""'])
    expect(text).toContain(off);
});
