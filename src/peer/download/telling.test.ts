// Everybody hears of every piece once, the sender at once, the others as what comes in pays for it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Telling, type Listener } from './telling.ts';

const PIECE_BYTES = 256 * 1024;

class Hearer implements Listener {
  readonly words: number[][] = [];

  get heard(): number[] {
    return this.words.flat();
  }

  tell(pieces: number[]): void {
    this.words.push(pieces);
  }
}

function hearersOf(telling: Telling, count: number): Hearer[] {
  const hearers = Array.from({ length: count }, () => new Hearer());
  for (const hearer of hearers) telling.join(hearer);
  return hearers;
}

test('who sent a piece hears of it at once, and of all that it was not told yet', () => {
  const telling = new Telling();
  const [sender] = hearersOf(telling, 500);
  for (let piece = 9; piece >= 0; piece--) telling.gain(piece, 0, undefined);
  telling.gain(10, 0, sender);
  expect(sender?.heard.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  telling.gain(11, 0, sender);
  expect(sender?.words.at(-1)).toEqual([11]);
});

test('the pieces of one word are in ascending order', () => {
  const telling = new Telling();
  const [hearer] = hearersOf(telling, 1);
  for (let piece = 0; piece < 64; piece++) telling.gain(piece, 0, undefined);
  for (const piece of [70, 69, 80]) telling.gain(piece, 0, undefined);
  telling.flush();
  expect(hearer?.words.at(-1)).toEqual([69, 70, 80]);
});

test('telling the others takes a small part of what comes in', () => {
  const telling = new Telling();
  const hearers = hearersOf(telling, 200);
  const saved = 64;
  for (let piece = 0; piece < 1000; piece++) telling.gain(piece, PIECE_BYTES, undefined);
  const words = hearers.reduce((sum, hearer) => sum + hearer.words.length, 0);
  expect(words * 150).toBeLessThanOrEqual(0.004 * 1000 * PIECE_BYTES + saved * 150);
  expect(words * 150).toBeGreaterThan(0.9 * 0.004 * 1000 * PIECE_BYTES);
});

test('the one who waits longest is told first, so that nobody is forgotten', () => {
  const telling = new Telling();
  const hearers = hearersOf(telling, 200);
  for (let piece = 0; piece < 300; piece++) telling.gain(piece, PIECE_BYTES, undefined);
  const counts = hearers.map((hearer) => hearer.words.length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});

test('who has left hears nothing more', () => {
  const telling = new Telling();
  const [first, second] = hearersOf(telling, 2);
  if (!first || !second) throw new Error('There are two.');
  telling.leave(first);
  telling.gain(0, PIECE_BYTES, first);
  telling.flush();
  expect(first.words).toEqual([]);
  expect(second.heard).toEqual([0]);
});

test('whatever comes from whom, in the end each has heard of each piece since it joined, once', () => {
  const gains = fc.array(
    fc.record({ bytes: fc.nat(1000), from: fc.option(fc.nat(20)), joins: fc.boolean() }),
    { maxLength: 200, size: 'max' },
  );
  fc.assert(
    fc.property(gains, (all) => {
      const telling = new Telling();
      const hearers = hearersOf(telling, 10);
      const since = hearers.map(() => 0);
      for (const [piece, { bytes, from, joins }] of all.entries()) {
        if (joins) {
          hearers.push(...hearersOf(telling, 1));
          since.push(piece);
        }
        const sender = from === null ? undefined : hearers[from];
        telling.gain(piece, bytes, sender);
        if (sender) expect(sender.heard).toContain(piece);
      }
      telling.flush();
      const said = hearers.map(({ words }) => words.length);
      telling.flush();
      expect(hearers.map(({ words }) => words.length)).toEqual(said);
      for (const [index, hearer] of hearers.entries())
        expect(hearer.heard.sort((a, b) => a - b)).toEqual(
          [...all.keys()].slice(since[index] ?? 0),
        );
    }),
  );
});
