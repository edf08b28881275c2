// The OpenAPI document against the server that it describes: nothing is missing in either.
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createApp } from '../../src/registry/app.ts';
import { ChangeFeed } from '../../src/registry/change-feed.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { silent, startRegistry } from '../harness/running.ts';
import { call } from './calling.ts';

interface Operation {
  description?: string;
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content: Record<string, unknown> };
  responses: Record<string, { description: string; content?: Record<string, unknown> }>;
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
