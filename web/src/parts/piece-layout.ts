// How many cells a picture of pieces has, and where each is: pure.

export interface PieceLayout {
  /** Pieces that share a cell: 1 but for the very largest contents. */
  perCell: number;
  cells: number;
  columns: number;
  /** Side of a cell with its gap, and the gap, in CSS pixels. */
  pitch: number;
  gap: number;
  width: number;
  height: number;
}

/** From the largest that looks like a picture to the least that can be told apart. */
const PITCHES = [28, 22, 18, 16, 14, 12, 10, 9, 8, 7, 6, 5];
/** Higher than that a picture does not become, as long as its cells can be smaller. */
const HEIGHT = 260;
/** What can be painted at once without a frame being lost. */
const MAX_CELLS = 20_000;

export function layoutOf(pieces: number, width: number): PieceLayout {
  const perCell = Math.max(1, Math.ceil(pieces / MAX_CELLS));
  const cells = Math.ceil(pieces / perCell);
  const least = PITCHES.at(-1) ?? 1;
  const pitch =
    PITCHES.find((each) => Math.ceil(cells / columnsOf(width, each)) * each <= HEIGHT) ?? least;
  const columns = Math.max(1, Math.min(columnsOf(width, pitch), cells));
  const gap = pitch >= 12 ? 3 : pitch >= 8 ? 2 : 1;
  const height = Math.max(pitch, Math.ceil(cells / columns) * pitch);
  return { perCell, cells, columns, pitch, gap, width: columns * pitch, height };
}

function columnsOf(width: number, pitch: number): number {
  return Math.max(1, Math.floor(width / pitch));
}

export function cellOf(piece: number, { perCell }: PieceLayout): number {
  return Math.floor(piece / perCell);
}
