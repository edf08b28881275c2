// What the client makes of a registry that refuses for the moment.
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { retryAfterOf } from '../../src/client/json-call.ts';
import { connectRegistry, NativeRegistry } from '../../src/client/registry-client.ts';

/** Answers everything with the same. */
async function answering(status: number, body: unknown, headers = {}): Promise<URL> {
  const server = createServer((_request, response) => {
    response.writeHead(status, headers).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const rejected = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  );

test.each([
  [429, 'too-many-requests'],
  [503, 'busy'],
  [503, 'engine-unavailable'],
])('a refusal for now, %i %s, says when to ask again', async (status, code) => {
  const url = await answering(status, { code, detail: 'Later.' }, { 'retry-after': '7' });
  for (const call of [connectRegistry({ url }), new NativeRegistry({ url }).peers(1)]) {
    const error = await rejected(call);
    expect(error).toMatchObject({ code, message: 'Later.' });
    expect(retryAfterOf(error)).toBe(7);
  }
});

test('one that does not speak of problems may say so, too', async () => {
  const url = await answering(503, 'down for maintenance', { 'retry-after': '120' });
  const error = await rejected(connectRegistry({ url }));
  expect(error).toMatchObject({ code: 'registry-misbehaves' });
  expect(retryAfterOf(error)).toBe(120);
});

test.each(['Wed, 21 Oct 2026 07:28:00 GMT', '-1', '1.5', '1e3', '9'.repeat(20), ''])(
  'what is no number of seconds is left aside: %j',
  async (told) => {
    const url = await answering(503, { code: 'busy' }, { 'retry-after': told });
    const error = await rejected(connectRegistry({ url }));
    expect(error).toMatchObject({ code: 'busy' });
    expect(retryAfterOf(error)).toBeUndefined();
  },
);

test('a registry that has been asked too often is not taken for one of the exercise', async () => {
  const url = await answering(429, 'slow down');
  await expect(connectRegistry({ url })).rejects.toMatchObject({ code: 'registry-misbehaves' });
});
