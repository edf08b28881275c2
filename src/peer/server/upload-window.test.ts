// As much is under way as the uplink needs to be busy, and no receiver can change that by being slow.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UploadWindow } from './upload-window.ts';

/** Milliseconds that a word takes from here to there. */
const WORD_MS = 40;
/** An offer, a claim, and the word that a piece has arrived. */
const WORDS_MS = 3 * WORD_MS;

/** An uplink that does one piece after the other, each in so long: the limits of the window after each. */
function keepBusy(window: UploadWindow, pieceMs: number, pieces: number): number[] {
  const limits: number[] = [];
  const underWay: { since: number; heard: number }[] = [];
  let now = 0;
  let freeAt = 0;
  for (let sent = 0; sent < pieces; sent++) {
    while (window.hasRoom) {
      window.begin();
      freeAt = Math.max(freeAt, now + 2 * WORD_MS) + pieceMs;
      underWay.push({ since: now, heard: freeAt + WORD_MS });
    }
    const first = underWay.shift();
    if (!first) throw new Error('Nothing is under way.');
    now = first.heard;
    window.end(now - first.since);
    limits.push(window.limit);
  }
  for (let left = underWay.length; left > 0; left--) window.drop();
  return limits;
}

test('there is room until so many are under way as there may be', () => {
  const window = new UploadWindow();
  for (let begun = 0; begun < window.limit; begun++) {
    expect(window.hasRoom).toBe(true);
    window.begin();
  }
  expect(window.hasRoom).toBe(false);
  window.drop();
  expect(window).toMatchObject({ hasRoom: true, underWay: window.limit - 1 });
});

test.each([1, 10, 50, 100, 200, 1000, 5000])(
  'a piece that takes %i ms on the line: the uplink never waits for words',
  (pieceMs) => {
    const window = new UploadWindow();
    keepBusy(window, pieceMs, 500);
    expect((window.limit - 1) * pieceMs).toBeGreaterThan(Math.min(WORDS_MS, 200 * pieceMs));
  },
);

test('a slow uplink has few under way, so that each comes out early', () => {
  const window = new UploadWindow();
  keepBusy(window, 1000, 100);
  expect(window.limit).toBe(2);
});

test('an uplink that has become quicker gets more under way, and one that has become slower less', () => {
  const window = new UploadWindow();
  keepBusy(window, 200, 100);
  const { limit } = window;
  keepBusy(window, 50, 200);
  expect(window.limit).toBeGreaterThan(limit + 2);
  keepBusy(window, 200, 400);
  expect(Math.abs(window.limit - limit)).toBeLessThanOrEqual(1);
});

test('a window that has become larger settles, and does not swing', () => {
  const window = new UploadWindow();
  keepBusy(window, 200, 100);
  expect(new Set(keepBusy(window, 50, 300).slice(100)).size).toBe(1);
});

test('one slow receiver among quick ones changes next to nothing', () => {
  const window = new UploadWindow();
  keepBusy(window, 100, 100);
  const { limit } = window;
  window.begin();
  window.end(60_000);
  expect(Math.abs(window.limit - limit)).toBeLessThanOrEqual(1);
});

test('what takes several times as long as usual is held up, and before anything has arrived what takes two seconds', () => {
  const window = new UploadWindow();
  expect([window.isHeldUp(2_000), window.isHeldUp(2_001)]).toEqual([false, true]);
  keepBusy(window, 100, 100);
  const usual = window.limit * 100 + WORDS_MS;
  expect(window.isHeldUp(1.5 * usual)).toBe(false);
  expect(window.isHeldUp(5 * usual)).toBe(true);
});

test('whatever has been measured, at least two and at most 256 may be under way', () => {
  const took = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(fc.array(took, { maxLength: 300, size: 'max' }), (all) => {
      const window = new UploadWindow();
      for (const tookMs of all) {
        while (window.hasRoom) window.begin();
        window.end(tookMs);
        expect(window.limit).toBeGreaterThanOrEqual(2);
        expect(window.limit).toBeLessThanOrEqual(256);
      }
    }),
  );
});
