// Changes as they reach those who follow them over HTTP.
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { ChangeFeed } from '../../src/registry/change-feed.ts';
import { SqliteStore } from '../../src/registry/store/sqlite.ts';
import { identityOf } from '../harness/identities.ts';
import { silent, startRegistry } from '../harness/running.ts';
import { call, expectProblem } from './calling.ts';

const PEER = identityOf('Ann').peerId;
const ROOT = 'ab'.repeat(32);

interface Event {
  id: string | undefined;
  event: string | undefined;
  data: unknown;
}

/** Follows the changes; `next` resolves with the next event. */
async function follow(port: number, lastEventId?: string) {
  const request = get({
    ...{ host: '127.0.0.1', port, path: '/api/v1/events', agent: false },
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
  });
  onTestFinished(() => {
    request.destroy();
  });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  const events = eventsIn(response);
  return {
    next: async () => (await events.next()).value as Event,
    response,
    leave: () => request.destroy(),
  };
}

async function* eventsIn(response: IncomingMessage): AsyncGenerator<Event> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field('data');
      if (data !== undefined)
        yield { id: field('id'), event: field('event'), data: JSON.parse(data) };
    }
  }
}

async function announce(port: number, at = 7771): Promise<void> {
  await call(port, 'PUT', `/api/v1/peers/${PEER}`, { body: { port: at } });
}

test('who follows is told of each change as it comes', async () => {
  const { port } = await startRegistry();
  const one = await follow(port);
  const other = await follow(port);
  await announce(port);
  await call(port, 'PATCH', `/api/v1/peers/${PEER}/catalogue`, {
    body: { revision: 0, offered: [{ name: 'a.txt', size: 1, modified: 1 }], withdrawn: [] },
  });
  await call(port, 'PUT', `/api/v1/peers/${PEER}/contents/${ROOT}`, { body: { complete: false } });
  await call(port, 'DELETE', `/api/v1/peers/${PEER}`);
  const endpoint = { ipAddress: '127.0.0.1', port: 7771 };
  for (const { next } of [one, other]) {
    expect(await next()).toMatchObject({ event: 'peer', data: { endpoint, isHere: true } });
    expect(await next()).toMatchObject({ event: 'catalogue', data: { names: ['a.txt'] } });
    expect(await next()).toMatchObject({ event: 'content', data: { root: ROOT, held: 'part' } });
    expect(await next()).toMatchObject({ event: 'peer', data: { endpoint, isHere: false } });
  }
});

test('who comes back is told of what it missed, and then of what comes', async () => {
  const { port } = await startRegistry();
  const first = await follow(port);
  await announce(port);
  const { id } = await first.next();
  first.leave();
  await call(port, 'DELETE', `/api/v1/peers/${PEER}`);
  const again = await follow(port, id);
  expect(await again.next()).toMatchObject({ event: 'peer', data: { isHere: false } });
  await announce(port);
  expect(await again.next()).toMatchObject({ event: 'peer', data: { isHere: true } });
});

test('who comes with a number that the registry never gave has to ask anew', async () => {
  const { port } = await startRegistry();
  await announce(port);
  const { next } = await follow(port, '12345');
  expect(await next()).toEqual({ id: '1', event: 'reset', data: {} });
  await call(port, 'DELETE', `/api/v1/peers/${PEER}`);
  expect(await next()).toMatchObject({ id: '2', event: 'peer' });
});

test.each(['-1', 'x', '1.5', '99999999999999999999'])(
  'the number %j is refused',
  async (lastEventId) => {
    const { port } = await startRegistry();
    const headers = { 'last-event-id': lastEventId };
    expectProblem(await call(port, 'GET', '/api/v1/events', { headers }), 400, 'bad-request');
  },
);

test('a registry that stops ends what is followed, and waits for nobody', async () => {
  const { registry, port } = await startRegistry();
  const { response } = await follow(port);
  const ended = once(response.resume(), 'close');
  await registry.stop();
  await ended;
});

test('a lease that ends without a word is told of', async () => {
  const { port } = await startRegistry({ leaseSeconds: 1 });
  const { next } = await follow(port);
  await announce(port);
  expect(await next()).toMatchObject({ data: { isHere: true } });
  expect(await next()).toMatchObject({ data: { isHere: false } });
});

test('who comes when the last follower left in the middle of a look is told all the same', async () => {
  const store = new SqliteStore(':memory:');
  await store.start();
  const asked = Promise.withResolvers<undefined>();
  const gate = Promise.withResolvers<undefined>();
  const feed = new ChangeFeed(
    {
      lastChange: () => store.lastChange(),
      changesAfter: async (id, limit) => {
        asked.resolve(undefined);
        await gate.promise;
        return store.changesAfter(id, limit);
      },
    },
    silent,
    1,
  );
  onTestFinished(async () => {
    await feed.stop();
    await store.stop();
  });
  await feed.start();
  const leave = await feed.follow({ tell: () => undefined, reset: () => undefined }, undefined);
  await asked.promise;
  leave();
  gate.resolve(undefined);
  // The look ends with nobody there.
  await new Promise(setImmediate);
  const told = Promise.withResolvers<unknown>();
  const tell = ({ change }: { change: unknown }) => {
    told.resolve(change);
  };
  await feed.follow({ tell, reset: () => undefined }, undefined);
  const endpoint = { ipAddress: '192.0.2.1', port: 7771 };
  await store.renewLease({ peerId: PEER, endpoint, displayName: undefined }, 1);
  expect(await told.promise).toEqual({ kind: 'peer', endpoint, isHere: true });
});
