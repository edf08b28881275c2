// Which rows of a long list are in sight: pure.

export interface RowWindow {
  first: number;
  /** One after the last. */
  end: number;
}

/** Rows drawn beyond what is seen, so that nothing is empty while a finger flings the list. */
const MARGIN_ROWS = 8;

/**
 * @param top where the list begins, in pixels from the top of what is seen; negative once it is scrolled
 * @param height of what is seen, in pixels
 */
export function rowsInSight(
  top: number,
  height: number,
  rowHeight: number,
  count: number,
): RowWindow {
  const first = Math.floor(-top / rowHeight) - MARGIN_ROWS;
  const end = Math.ceil((height - top) / rowHeight) + MARGIN_ROWS;
  return { first: clamp(first, count), end: clamp(end, count) };
}

function clamp(row: number, count: number): number {
  return Math.min(Math.max(0, row), count);
}
