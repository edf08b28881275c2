// Paints pieces onto a canvas, and of a picture that changed only the cells that did.
import { EARLIER, MISSING, type PiecePicture } from '../state/pieces.ts';
import { cellOf, type PieceLayout } from './piece-layout.ts';
import { colourOf, isHollow, type Palette } from './palette.ts';

const SOFT = 0.4;
const DIM = 0.14;

export class PiecePainter {
  readonly #context: CanvasRenderingContext2D;
  readonly #layout: PieceLayout;
  readonly #palette: Palette;
  readonly #picture: PiecePicture;
  /** The source that is looked at; the others step back. */
  readonly #looked: number | undefined;

  constructor(
    context: CanvasRenderingContext2D,
    layout: PieceLayout,
    palette: Palette,
    picture: PiecePicture,
    looked: number | undefined,
  ) {
    this.#context = context;
    this.#layout = layout;
    this.#palette = palette;
    this.#picture = picture;
    this.#looked = looked;
  }

  paintAll(): void {
    const { width, height, cells } = this.#layout;
    this.#context.clearRect(0, 0, width, height);
    for (let cell = 0; cell < cells; cell++) this.#paintCell(cell);
  }

  paint(pieces: Iterable<number>): void {
    const cells = new Set<number>();
    for (const piece of pieces) cells.add(cellOf(piece, this.#layout));
    const { columns, pitch } = this.#layout;
    for (const cell of cells) {
      const x = (cell % columns) * pitch;
      this.#context.clearRect(x, Math.floor(cell / columns) * pitch, pitch, pitch);
      this.#paintCell(cell);
    }
  }

  #paintCell(cell: number): void {
    const { columns, pitch, gap } = this.#layout;
    const x = (cell % columns) * pitch;
    const y = Math.floor(cell / columns) * pitch;
    const side = pitch - gap;
    const { owner, strength } = this.#look(cell);
    const context = this.#context;
    if (strength < 1) {
      context.globalAlpha = 1;
      context.fillStyle = this.#palette.missing;
      context.fillRect(x, y, side, side);
    }
    if (strength > 0) {
      context.globalAlpha = strength;
      context.fillStyle =
        owner === EARLIER ? this.#palette.earlier : colourOf(owner, this.#palette);
      context.fillRect(x, y, side, side);
      if (isHollow(owner) && side >= 4) {
        context.globalAlpha = 1;
        context.fillStyle = this.#palette.ground;
        const inset = Math.floor(side / 3);
        context.fillRect(x + inset, y + inset, side - 2 * inset, side - 2 * inset);
      }
    }
    context.globalAlpha = 1;
  }

  /** Whose a cell is, and how much of it is here: 1 all of it. */
  #look(cell: number): { owner: number; strength: number } {
    const { perCell } = this.#layout;
    const { owners, underWay, count } = this.#picture;
    const first = cell * perCell;
    const end = Math.min(first + perCell, count);
    let owner = MISSING;
    let here = 0;
    let coming: number | undefined;
    for (let piece = first; piece < end; piece++) {
      const each = owners[piece] ?? MISSING;
      if (each === MISSING) coming ??= underWay.get(piece);
      else {
        here++;
        owner = each;
      }
    }
    const shown = here > 0 ? owner : (coming ?? MISSING);
    const strength = here > 0 ? here / (end - first) : coming === undefined ? 0 : SOFT;
    const isAside = this.#looked !== undefined && shown !== this.#looked;
    return { owner: shown, strength: isAside ? Math.min(strength, DIM) : strength };
  }
}
