// Which downloads run, whatever is asked of them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chosenToRun, retryPauseMs, type Queued } from './queue.ts';

const queued = (addedAt: number, other: Partial<Queued> = {}): Queued => ({
  ...{ priority: 'normal', isRunning: false, retryAt: 0, addedAt },
  ...other,
});

test('those that were added first run first', () => {
  const [a, b, c] = [queued(3), queued(1), queued(2)];
  expect(chosenToRun([a, b, c], 2, 0)).toEqual([b, c]);
});

test('a higher priority goes before, also before one that runs; an equal one does not', () => {
  const running = queued(5, { isRunning: true });
  const [high, low] = [queued(9, { priority: 'high' }), queued(1, { priority: 'low' })];
  expect(chosenToRun([low, running, queued(1), high], 2, 0)).toEqual([high, running]);
  expect(chosenToRun([running, queued(1)], 1, 0)).toEqual([running]);
});

test('who is to wait until a moment takes no place before it', () => {
  const [waiting, other] = [queued(1, { priority: 'high', retryAt: 100 }), queued(2)];
  expect(chosenToRun([waiting, other], 1, 99)).toEqual([other]);
  expect(chosenToRun([waiting, other], 1, 100)).toEqual([waiting]);
});

test('as many run as may, none twice, and nobody who may not', () => {
  const one = fc.record<Queued>({
    priority: fc.constantFrom('low', 'normal', 'high'),
    isRunning: fc.boolean(),
    addedAt: fc.nat(10),
    retryAt: fc.nat(10),
  });
  fc.assert(
    fc.property(fc.array(one), fc.integer({ min: 1, max: 20 }), (all, atOnce) => {
      const chosen = chosenToRun(all, atOnce, 5);
      const may = all.filter(({ isRunning, retryAt }) => isRunning || retryAt <= 5);
      expect(new Set(chosen).size).toBe(Math.min(may.length, atOnce));
      expect(chosen.every((each) => may.includes(each))).toBe(true);
    }),
  );
});

test('pauses double, up to a minute', () => {
  expect([1, 2, 3, 7, 100].map(retryPauseMs)).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
});
