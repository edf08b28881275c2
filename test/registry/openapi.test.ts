// The OpenAPI document against the server that it describes: nothing is missing in either.
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createApp } from '../../src/registry/app.ts';
import { ChangeFeed } from '../../src/registry/change-feed.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { EXAMPLE, identityOf } from '../harness/identities.ts';
import { silent, startRegistry } from '../harness/running.ts';
import { call } from './calling.ts';

interface Operation {
  description?: string;
  tags: string[];
  parameters?: { name: string; in: string; required?: boolean; example?: unknown }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
}
interface Media {
  schema: Record<string, unknown>;
  example?: unknown;
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

function operationsOf(document: Document): [path: string, method: string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(
      ([method, operation]) => [path, method, operation] as [string, string, Operation],
    ),
  );
}

async function served(bases: string[] = []): Promise<Document> {
  const { port } = await startRegistry({ bases });
  const { status, headers, json } = await call(port, 'GET', '/api/v1/openapi.json');
  expect(status).toBe(200);
  expect(headers['content-type']).toMatch(/^application\/json/);
  return json as Document;
}

test('the document is OpenAPI 3.1 and whole', async () => {
  const document = await served();
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  expect(document.info).toMatchObject({ title: 'Simple P2P registry' });
  for (const [path, method, operation] of operationsOf(document)) {
    const what = `${method} ${path}`;
    expect(METHODS, what).toContain(method);
    expect(operation.description, what).toBeTruthy();
    // Every variable of the path is declared, and nothing else is said to be in it.
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
    expect(
      declared.map(({ name }) => name),
      what,
    ).toEqual(inPath);
    for (const { required } of declared) expect(required, what).toBe(true);
    for (const { name, required } of operation.parameters ?? [])
      if (name === 'limit' || name === 'after') expect(required ?? false, what).toBe(false);
    expect(operation.requestBody !== undefined, what).toBe(
      method === 'put' ||
        method === 'post' ||
        method === 'patch' ||
        (/Registers\//.test(path) && method === 'delete'),
    );
    expect(Object.keys(operation.responses), what).toEqual([
      /peers.*\/contents|\/reports$/.test(path) || (method === 'delete' && path.includes('peers'))
        ? '204'
        : '200',
    ]);
  }
});

test('every reference in the document leads somewhere', async () => {
  const document = await served(['api/powernap']);
  const references: string[] = [];
  const visit = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, member] of Object.entries(value)) {
      if (key === '$ref') references.push(member as string);
      else visit(member);
    }
  };
  visit(document);
  for (const reference of references) {
    expect(reference).toMatch(/^#\//);
    const found = reference
      .slice(2)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], document);
    expect(found, reference).toBeDefined();
  }
});

test('every route is in the document, and every operation in it is a route', async () => {
  const store = new SqliteStore(':memory:');
  const bases = ['api/powernap', 'API/registers'];
  const app = createApp({
    dialBack: undefined,
    changes: new ChangeFeed(store, silent),
    ...{ store, log: silent, clock: systemClock, leaseSeconds: 60, bases, anyAddress: false },
    unreachable: () => Promise.resolve(),
  });
  onTestFinished(() => app.close());
  const routes: string[] = [];
  app.addHook('onRoute', ({ method, url, schema }) => {
    // What refuses the other methods is no part of the contract, nor is the document itself.
    if (schema?.hide) return;
    for (const each of [method].flat()) routes.push(`${each} ${url.replace('*', '{*}')}`);
  });
  await app.ready();
  const document = app.swagger() as Document;
  const described = operationsOf(document).map(
    ([path, method]) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
  );
  // HEAD comes with every GET.
  expect(described.sort()).toEqual(routes.filter((route) => !route.startsWith('HEAD ')).sort());
  expect(described).toEqual(
    expect.arrayContaining([
      'GET /healthz',
      'PATCH /api/v1/peers/:peerId/catalogue',
      'GET /api/v1/contents/:root',
      'PUT /api/v1/peers/:peerId/contents/:root',
      'POST /api/v1/reports',
      'POST /API/registers/{*}',
      'DELETE /api/powernap/{*}',
    ]),
  );
});

