// The control interface as a page or a script uses it.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import {
  ControlServiceSchema,
  ControlStateSchema,
  DownloadSchema,
  FoldersSchema,
  OfferedPageSchema,
  type Folders,
} from '../../src/protocol/control.ts';
import { VERSION } from '../../src/lib/version.ts';
import { CodedError } from '../../src/protocol/errors.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { call, expectProblem } from '../registry/calling.ts';
import { CONTROL, ROOT, startControl } from './controlling.ts';

test('it says what it is to everybody, and what it does to who knows the token', async () => {
  const { port, asOwner, peer } = await startControl();
  const service = await call(port, 'GET', CONTROL);
  expect(service).toMatchObject({ status: 200, json: { service: 'sp2p-peer', version: VERSION } });
  expect(Value.Check(ControlServiceSchema, service.json)).toBe(true);
  const state = await asOwner('GET', `${CONTROL}/state`);
  expect(state).toMatchObject({ status: 200, json: peer.state });
  expect(Value.Check(ControlStateSchema, state.json)).toBe(true);
});

test('a download is added, changed and removed', async () => {
  const { asOwner, peer, folder } = await startControl();
  peer.hold(ROOT, Buffer.from('hello'));
  const wanted = { root: ROOT, name: 'sub/a.txt', sequential: true, priority: 'high' };
  const added = await asOwner('POST', `${CONTROL}/downloads`, wanted);
  expect(added).toMatchObject({ status: 200, json: { ...wanted, size: 5, state: 'running' } });
  expect(Value.Check(DownloadSchema, added.json)).toBe(true);
  const { id } = added.json as { id: string };
  const at = `${CONTROL}/downloads/${id}`;
  expect(await asOwner('PATCH', at, { state: 'paused', priority: 'low' })).toMatchObject({
    status: 200,
    json: { id, state: 'paused', priority: 'low', path: join(folder, 'sub/a.txt') },
  });
  expect(await asOwner('DELETE', at)).toMatchObject({ status: 204, text: '' });
  expect(peer.state.downloads).toEqual([]);
  expectProblem(await asOwner('DELETE', at), 404, 'not-found');
  expectProblem(await asOwner('PATCH', at, {}), 404, 'not-found');
});

const FOLDER = '/tmp';
test.each<[what: string, method: string, path: string, body: unknown, code: string]>([
  ['a root that is none', 'POST', '/downloads', { root: 'x', name: 'a' }, 'bad-request'],
  ['a download without a name', 'POST', '/downloads', { root: ROOT }, 'bad-request'],
  ['a name that leads out', 'POST', '/downloads', { root: ROOT, name: '../a' }, 'bad-name'],
  [
    ...(['a folder that depends on where the peer was started', 'POST', '/downloads'] as const),
    ...([{ root: ROOT, name: 'a', folder: 'a/b' }, 'bad-request'] as const),
  ],
  ['a member that is not known', 'POST', '/shares', { folder: FOLDER, mode: 7 }, 'bad-request'],
  ['a share without a path', 'POST', '/shares', { folder: '' }, 'bad-request'],
  ['a relative share', 'POST', '/shares', { folder: 'music' }, 'bad-request'],
  ['a share with a NUL in it', 'POST', '/shares', { folder: '/tmp/\0' }, 'bad-request'],
  ['an id that is none', 'DELETE', '/shares/7', undefined, 'bad-request'],
  ['a limit below 1 KiB/s', 'PUT', '/limits', { maxUpload: 1, maxDownload: null }, 'bad-request'],
  ['half of the limits', 'PUT', '/limits', { maxUpload: 2_000 }, 'bad-request'],
  ['a state that is none', 'PATCH', `/downloads/${'0'.repeat(16)}`, { state: 'x' }, 'bad-request'],
  ['a page that is too long', 'GET', '/offered?limit=1001', undefined, 'bad-request'],
  ['JSON that is none', 'PUT', '/limits', '{"maxUpload":', 'bad-body'],
  ['no body', 'PUT', '/limits', '', 'bad-body'],
])('%s is refused', async (_what, method, path, body, code) => {
  const { asOwner } = await startControl();
  expectProblem(await asOwner(method, CONTROL + path, body), 400, code);
});

test('a folder is shared and is not shared any more', async () => {
  const { asOwner, peer } = await startControl();
  const folder = await temporaryFolder();
  const added = await asOwner('POST', `${CONTROL}/shares`, { folder });
  expect(added).toMatchObject({ status: 200, json: { folder } });
  const { id } = added.json as { id: string };
  expect(await asOwner('DELETE', `${CONTROL}/shares/${id}`)).toMatchObject({ status: 204 });
  expect(peer.state.shares).toEqual([]);
  expectProblem(await asOwner('DELETE', `${CONTROL}/shares/${id}`), 404, 'not-found');
});

