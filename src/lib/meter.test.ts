// A rate is what came over the last seconds: steady where it is steady, and soon 0 when nothing comes.
import { expect, test } from 'vitest';
import { Meter } from './meter.ts';

/** Counts so many bytes every 100 ms. */
function run(meter: Meter, from: number, to: number, bytes: number): void {
  for (let now = from; now < to; now += 100) meter.add(bytes, now);
}

test('what comes steadily has its rate, from the first second on', () => {
  const meter = new Meter();
  expect(meter.rate(0)).toBe(0);
  for (let now = 10_000; now < 30_000; now += 1_000) {
    run(meter, now, now + 1_000, 100);
    expect(meter.rate(now + 1_000)).toBeGreaterThan(900);
    expect(meter.rate(now + 1_000)).toBeLessThan(1_150);
  }
  expect(meter.total).toBe(20_000);
});

test('the first bytes are no infinite rate', () => {
  const meter = new Meter();
  meter.add(1_000, 5_000);
  expect(meter.rate(5_000)).toBe(2_000);
});

test('a new rate is told within a few seconds, and none after as many', () => {
  const meter = new Meter();
  run(meter, 0, 10_000, 100);
  run(meter, 10_000, 14_000, 1_000);
  expect(meter.rate(14_000)).toBeGreaterThan(9_000);
  expect(meter.rate(18_000)).toBe(0);
  expect(meter.rate(1e9)).toBe(0);
  run(meter, 1e9, 1e9 + 2_000, 100);
  expect(meter.rate(1e9 + 2_000)).toBeCloseTo(1_000, -2);
});
