// What the control interface tells as it happens.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { ControlState } from '../../src/protocol/control.ts';
import { expectProblem } from '../registry/calling.ts';
import { CONTROL, ROOT, startControl } from './controlling.ts';

const EVENTS = `${CONTROL}/events`;
const SOON = { timeout: 20_000, interval: 20 };

test('who follows gets all of it first, and then the parts that change', async () => {
  const { follow, peer, asOwner } = await startControl();
  const { next, response } = await follow(EVENTS);
  expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  expect(await next()).toEqual({ event: 'state', data: peer.state });
  await asOwner('PUT', `${CONTROL}/limits`, { maxUpload: 4_096, maxDownload: null });
  expect(await next()).toEqual({
    event: 'limits',
    data: { maxUpload: 4_096, maxDownload: null },
  });
  peer.state.peer.sent = 7;
  peer.changed('peer');
  expect(await next()).toMatchObject({ event: 'peer', data: { sent: 7 } });
});

test('many changes are gathered: a part comes once, as it is then', async () => {
  const { follow, peer } = await startControl();
  const { next } = await follow(EVENTS);
  await next();
  for (let sent = 1; sent <= 1_000; sent++) {
    peer.state.peer.sent = sent;
    peer.changed('peer');
    peer.changed('uploads');
  }
  expect(await next()).toMatchObject({ event: 'peer', data: { sent: 1_000 } });
  expect(await next()).toMatchObject({ event: 'uploads' });
  peer.changed('settings');
  // Had there been anything in between, it would come before.
  expect(await next()).toMatchObject({ event: 'settings' });
});

test('nobody is listened to for who has left', async () => {
  const { follow, peer } = await startControl();
  const [one, other] = [await follow(EVENTS), await follow(EVENTS)];
  await one.next();
  expect(peer.listeners).toBe(1);
  one.leave();
  other.leave();
  await expect.poll(() => peer.listeners, SOON).toBe(0);
  const again = await follow(EVENTS);
  await again.next();
  peer.changed('shares');
  expect(await again.next()).toMatchObject({ event: 'shares' });
});

test('who reads slowly gets the latest state when it reads on, and nothing piles up', async () => {
  const { follow, peer } = await startControl();
  const { next, response } = await follow(EVENTS);
  await next();
  response.pause();
  const name = 'n'.repeat(1_000);
  for (let round = 1; round <= 200; round++) {
    peer.state.uploads = Array.from({ length: 200 }, () => ({
      ...{ to: '192.0.2.9', name, root: ROOT, rate: round, bytes: 1 },
    }));
    peer.changed('uploads');
    await new Promise(setImmediate);
  }
  response.resume();
  let last: ControlState['uploads'] = [];
  while (last[0]?.rate !== 200) last = (await next())?.data as ControlState['uploads'];
  expect(last).toHaveLength(200);
});

test('the pieces of a download are told, and then those that arrive', async () => {
  const { follow, peer, download } = await startControl();
  const { id } = await download('film.mp4', 'x'.repeat(32));
  peer.arrive(id, 2);
  const { next } = await follow(`${CONTROL}/downloads/${id}/pieces`);
  const sources = ['192.0.2.7:7771'];
  expect(await next()).toEqual({
    event: 'pieces',
    data: { count: 4, sources, runs: [[2, 1, 0]] },
  });
  for (const piece of [0, 3]) {
    peer.arrive(id, piece);
    const arrived = [[piece, 0]];
    expect(await next()).toEqual({ event: 'change', data: { sources, arrived, underWay: [] } });
  }
});

test('pieces are waited for until the size is proven', async () => {
  const { follow, peer, asOwner } = await startControl();
  const added = await asOwner('POST', `${CONTROL}/downloads`, { root: ROOT, name: 'a.bin' });
  const { id } = added.json as { id: string };
  const { next } = await follow(`${CONTROL}/downloads/${id}/pieces`);
  peer.prove(id, Buffer.alloc(17));
  expect(await next()).toMatchObject({ event: 'pieces', data: { count: 3 } });
  peer.arrive(id, 1);
  expect(await next()).toMatchObject({ event: 'change', data: { arrived: [[1, 0]] } });
});

test('the pieces of a download that is removed end', async () => {
  const { follow, peer, download, asOwner } = await startControl();
  const { id } = await download('a.txt', 'hello');
  const { next } = await follow(`${CONTROL}/downloads/${id}/pieces`);
  await next();
  await asOwner('DELETE', `${CONTROL}/downloads/${id}`);
  expect(await next()).toBeUndefined();
  await expect.poll(() => peer.listeners, SOON).toBe(0);
  expectProblem(await asOwner('GET', `${CONTROL}/downloads/${id}/pieces`), 404, 'not-found');
});

test('a peer that stops ends what is followed, and waits for nobody', async () => {
  const { follow, server, download } = await startControl();
  const { id } = await download('a.txt', 'hello');
  const streams = [await follow(EVENTS), await follow(`${CONTROL}/downloads/${id}/pieces`)];
  const ended = streams.map(({ response }) => once(response.resume(), 'close'));
  await server.stop();
  await Promise.all(ended);
});