test('what the registry answers is what the document promises', async () => {
  const { port } = await startRegistry();
  const { json } = await call(port, 'GET', '/api/v1/openapi.json');
  for (const [path, method, { responses }] of operationsOf(json as Document)) {
    // Events have no end; events.test.ts follows them.
    if (method !== 'get' || path === '/api/v1/events') continue;
    const asked = path
      .replace('{*}', 'a')
      .replace('{root}', '0'.repeat(64))
      .replace('/search', '/search?text=a');
    const { status, headers } = await call(port, 'GET', asked);
    const content = responses[String(status)]?.content ?? {};
    expect(Object.keys(content), asked).toEqual([headers['content-type']?.split(';', 1)[0]]);
  }
});

/** What is told comes before it is asked for, and is taken back at the end, what is part of a peer first. */
const TURNS = ['put', 'patch', 'get', 'post', 'delete'];

function inTurn(a: [string, string, Operation], b: [string, string, Operation]): number {
  const turns = TURNS.indexOf(a[1]) - TURNS.indexOf(b[1]);
  return turns || (a[1] === 'delete' ? b[0].length - a[0].length : a[0].length - b[0].length);
}

test('asked with its examples in turn, the native contract answers with its examples', async () => {
  // Known here, so that calls can prove to be it.
  identityOf(EXAMPLE);
  const { port } = await startRegistry({ anyAddress: true });
  const document = (await call(port, 'GET', '/api/v1/openapi.json')).json as Document;
  const operations = operationsOf(document).filter(([, , { tags }]) => tags.includes('native'));
  expect(operations.length).toBeGreaterThan(10);
  for (const [path, method, operation] of operations.sort(inTurn)) {
    const what = `${method} ${path}`;
    const examplesIn = (place: string) =>
      (operation.parameters ?? []).filter((each) => each.in === place && 'example' in each);
    let asked = path;
    for (const { name, example } of examplesIn('path'))
      asked = asked.replace(`{${name}}`, encodeURIComponent(String(example)));
    expect(asked, what).not.toContain('{');
    const query = examplesIn('query').map(({ name, example }): [string, string] => [
      name,
      String(example),
    ]);
    if (query.length > 0) asked += `?${new URLSearchParams(query).toString()}`;
    // Events have no end: the first is enough of them.
    if (path === '/api/v1/events') {
      await expectFirstEvent(port, asked, operation);
      continue;
    }
    const sent = operation.requestBody?.content['application/json'];
    if (sent) expectToFit(sent, sent.example, what);
    const answer = await call(port, method.toUpperCase(), asked, { body: sent?.example });
    const [[status, promised] = []] = Object.entries(operation.responses);
    expect(answer, `${what}: ${answer.text}`).toMatchObject({ status: Number(status) });
    const told = promised?.content?.['application/json'];
    if (!told) {
      expect(answer.text, what).toBe('');
      continue;
    }
    expectToFit(told, told.example, what);
    expectToFit(told, answer.json, what);
    // The version is that of whoever serves.
    const { version } = answer.json as { version?: string };
    expect(answer.json, what).toEqual({
      ...(told.example as object),
      ...(version !== undefined && { version }),
    });
  }
});

async function expectFirstEvent(port: number, asked: string, operation: Operation): Promise<void> {
  const media = operation.responses['200']?.content?.['text/event-stream'];
  const header = operation.parameters?.find((each) => each.in === 'header');
  expect(header?.example).toBeDefined();
  const response = await fetch(`http://127.0.0.1:${port}${asked}`, {
    headers: { [header?.name ?? '']: String(header?.example) },
    signal: AbortSignal.timeout(20_000),
  });
  expect(response.status).toBe(200);
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    if (text.includes('\n\n', text.indexOf('data: '))) break;
  }
  const data = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? 'null') as unknown;
  const [example] = media?.schema['examples'] as unknown[];
  expectToFit(media, example, asked);
  expectToFit(media, data, asked);
  expect(data).toEqual(example);
}

function expectToFit(media: Media | undefined, value: unknown, what: string): void {
  expect(value, `${what}: an example`).toBeDefined();
  expect([...Value.Errors((media?.schema ?? false) as TSchema, value)], what).toEqual([]);
}
