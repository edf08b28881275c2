// Who fetches, as it is listed: each once.
import { expect, test } from 'vitest';
import { gettersOf } from './getters.ts';

const upload = (to: string, rate: number, root = 'a') => ({ to, rate, root, name: root, bytes: 1 });

test('who has asked before it said where it serves is listed once', () => {
  const all = [upload('192.0.2.9', 1), upload('192.0.2.9:7771', 5), upload('192.0.2.8', 2)];
  const getters = gettersOf(all);
  expect(getters.map(({ to, rate, bytes }) => [to, rate, bytes])).toEqual([
    ['192.0.2.9:7771', 6, 2],
    ['192.0.2.8', 2, 1],
  ]);
  expect(getters[0]?.only?.name).toBe('a');
  const v6 = [upload('2001:db8::7', 1, 'b'), upload('[2001:db8::7]:7771', 1)];
  expect(gettersOf(v6)).toMatchObject([{ to: '[2001:db8::7]:7771', only: undefined }]);
});

test('of several at one address nobody is taken for another', () => {
  const all = [upload('192.0.2.9', 1), upload('192.0.2.9:1', 3), upload('192.0.2.9:2', 2)];
  expect(gettersOf(all).map(({ to }) => to)).toEqual(['192.0.2.9:1', '192.0.2.9:2', '192.0.2.9']);
});