test('why a folder cannot be shared is told to the owner', async () => {
  const { asOwner } = await startControl();
  const folder = join(await temporaryFolder(), 'missing');
  const answer = await asOwner('POST', `${CONTROL}/shares`, { folder });
  expectProblem(answer, 422, 'bad-share');
  expect(answer.text).toContain(folder);
});

test('limits and settings are changed', async () => {
  const { asOwner, peer, folder } = await startControl();
  const limits = { maxUpload: 2_048, maxDownload: null };
  expect(await asOwner('PUT', `${CONTROL}/limits`, limits)).toMatchObject({ status: 204 });
  expect(peer.state.limits).toEqual(limits);
  const settings = { downloadFolder: folder, atOnce: 5 };
  expect(await asOwner('PUT', `${CONTROL}/settings`, settings)).toMatchObject({ status: 204 });
  expect(peer.state.settings).toEqual(settings);
});

test('what is offered comes a page at a time', async () => {
  const { asOwner } = await startControl();
  const first = await asOwner('GET', `${CONTROL}/offered?text=.txt&limit=1`);
  expect(first).toMatchObject({
    status: 200,
    json: { offered: [{ name: 'a.txt' }], next: 'a.txt' },
  });
  expect(Value.Check(OfferedPageSchema, first.json)).toBe(true);
  const second = await asOwner('GET', `${CONTROL}/offered?text=.txt&after=a.txt`);
  expect(second.json).toMatchObject({ offered: [{ name: 'b.txt' }], next: null });
});

test('the folders under a folder are told, in the order of people, without files and hidden ones', async () => {
  const { asOwner } = await startControl();
  const under = await folderOf({
    'file.txt': 'x',
    'b/x': '',
    'a10/x': '',
    'a9/x': '',
    '.git/x': '',
  });
  const answer = await asOwner('GET', `${CONTROL}/folders?under=${encodeURIComponent(under)}`);
  expect(Value.Check(FoldersSchema, answer.json)).toBe(true);
  const { folder, folders, parent } = answer.json as Folders;
  expect({ folder, parent }).toEqual({ folder: under, parent: join(under, '..') });
  expect(folders).toEqual(['a9', 'a10', 'b'].map((name) => join(under, name)));
  expect((await asOwner('GET', `${CONTROL}/folders?under=/`)).json).toMatchObject({ parent: null });
  expect((await asOwner('GET', `${CONTROL}/folders`)).status).toBe(200);
});

test('the folder of a download is opened, and of nothing else', async () => {
  const opened: string[] = [];
  const { asOwner, download, folder } = await startControl({
    openFolder: (each) => {
      opened.push(each);
      return Promise.resolve();
    },
  });
  const { id } = await download('a.txt', 'hello');
  const path = `${CONTROL}/downloads/${id}/open`;
  expect(await asOwner('POST', path)).toMatchObject({ status: 204 });
  expect(opened).toEqual([folder]);
  const unknown = `${CONTROL}/downloads/${'0'.repeat(16)}/open`;
  expectProblem(await asOwner('POST', unknown), 404, 'not-found');
  expect(opened).toHaveLength(1);
});

test('a machine without a desktop says so', async () => {
  const { asOwner, download } = await startControl({
    openFolder: () => Promise.reject(new CodedError('no-file-manager', 'There is no desktop.')),
  });
  const { id } = await download('a.txt', 'hello');
  expectProblem(await asOwner('POST', `${CONTROL}/downloads/${id}/open`), 501, 'no-file-manager');
});

test('a method that is not for a path is told which are', async () => {
  const { asOwner, port } = await startControl();
  const answer = await asOwner('POST', `${CONTROL}/state`);
  expectProblem(answer, 405, 'method-not-allowed');
  expect(answer.headers.allow).toBe('GET');
  expectProblem(await call(port, 'POST', CONTROL), 405, 'method-not-allowed');
  expectProblem(await asOwner('GET', `${CONTROL}/nothing`), 404, 'not-found');
});

test('the page is served beside it, without a token', async () => {
  const { port } = await startControl({
    page: (app) => {
      app.get('/', (_request, reply) =>
        reply
          .header('content-security-policy', "default-src 'self'")
          .type('text/html')
          .send('<h1>'),
      );
    },
  });
  const { status, text, headers } = await call(port, 'GET', '/');
  expect({ status, text }).toEqual({ status: 200, text: '<h1>' });
  expect(headers).toMatchObject({
    'content-security-policy': "default-src 'self'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
});

test('a folder that is a file, or hidden behind one, is none', async () => {
  const { asOwner } = await startControl();
  const under = await folderOf({ 'file.txt': 'x' });
  await mkdir(join(under, 'sub'));
  await writeFile(join(under, 'sub', 'x'), '');
  for (const path of ['file.txt', 'missing', 'file.txt/sub'])
    expectProblem(
      await asOwner('GET', `${CONTROL}/folders?under=${encodeURIComponent(join(under, path))}`),
      ...([404, 'not-found'] as const),
    );
});
