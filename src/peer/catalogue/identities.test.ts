// How long a file has to be quiet before it is hashed.
import { expect, test } from 'vitest';
import { quietMsLeft } from './identities.ts';

const NOW = 1_762_387_198_500;

function leftOf(size: number, mtime: bigint): number {
  const state = { device: 1n, inode: 2n, size, mtime };
  return quietMsLeft({ name: 'a', path: '/s/a', realPath: '/s/a', state }, NOW);
}

function nanoseconds(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}

test('a file that was just written is left alone for longer than two writes can look like one', () => {
  expect(leftOf(3, nanoseconds(NOW))).toBeGreaterThanOrEqual(50);
  expect(leftOf(3, nanoseconds(NOW - 1_001))).toBeLessThanOrEqual(0);
  // A whole second may be the time of a file system that counts every other.
  expect(leftOf(3, nanoseconds(NOW - 500))).toBeGreaterThanOrEqual(1_500);
  expect(leftOf(3, nanoseconds(NOW - 2_500))).toBeLessThanOrEqual(0);
});

test('a large file is left alone for longer, within bounds', () => {
  const GiB = 1024 ** 3;
  expect(leftOf(GiB, nanoseconds(NOW))).toBeGreaterThan(2_000);
  expect(leftOf(1024 * GiB, nanoseconds(NOW))).toBeLessThanOrEqual(30_000);
});

test('a time that is yet to come says nothing', () => {
  expect(leftOf(3, nanoseconds(NOW + 1))).toBeLessThanOrEqual(0);
  expect(leftOf(3, nanoseconds(NOW + 86_400_500))).toBeLessThanOrEqual(0);
});
