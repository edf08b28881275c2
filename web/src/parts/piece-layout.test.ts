// A picture of pieces fits where it is shown.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cellOf, layoutOf } from './piece-layout.ts';

test('few pieces are large, ten thousand still fit in a picture', () => {
  expect(layoutOf(40, 900)).toMatchObject({ perCell: 1, pitch: 28 });
  expect(layoutOf(10_000, 900)).toMatchObject({ perCell: 1, pitch: 5 });
});

test('every piece has a cell inside of the picture', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_048_576 }),
      fc.integer({ min: 1, max: 4_000 }),
      (count, width) => {
        const layout = layoutOf(count, width);
        expect(layout.width).toBeLessThanOrEqual(Math.max(width, layout.pitch));
        expect(cellOf(count - 1, layout)).toBe(layout.cells - 1);
        expect(layout.columns * (layout.height / layout.pitch)).toBeGreaterThanOrEqual(
          layout.cells,
        );
      },
    ),
  );
});
