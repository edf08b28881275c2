// Previews: a download's bytes while they come, by a ticket.
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Value } from 'typebox/value';
import { expect, onTestFinished, test } from 'vitest';
import { PreviewSchema, type Preview } from '../../src/protocol/control.ts';
import { call, expectProblem } from '../registry/calling.ts';
import { CONTROL, ROOT, startControl, type Controlling } from './controlling.ts';
import { PIECE_BYTES } from './memory-peer.ts';

const BYTES = Buffer.from('0123456789abcdefghijklmnopqrstuv');

/** A download all of which is there, and a ticket for it. */
async function previewing(name: string, bytes = BYTES) {
  const control = await startControl();
  const { id, pieceCount } = await control.download(name, bytes);
  for (let piece = 0; piece < (pieceCount ?? 0); piece++) control.peer.arrive(id, piece);
  return { ...control, id, ...(await ticketFor(control, id)) };
}

async function ticketFor({ asOwner }: Controlling, id: string): Promise<Preview> {
  const answer = await asOwner('POST', `${CONTROL}/downloads/${id}/preview`);
  expect(answer.status).toBe(200);
  expect(Value.Check(PreviewSchema, answer.json)).toBe(true);
  return answer.json as Preview;
}

test('a picture is sent in a sandbox, as what it is, to who has the ticket alone', async () => {
  const { port, url, type } = await previewing('sub/ä b.png');
  expect(url).toMatch(/^\/control\/v1\/preview\/[\w-]{22}$/);
  expect(type).toBe('image/png');
  const { status, headers, text } = await call(port, 'GET', url);
  expect({ status, text }).toEqual({ status: 200, text: BYTES.toString() });
  expect(headers).toMatchObject({
    'content-type': 'image/png',
    'content-length': '32',
    'accept-ranges': 'bytes',
    'content-disposition': `inline; filename="? b.png"; filename*=UTF-8''%C3%A4%20b.png`,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'cross-origin-resource-policy': 'same-origin',
  });
  expect(headers['content-security-policy']).toMatch(/^sandbox; default-src 'none';/);
  expectProblem(await call(port, 'GET', `${url.slice(0, -1)}_`), 404, 'not-found');
});

test.each([
  ['bytes=0-3', 206, '0123', 'bytes 0-3/32'],
  ['bytes=6-9', 206, '6789', 'bytes 6-9/32'],
  ['bytes=30-', 206, 'uv', 'bytes 30-31/32'],
  ['bytes=-2', 206, 'uv', 'bytes 30-31/32'],
  ['bytes=28-99', 206, 'stuv', 'bytes 28-31/32'],
  ['bytes=0-1,4-5', 200, BYTES.toString(), undefined],
  ['lines=1-2', 200, BYTES.toString(), undefined],
])('of the range %s comes what was asked for', async (range, status, text, contentRange) => {
  const { port, url } = await previewing('a.mp3');
  const answer = await call(port, 'GET', url, { headers: { range } });
  expect(answer).toMatchObject({ status, text });
  expect(answer.headers['content-range']).toBe(contentRange);
  expect(answer.headers['content-length']).toBe(String(text.length));
});

test('a range behind the end is none, and one of another content is not used', async () => {
  const { port, url } = await previewing('a.mp3');
  const behind = await call(port, 'GET', url, { headers: { range: 'bytes=32-' } });
  expectProblem(behind, 416, 'range-not-satisfiable');
  expect(behind.headers['content-range']).toBe('bytes */32');
  const headers = { range: 'bytes=0-3', 'if-range': '"another"' };
  expect(await call(port, 'GET', url, { headers })).toMatchObject({ status: 200 });
  const { etag = '' } = (await call(port, 'HEAD', url)).headers;
  const same = { range: 'bytes=0-3', 'if-range': etag };
  expect(await call(port, 'GET', url, { headers: same })).toMatchObject({ status: 206 });
});

test('HEAD says the same without a byte', async () => {
  const { port, url } = await previewing('a.webm');
  const { status, headers, text } = await call(port, 'HEAD', url);
  expect({ status, text }).toEqual({ status: 200, text: '' });
  expect(headers).toMatchObject({ 'content-length': '32', 'content-type': 'video/webm' });
});

test('an empty text is shown as one', async () => {
  const { port, url } = await previewing('a.txt', Buffer.alloc(0));
  expect(await call(port, 'GET', url)).toMatchObject({ status: 200, text: '' });
});

test('what has not come yet is waited for', async () => {
  const control = await startControl();
  const { id } = await control.download('film.mp4', BYTES);
  control.peer.arrive(id, 0);
  const { url } = await ticketFor(control, id);
  const request = get({ host: '127.0.0.1', port: control.port, path: url, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const [first] = (await once(response, 'data')) as [Buffer];
  response.pause();
  expect(first).toEqual(BYTES.subarray(0, PIECE_BYTES));
  for (const piece of [3, 2, 1]) control.peer.arrive(id, piece);
  expect(await buffer(response)).toEqual(BYTES.subarray(PIECE_BYTES));
});

test('a peer that stops ends the previews that still wait', async () => {
  const control = await startControl();
  const { id } = await control.download('film.mp4', BYTES);
  control.peer.arrive(id, 0);
  const { url } = await ticketFor(control, id);
  const request = get({ host: '127.0.0.1', port: control.port, path: url, agent: false });
  onTestFinished(() => {
    request.destroy();
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const ended = once(response, 'error');
  response.resume();
  await control.server.stop();
  expect(await ended).toMatchObject([{ code: 'ECONNRESET' }]);
});

test('a ticket is over when its download is removed', async () => {
  const { port, url, id, asOwner } = await previewing('a.txt');
  await asOwner('DELETE', `${CONTROL}/downloads/${id}`);
  expectProblem(await call(port, 'GET', url), 404, 'not-found');
});

test('what nobody can show, or is not known yet, gets no ticket', async () => {
  const { asOwner, download } = await startControl();
  const { id } = await download('setup.exe', 'MZ');
  expectProblem(await asOwner('POST', `${CONTROL}/downloads/${id}/preview`), 422, 'no-preview');
  const added = await asOwner('POST', `${CONTROL}/downloads`, { root: ROOT, name: 'a.mp4' });
  const unknown = `${CONTROL}/downloads/${(added.json as { id: string }).id}/preview`;
  expectProblem(await asOwner('POST', unknown), 503, 'not-ready');
});
