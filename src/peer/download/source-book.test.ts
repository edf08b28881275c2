// Who is asked, who is left alone for a while, and who never again.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PATIENCE } from './patience.ts';
import { SourceBook, type BookedSource } from './source-book.ts';
import { SourceFailure, type FailureKind } from './source-failure.ts';

const { firstRetryMs, awayMs } = PATIENCE;
const KINDS: FailureKind[] = [
  ...(['unreachable', 'silent', 'not-http', 'refused', 'stalled', 'closed-early'] as const),
  ...(['wrong-answer', 'bad-piece'] as const),
];
const MOST_LIVE = 50;

function endpointsFrom(first: number, count: number) {
  return Array.from({ length: count }, (_, i) => ({ ipAddress: '192.0.2.1', port: first + i }));
}

function failure(kind: FailureKind): SourceFailure {
  return new SourceFailure(kind, 'so it is');
}

/** A book with one source in it, that has delivered something. */
function bookWithOne(): { book: SourceBook; source: BookedSource } {
  const book = new SourceBook();
  book.join(endpointsFrom(1, 1), 0);
  const [source] = book.live;
  if (!source) throw new Error('Nobody is in the book.');
  book.deliver(source, 1000);
  return { book, source };
}

test('an endpoint that is named again and again is one source', () => {
  const book = new SourceBook();
  expect(book.join([...endpointsFrom(1, 3), ...endpointsFrom(2, 2)], 0)).toBe(true);
  expect(book.join(endpointsFrom(1, 3), 1e9)).toBe(false);
  expect(book.live.map(({ key }) => key)).toEqual(['192.0.2.1:1', '192.0.2.1:2', '192.0.2.1:3']);
});

test('of any number of sources some are used, and others in place of those that fail', () => {
  const book = new SourceBook();
  const all = endpointsFrom(1, 1000);
  book.join(all, 0);
  expect(book.live).toHaveLength(MOST_LIVE);
  for (const source of book.live.slice(0, 7)) book.fail(source, failure('refused'), 0);
  expect(book.join(all, 1)).toBe(true);
  expect(book.live).toHaveLength(MOST_LIVE);
  expect(book.live.at(-1)?.endpoint.port).toBe(MOST_LIVE + 7);
});

test('a registry that names ever new ones fills no memory', () => {
  const book = new SourceBook();
  for (let round = 0; round < 500; round++) {
    book.join(endpointsFrom(1 + 50 * round, 50), 0);
    for (const source of book.live) book.fail(source, failure('wrong-answer'), 0);
  }
  expect(book.failed).toHaveLength(10_000);
  expect(book.join(endpointsFrom(60_000, 1), 0)).toBe(false);
});

test.for(['wrong-answer', 'bad-piece', 'not-http'] as const)(
  'who lied (%s) is never asked again, and is named',
  (kind) => {
    const { book, source } = bookWithOne();
    book.fail(source, failure(kind), 0);
    book.fail(source, failure('closed-early'), 1);
    expect(book.join([source.endpoint], 1e12)).toBe(false);
    expect(book.live).toEqual([]);
    expect(book.failed).toEqual([{ endpoint: source.key, reason: `${kind}: so it is` }]);
    expect(book.delivered).toEqual([{ endpoint: source.key, bytes: 1000 }]);
  },
);

test('who fails is tried again, each time later, and left alone after the fourth time', () => {
  const { book, source } = bookWithOne();
  for (const doubled of [1, 2, 4]) {
    book.fail(source, failure('closed-early'), 1000);
    expect(source).toMatchObject({ state: 'live', retryAt: 1000 + doubled * firstRetryMs });
    expect(book.failed).toEqual([]);
  }
  book.fail(source, failure('closed-early'), 1000);
  expect(source.state).toBe('away');
  expect(book.join([source.endpoint], 1000 + awayMs - 1)).toBe(false);
  expect(book.join([source.endpoint], 1000 + awayMs)).toBe(true);
  expect(source).toMatchObject({ state: 'live', failuresInARow: 0 });
});

test('a piece in between makes failures forgotten', () => {
  const { book, source } = bookWithOne();
  for (let time = 0; time < 20; time++) {
    book.fail(source, failure('stalled'), 0);
    book.deliver(source, 0);
  }
  expect(source.state).toBe('live');
});

test.for(['unreachable', 'stalled'] as const)(
  'who is %s, and never gave anything, is left alone at once',
  (kind) => {
    const book = new SourceBook();
    book.join(endpointsFrom(1, 1), 0);
    for (const source of book.live) book.fail(source, failure(kind), 0);
    expect(book.live).toEqual([]);
    expect(book.join(endpointsFrom(1, 1), awayMs)).toBe(true);
  },
);

test('the rate is that of late, and of who was asked for a part of the time at least what came', () => {
  const { book, source } = bookWithOne();
  const rateAfter = (bytes: number, isBusy: boolean) => {
    source.bytesSinceRate = bytes;
    book.takeRates(0.5, () => isBusy);
    return source.rate;
  };
  expect(rateAfter(1000, false)).toBe(2000);
  expect(rateAfter(500, false)).toBe(2000);
  expect(rateAfter(0, false)).toBe(2000);
  const slower = rateAfter(0, true);
  expect(slower).toBeLessThan(2000);
  expect(rateAfter(0, true)).toBeLessThan(slower);
  const quicker = rateAfter(1_000_000, true);
  expect(quicker).toBeGreaterThan(slower);
  book.fail(source, failure('closed-early'), 0);
  expect(source.rate).toBe(0);
});

test('whatever happens, who lied stays away, and no more are used than may be', () => {
  const step = fc.record({
    does: fc.constantFrom('join', 'fail', 'deliver'),
    port: fc.integer({ min: 1, max: 120 }),
    kind: fc.constantFrom(...KINDS),
    later: fc.nat(20_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const book = new SourceBook();
      const liars = new Set<string>();
      let now = 0;
      for (const { does, port, kind, later } of steps) {
        now += later;
        const source = book.get(`192.0.2.1:${port}`);
        if (does === 'join') book.join(endpointsFrom(port, 60), now);
        else if (source && does === 'deliver') book.deliver(source, 10);
        else if (source && does === 'fail') {
          book.fail(source, failure(kind), now);
          if (['wrong-answer', 'bad-piece', 'not-http'].includes(kind)) liars.add(source.key);
        }
        expect(book.live.length).toBeLessThanOrEqual(MOST_LIVE);
        expect(book.live.filter(({ key }) => liars.has(key))).toEqual([]);
        const named = new Set(book.failed.map(({ endpoint }) => endpoint));
        expect([...liars].every((liar) => named.has(liar))).toBe(true);
      }
    }),
  );
});
