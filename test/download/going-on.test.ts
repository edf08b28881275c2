// What one source began another goes on with, where it has the very same state of the content; bytes of
// two states are never mixed, and a source that answers a range wrongly harms nothing.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { endpointText } from '../../src/protocol/endpoints.ts';
import { getToFile, getToPipe } from './downloading.ts';
import {
  askedFrom,
  closedEndpoint,
  head,
  serving,
  startSource,
  startTelling,
  type Script,
  type ScriptedSource,
} from './scripted.ts';

const BYTES = randomBytes(300_000);
const OTHER_BYTES = randomBytes(300_000);
const HALF = 150_000;
const TAG = '"one"';

/** A registry that tells one list of sources after the other, each in the order of trying. */
async function telling(...rounds: { endpoint: ScriptedSource['endpoint'] }[][]): Promise<URL> {
  let round = 0;
  return startTelling(() => {
    const sources = rounds[Math.min(round++, rounds.length - 1)] ?? [];
    if (sources.length > 2) throw new Error('Of more than two the order is left to chance.');
    return sources.map(({ endpoint }, index) => ({
      endpoint,
      contract: index === 0 ? 'native' : 'exercise',
      size: BYTES.length,
    }));
  });
}

test.for([
  ['a file', getToFile],
  ['a pipe', getToPipe],
] as const)('into %s the next source goes on where the first one closed', async ([, get]) => {
  const first = await startSource(serving(BYTES, TAG, HALF));
  const second = await startSource(serving(BYTES, TAG));
  const got = await get({ registry: await telling([first, second]) });
  expect(got.bytes.equals(BYTES)).toBe(true);
  const [opening = ''] = second.openings;
  expect(opening).toContain(`if-range: ${TAG}`);
  const from = askedFrom(opening);
  expect(from).toBeGreaterThan(0);
  expect(got.sources).toEqual([
    { endpoint: endpointText(first.endpoint), bytes: from },
    { endpoint: endpointText(second.endpoint), bytes: BYTES.length - from },
  ]);
  expect(got.failed).toHaveLength(1);
});

/** What answers a range, with the fields and the bytes that are honest but for one thing. */
function answering(change: (from: number) => Record<string, string | number>): Script {
  return (socket, opening) => {
    const from = askedFrom(opening);
    const rest = BYTES.length - from;
    socket.write(
      head(206, {
        'content-length': rest,
        etag: TAG,
        'content-range': `bytes ${from}-${BYTES.length - 1}/${BYTES.length}`,
        ...change(from),
      }),
    );
    socket.end(Buffer.alloc(rest, 'wrong'));
  };
}

test.for<[string, Script]>([
  ['of another state', answering(() => ({ etag: '"two"' }))],
  ['of another state, by a weak tag', answering(() => ({ etag: `W/${TAG}` }))],
  ['without a tag', answering(() => ({ etag: '' }))],
  [
    'that begins elsewhere',
    answering((from) => ({ 'content-range': `bytes ${from - 1}-299998/300000` })),
  ],
  ['of a longer file', answering((from) => ({ 'content-range': `bytes ${from}-299999/300001` }))],
  ['that ends early', answering((from) => ({ 'content-range': `bytes ${from}-299998/300000` }))],
  ['that is none', answering(() => ({ 'content-range': 'bytes */300000' }))],
  ['that is not told', answering(() => ({ 'content-range': '' }))],
  [
    'in several parts',
    answering(() => ({ 'content-range': '', 'content-type': 'multipart/byteranges' })),
  ],
])('a range %s is not taken, and what is there stays', async ([, wrong]) => {
  const first = await startSource(serving(BYTES, TAG, HALF));
  const second = await startSource(wrong);
  const third = await startSource(serving(BYTES, TAG));
  const got = await getToFile({ registry: await telling([first, second], [third]) });
  expect(got.bytes.equals(BYTES)).toBe(true);
  expect(got.failed[1]).toEqual({
    endpoint: endpointText(second.endpoint),
    reason: 'wrong-answer: another range than was asked for',
  });
  expect(askedFrom(third.openings[0] ?? '')).toBeGreaterThan(0);
});

