// The scale of a limit's slider: rates by quarters of a doubling, and no limit at its end. Pure.

/** Bytes a second at the slider's start. */
const LEAST = 16 * 1024;
const STEPS_PER_DOUBLING = 4;
/** Up to 512 MiB/s. */
const DOUBLINGS = 15;

/** The position that means no limit. */
export const LAST = STEPS_PER_DOUBLING * DOUBLINGS + 1;

/** Bytes a second at a position; null: no limit. */
export function limitAt(position: number): number | null {
  if (position >= LAST) return null;
  const exact = LEAST * 2 ** (Math.max(0, position) / STEPS_PER_DOUBLING);
  // Two digits that count, in the unit in which it is shown.
  const unit = 1024 ** Math.floor(Math.log2(exact) / 10);
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(exact / unit)) - 1);
  const value = exact / unit;
  return Math.round(
    (value < 10 ? Math.round(value * 10) / 10 : Math.round(value / digits) * digits) * unit,
  );
}

/** The position next to a limit. */
export function positionOf(limit: number | null): number {
  if (limit === null) return LAST;
  const position = Math.round(STEPS_PER_DOUBLING * Math.log2(limit / LEAST));
  return Math.min(Math.max(0, position), LAST - 1);
}
