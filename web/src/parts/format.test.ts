// Figures as they are read.
import { expect, test } from 'vitest';
import {
  ageText,
  bytesText,
  counted,
  durationText,
  endpointText,
  percentText,
  sentText,
} from './format.ts';

test('sizes have three digits that count', () => {
  expect([0, 999, 1000, 1536, 12_884_902, 1024 ** 4].map(bytesText)).toEqual([
    ...['0 B', '999 B', '0.98 KiB', '1.50 KiB', '12.3 MiB', '1.00 TiB'],
  ]);
});

test('durations are said in two units at most', () => {
  expect([0.2, 59, 60, 3_599, 7_500, 172_800, Infinity].map(durationText)).toEqual([
    ...['1 s', '59 s', '1 min 0 s', '59 min 59 s', '2 h 5 min', '2 days', ''],
  ]);
});

test('ages are said in words', () => {
  const now = 1_800_000_000_000;
  const ago = (seconds: number) => ageText(now - seconds * 1000, now);
  expect([5, -30, 120, 7_200, 90_000, 400_000].map(ago)).toEqual([
    ...['just now', 'just now', '2 min ago', '2 h ago', 'yesterday', '4 days ago'],
  ]);
});

test('it is never all before all is there', () => {
  expect(percentText(999, 1000)).toBe('99 %');
  expect(percentText(1000, 1000)).toBe('100 %');
  expect(percentText(0, 0)).toBe('100 %');
});

test('one is one, and endpoints are as people write them', () => {
  expect([counted(1, 'file'), counted(1200, 'file')]).toEqual(['1 file', '1,200 files']);
  expect(endpointText({ ipAddress: '2001:db8::7', port: 7771 })).toBe('[2001:db8::7]:7771');
  expect(endpointText({ ipAddress: '192.0.2.7', port: 7771 })).toBe('192.0.2.7:7771');
});

test('what was sent in part is not said to be fetched', () => {
  expect(sentText(0, 0)).toBe('not fetched yet');
  expect(sentText(0, 1536)).toBe('1.50 KiB sent');
  expect(sentText(1, 2048)).toBe('fetched 1 time');
});