test('a source that has another state begins anew: nothing of the first one is in the file', async () => {
  const first = await startSource(serving(BYTES, TAG, HALF));
  const second = await startSource(serving(OTHER_BYTES, '"two"'));
  const got = await getToFile({ registry: await telling([first, second]) });
  expect(got.bytes.equals(OTHER_BYTES)).toBe(true);
  expect(got.sources).toEqual([
    { endpoint: endpointText(second.endpoint), bytes: OTHER_BYTES.length },
  ]);
});

test.for([
  ['a file', getToFile],
  ['a pipe', getToPipe],
] as const)('into %s a source that knows no ranges sends the whole again', async ([, get]) => {
  const first = await startSource(serving(BYTES, TAG, HALF));
  const second = await startSource((socket) => {
    socket.write(head(200, { 'content-length': BYTES.length, etag: TAG }));
    socket.end(BYTES);
  });
  const got = await get({ registry: await telling([first, second]) });
  expect(got.bytes.equals(BYTES)).toBe(true);
  expect(got.failed).toHaveLength(1);
});

test('into a pipe no other state is taken, and the source that it began with goes on', async () => {
  let calls = 0;
  const first = await startSource((socket, opening) => {
    serving(BYTES, TAG, ++calls === 1 ? HALF : BYTES.length)(socket, opening);
  });
  const second = await startSource(serving(OTHER_BYTES, '"two"'));
  const got = await getToPipe({ registry: await telling([first, second]) });
  expect(got.bytes.equals(BYTES)).toBe(true);
  expect(got.failed[1]?.reason).toMatch(/^wrong-answer: it cannot go on behind the \d+ bytes/);
});

test('into a pipe that nobody can go on with it ends in no-source', async () => {
  const first = await startSource(serving(BYTES, TAG, HALF));
  const second = await startSource(serving(OTHER_BYTES, '"two"'));
  const registry = await telling([first, second], [second]);
  await expect(getToPipe({ registry })).rejects.toMatchObject({ code: 'no-source' });
});

test('what a source without a strong tag began is begun anew by the next', async () => {
  const first = await startSource(serving(BYTES, 'W/"weak"', HALF));
  const second = await startSource(serving(BYTES, 'W/"weak"'));
  const got = await getToFile({ registry: await telling([first, second]) });
  expect(got.bytes.equals(BYTES)).toBe(true);
  expect(second.openings[0]).not.toMatch(/range:/i);
});

test('a source that sends more than it promised gives what it promised', async () => {
  const source = await startSource((socket) => {
    socket.write(head(200, { 'content-length': BYTES.length, etag: TAG }));
    socket.end(Buffer.concat([BYTES, OTHER_BYTES]));
  });
  const got = await getToFile({ registry: await telling([source]) });
  expect(got.bytes.equals(BYTES)).toBe(true);
});

test('a closed port is named, and left for the next', async () => {
  const closed = { endpoint: await closedEndpoint() };
  const source = await startSource(serving(BYTES, TAG));
  const got = await getToFile({ registry: await telling([closed, source]) });
  expect(got.bytes.equals(BYTES)).toBe(true);
  expect(got.failed).toEqual([
    {
      endpoint: endpointText(closed.endpoint),
      reason: `unreachable: connect ECONNREFUSED ${endpointText(closed.endpoint)}`,
    },
  ]);
  await expect(getToFile({ registry: await telling([closed]) })).rejects.toMatchObject({
    code: 'no-source',
  });
});

test('a reader that pauses for longer than a source may stall is not the fault of the source', async () => {
  const bytes = randomBytes(8_000_000);
  const source = await startSource(serving(bytes, TAG));
  const stalledAfterMs = 250;
  let hasPaused = false;
  const got = await getToPipe({ registry: await telling([source]), stalledAfterMs }, async () => {
    if (!hasPaused) await delay(3 * stalledAfterMs);
    hasPaused = true;
  });
  expect(got.bytes.equals(bytes)).toBe(true);
  expect(got.failed).toEqual([]);
});

test('an empty file is fetched', async () => {
  const source = await startSource(serving(Buffer.alloc(0), TAG));
  const got = await getToFile({ registry: await telling([source]) });
  expect(got.bytes).toHaveLength(0);
  expect(got.sources).toEqual([]);
});
