// The picture of a swarm: everyone has a place, and nobody has two.
import { expect, test } from 'vitest';
import type { Download, Upload } from '../../../src/protocol/control.ts';
import { lineWidth, swarmOf } from './swarm-layout.ts';

const running = (...sources: [string, number][]) =>
  ({
    state: 'running',
    sources: sources.map(([endpoint, rate]) => ({ endpoint, rate, bytes: 0, isWhole: true })),
  }) as unknown as Download;
const upload = (to: string, rate: number): Upload => ({
  to,
  rate,
  name: null,
  root: null,
  bytes: 0,
});

test('who sends is on the left, who gets on the right, and who does both is there once', () => {
  const { nodes, more } = swarmOf(
    [running(['a:1', 5], ['b:1', 1]), running(['a:1', 2])],
    [upload('b:1', 3), upload('c:1', 1)],
    800,
  );
  expect(nodes.map(({ endpoint, sends, gets, x }) => [endpoint, sends, gets, x < 400])).toEqual([
    ['a:1', 7, 0, true],
    ['b:1', 1, 3, false],
    ['c:1', 0, 1, false],
  ]);
  expect(more).toBe(0);
});

test('of very many the busiest are shown, inside of the picture, and the others are counted', () => {
  const many = Array.from({ length: 50 }, (_, at): [string, number] => [`h${at}:1`, at]);
  const { nodes, more, height } = swarmOf([running(...many)], [], 360);
  expect(nodes.length + more).toBe(50);
  expect(nodes.map(({ endpoint }) => endpoint)).toContain('h49:1');
  for (const { x, y } of nodes) expect(x > 0 && x < 360 && y > 0 && y < height).toBe(true);
});

test('a greater rate is a wider line, within bounds', () => {
  expect([0, 10, 1e6, 1e12].map(lineWidth)).toEqual([1, 1.5, expect.closeTo(4.5, 0), 9]);
});
