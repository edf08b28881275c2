// What passes is never more than the rate, and nobody waits for longer than the rate asks for.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Allowance, LEAST_BURST_BYTES } from './allowance.ts';

const rate = fc.oneof(...[100, 10 ** 6, 10 ** 9].map((max) => fc.integer({ min: 1, max })));
/** Attempts to pass: how long after the one before, with how much, and whether the rate changes first. */
const attempts = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 500, noNaN: true })),
    bytes: fc.integer({ min: 1, max: 200_000 }),
    rate: fc.option(rate, { freq: 5, nil: undefined }),
  }),
  { maxLength: 60 },
);

test('over any span, no more passes than rate × span + burst, also while the rate changes', () => {
  fc.assert(
    fc.property(rate, attempts, (first, all) => {
      let now = 0;
      let current = first;
      const allowance = new Allowance(first, now);
      /** What passed at each moment, the burst then, and what the rate alone would have let pass up to it. */
      const passed: { bytes: number; burst: number; allowed: number }[] = [];
      let allowed = 0;
      for (const { afterMs, bytes, rate: changed } of all) {
        now += afterMs;
        allowed += (current * afterMs) / 1000;
        if (changed !== undefined) {
          allowance.setRate(changed, now);
          current = changed;
        }
        if (allowance.admit(bytes, now) > 0) continue;
        passed.push({ bytes, burst: allowance.burstBytes, allowed });
      }
      for (const [from, begun] of passed.entries()) {
        let bytes = 0;
        for (const last of passed.slice(from)) {
          bytes += last.bytes;
          const above = Math.max(0, last.bytes - last.burst);
          const most = last.allowed - begun.allowed + begun.burst + above;
          expect(bytes).toBeLessThanOrEqual(most * (1 + 1e-9));
        }
      }
    }),
    {
      numRuns: 1_000,
      // A rate that is lowered when some of a larger burst has gone already.
      examples: [
        [
          41_000,
          [
            { afterMs: 0, bytes: 1, rate: undefined },
            { afterMs: 0, bytes: 2_050, rate: 1 },
          ],
        ],
      ],
    },
  );
});

test('who waits as long as was said passes, and not before', () => {
  fc.assert(
    fc.property(rate, fc.array(fc.integer({ min: 1, max: 4 * LEAST_BURST_BYTES })), (each, all) => {
      let now = 0;
      const allowance = new Allowance(each, now);
      for (const bytes of all) {
        const waitMs = allowance.admit(bytes, now);
        if (waitMs === 0) continue;
        // A millisecond, here and there, is for what is lost in rounding.
        if (waitMs > 2) expect(allowance.admit(bytes, now + waitMs - 2)).toBeGreaterThan(0);
        now += waitMs + 1;
        expect(allowance.admit(bytes, now)).toBe(0);
      }
    }),
  );
});

test('nothing is saved up for later beyond a burst', () => {
  const allowance = new Allowance(100_000, 0);
  expect(allowance.burstBytes).toBe(5_000);
  expect(allowance.admit(5_000, 3_600_000)).toBe(0);
  expect(allowance.admit(5_000, 3_600_000)).toBe(50);
});

test('a change counts from its moment on', () => {
  const allowance = new Allowance(1, 0);
  expect(allowance.admit(2_048, 0)).toBe(0);
  expect(allowance.admit(1_024, 0)).toBe(1_024_000);
  allowance.setRate(1_024, 0);
  expect(allowance.admit(1_024, 0)).toBe(1_000);
  allowance.setRate(Infinity, 500);
  expect(allowance.admit(10 ** 12, 500)).toBe(0);
  allowance.setRate(1_000, 500);
  expect(allowance.admit(2_048, 500)).toBe(0);
  expect(allowance.admit(1_000, 500)).toBe(1_000);
});
