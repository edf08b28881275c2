// The id that every request has, in its answer and in the log, and what is logged of a request.
import { expect, onTestFinished, test } from 'vitest';
import { pino } from 'pino';
import type { LOG_LEVELS } from '../../src/lib/log.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { startRegistry } from '../harness/running.ts';
import { call, sendRaw, type Answered } from './calling.ts';

const idOf = ({ headers }: Answered) => headers['x-request-id'];

/** A registry whose log is kept here. */
async function logging(level: (typeof LOG_LEVELS)[number]) {
  const store = new SqliteStore(':memory:');
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => lines.push(JSON.parse(line) as (typeof lines)[0]) };
  const { port } = await startRegistry({ store, log: pino({ level, base: null }, stream) });
  onTestFinished(() => store.stop());
  return { port, store, lines };
}

test('every answer has an id, the failures too', async () => {
  const { port } = await startRegistry();
  const answers = [
    await call(port, 'GET', '/healthz'),
    await call(port, 'GET', '/nothing'),
    await call(port, 'POST', '/healthz'),
    await call(port, 'GET', '/api/Registers/%E9'),
    await call(port, 'POST', '/api/Registers/a', { body: '{' }),
    await call(port, 'POST', '/api/Registers/a', { headers: { origin: 'http://evil.test' } }),
  ];
  const ids = answers.map(idOf);
  for (const id of ids) expect(id).toMatch(/^[\w.-]{1,64}$/);
  expect(new Set(ids).size).toBe(ids.length);
  expect(await sendRaw(port, 'no HTTP\r\n\r\n')).toMatch(/\r\nX-Request-Id: [\w.-]{1,64}\r\n/);
});

test.each(['a', 'A-b_c.9', 'x'.repeat(64)])('the caller’s own id is kept: %s', async (id) => {
  const { port } = await startRegistry();
  const headers = { 'x-request-id': id };
  for (const path of ['/healthz', '/nothing', '/api/Registers/%E9'])
    expect(idOf(await call(port, 'GET', path, { headers }))).toBe(id);
});

test.each(['', 'a b', 'x'.repeat(65), 'é', 'a"b', '{}', 'a,b'])(
  'an id that could do harm is not: %j',
  async (id) => {
    const { port } = await startRegistry();
    const told = Buffer.from(id).toString('latin1');
    const answer = await call(port, 'GET', '/healthz', { headers: { 'x-request-id': told } });
    expect(idOf(answer)).toMatch(/^[\w-]{14,64}$/);
  },
);

test('at level info nothing is written of a request that went well', async () => {
  const { port, lines } = await logging('info');
  const before = lines.length;
  for (const path of ['/healthz', '/api/Registers', '/nothing', '/api/v1/search?text=a'])
    await call(port, 'GET', path);
  expect(lines.slice(before)).toEqual([]);
});

test('at level debug each request is one line with its id', async () => {
  const { port, lines } = await logging('debug');
  const headers = { 'x-request-id': 'mine' };
  await call(port, 'GET', '/api/Registers?limit=1', { headers });
  await expect.poll(() => lines.filter(({ requestId }) => requestId === 'mine')).toHaveLength(1);
  expect(lines.find(({ requestId }) => requestId === 'mine')).toMatchObject({
    ...{ level: 20, method: 'GET', url: '/api/Registers?limit=1', status: 200 },
  });
});

test('a failure on this side is an error in the log, with the id that the caller was given', async () => {
  const { port, store, lines } = await logging('error');
  await store.stop();
  const answer = await call(port, 'GET', '/api/Registers');
  expect(answer.status).toBe(500);
  const ready = await call(port, 'GET', '/readyz');
  expect(ready.status).toBe(503);
  expect(lines).toMatchObject([
    { level: 50, requestId: idOf(answer) },
    { level: 50, requestId: idOf(ready) },
  ]);
});
