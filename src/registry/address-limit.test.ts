import { expect, test } from 'vitest';
import { AddressLimit, WINDOW_MS } from './address-limit.ts';

test('so many requests in a minute, and then again', () => {
  let now = 1_000;
  const limit = new AddressLimit(2, () => now);
  expect([limit.count('a'), limit.count('a'), limit.count('a')]).toEqual([0, 0, 60]);
  now += WINDOW_MS - 1;
  expect([limit.count('a'), limit.count('b')]).toEqual([1, 0]);
  now += 1;
  expect([limit.count('a'), limit.count('a'), limit.count('a')]).toEqual([0, 0, 60]);
});

test('of more addresses than are counted the one that came first is forgotten, no other', () => {
  const limit = new AddressLimit(1, () => 0);
  for (let address = 0; address < 50_001; address++) limit.count(String(address));
  expect([limit.count('1'), limit.count('50000'), limit.count('0')]).toEqual([60, 60, 0]);
});
