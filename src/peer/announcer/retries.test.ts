// When peers come back to a registry that failed: soon, not together, and not before they are asked to.
import { expect, test } from 'vitest';
import { CodedError } from '../../protocol/errors.ts';
import { Retries } from './retries.ts';

const PEERS = 10_000;
const SLICE_MS = 100;
const AWAY = new CodedError('registry-unreachable', 'Nobody answers.');

/** When peers that lost a registry in one moment find it again, in milliseconds. */
function returns(awayMs: number, error = AWAY): number[] {
  return Array.from({ length: PEERS }, () => {
    const retries = new Retries();
    let now = 0;
    do now += retries.nextPauseMs(error);
    while (now < awayMs);
    return now;
  });
}

function mostAtOnce(times: number[]): number {
  const slices = new Map<number, number>();
  for (const time of times) {
    const slice = Math.floor(time / SLICE_MS);
    slices.set(slice, (slices.get(slice) ?? 0) + 1);
  }
  return Math.max(...slices.values());
}

// With chance alone at work these differ by a few percent: the bounds leave room for three times that.
test.each([
  { awayMs: 0, withinMs: 1_000, share: 0.16 },
  { awayMs: 3_000, withinMs: 9_000, share: 0.06 },
  { awayMs: 20_000, withinMs: 26_000, share: 0.04 },
  { awayMs: 120_000, withinMs: 126_000, share: 0.04 },
])(
  'ten thousand peers that lost a registry in one moment come back by and by: $awayMs ms',
  ({ awayMs, withinMs, share }) => {
    const times = returns(awayMs);
    expect(Math.max(...times)).toBeLessThanOrEqual(withinMs);
    expect(mostAtOnce(times)).toBeLessThanOrEqual(PEERS * share);
  },
);

test('nobody comes before the registry asks it to, and they come apart all the same', () => {
  const busy = new CodedError('busy', 'Too much to do.', { facts: { retryAfter: 10 } });
  const times = returns(0, busy);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(10_000);
  expect(Math.max(...times)).toBeLessThanOrEqual(11_000);
  expect(mostAtOnce(times)).toBeLessThanOrEqual(PEERS * 0.16);
});

test('a registry that wants to be left alone for ever is asked again after a minute', () => {
  const never = new CodedError('busy', 'Go away.', { facts: { retryAfter: 999_999_999 } });
  expect(Math.max(...returns(0, never))).toBeLessThanOrEqual(61_000);
});

test('after a success the next failure is the first one again', () => {
  const retries = new Retries();
  for (let times = 0; times < 10; times++) retries.nextPauseMs(AWAY);
  retries.succeeded();
  expect(retries.nextPauseMs(AWAY)).toBeLessThanOrEqual(1_000);
});
