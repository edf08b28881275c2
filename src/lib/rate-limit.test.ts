// The line of those who wait for a limit: in order, fair, and never for longer than it takes.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RateLimit } from './rate-limit.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** A transfer that asks for portion after portion for ever, and counts what passed. */
function greedy(limit: RateLimit) {
  const transfer = { bytes: 0, leave: (): unknown => undefined };
  const next = () => {
    for (;;) {
      const bytes = limit.portionBytes;
      const leave = limit.hold(bytes, () => {
        transfer.bytes += bytes;
        next();
      });
      if (leave) {
        transfer.leave = leave;
        return;
      }
      transfer.bytes += bytes;
    }
  };
  next();
  return transfer;
}

test('all transfers get the same, and together the rate', () => {
  const limit = new RateLimit(1_000_000);
  const transfers = Array.from({ length: 5 }, () => greedy(limit));
  vi.advanceTimersByTime(10_000);
  const each = transfers.map(({ bytes }) => bytes);
  const sum = each.reduce((a, b) => a + b);
  expect(sum).toBeGreaterThan(9_900_000);
  expect(sum).toBeLessThanOrEqual(10_050_000);
  // The first one found nobody waiting, and a whole burst.
  expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(2 * limit.portionBytes);
  for (const { leave } of transfers) leave();
});

test('nothing waits without a limit', () => {
  const limit = new RateLimit();
  expect(limit.hold(10 ** 12, () => expect.unreachable())).toBeUndefined();
  expect(limit).toMatchObject({ isOn: false, isHoldingUp: false, portionBytes: Infinity });
});

test('who waits notices at once that the limit was raised, or lifted', () => {
  const limit = new RateLimit(1);
  const passed: string[] = [];
  expect(limit.hold(2_048, () => expect.unreachable())).toBeUndefined();
  limit.hold(1_024, () => passed.push('a'));
  limit.hold(1_024, () => passed.push('b'));
  vi.advanceTimersByTime(3_600_000 / 4);
  expect(passed).toEqual([]);
  expect(limit.isHoldingUp).toBe(true);
  limit.bytesPerSecond = 10_240;
  vi.advanceTimersByTime(100);
  expect(passed).toEqual(['a']);
  limit.bytesPerSecond = Infinity;
  expect(passed).toEqual(['a', 'b']);
  vi.advanceTimersByTime(1_000);
  expect(limit.isHoldingUp).toBe(false);
});

test('a limit that was lowered holds from then on', () => {
  const limit = new RateLimit(1_000_000);
  const transfer = greedy(limit);
  vi.advanceTimersByTime(1_000);
  const before = transfer.bytes;
  limit.bytesPerSecond = 10_000;
  vi.advanceTimersByTime(10_000);
  // The portion that waited already was one of the old size.
  expect(transfer.bytes - before).toBeLessThanOrEqual(100_000 + 50_000 + limit.portionBytes);
  expect(transfer.bytes - before).toBeGreaterThan(90_000);
  transfer.leave();
});

test('who has left the line is not called, and keeps nobody waiting', () => {
  const limit = new RateLimit(1_024);
  limit.hold(2_048, () => expect.unreachable());
  const leave = limit.hold(1_000_000, () => expect.unreachable());
  const passed = vi.fn();
  limit.hold(512, passed);
  vi.advanceTimersByTime(500);
  expect(passed).not.toHaveBeenCalled();
  leave?.();
  expect(passed).toHaveBeenCalledOnce();
});

test('a wait ends with its signal', async () => {
  const limit = new RateLimit(1);
  expect(limit.passed(2_048, new AbortController().signal)).toBeUndefined();
  const stopping = new AbortController();
  const waiting = limit.passed(1_024, stopping.signal);
  stopping.abort();
  await waiting;
  await limit.passed(1_024, stopping.signal);
});
