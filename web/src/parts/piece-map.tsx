// Every piece of a download as a cell, coloured by who sent it; soft while it is under way.
import { useCallback } from 'preact/hooks';
import type { PieceFeed } from '../state/piece-feed.ts';
import { Canvas } from './canvas.tsx';
import { counted, countText } from './format.ts';
import { paletteOf } from './palette.ts';
import { layoutOf } from './piece-layout.ts';
import { PiecePainter } from './piece-painter.ts';

export function PieceMap({ feed, looked }: { feed: PieceFeed; looked: number | undefined }) {
  const picture = feed.picture.value;
  const count = picture?.count ?? 0;
  const heightOf = useCallback((width: number) => layoutOf(count, width).height, [count]);
  const draw = useCallback(
    (context: CanvasRenderingContext2D, width: number) => {
      if (!picture) return undefined;
      const layout = layoutOf(count, width);
      const palette = paletteOf(context.canvas);
      const painter = new PiecePainter(context, layout, palette, picture, looked);
      painter.paintAll();
      return feed.onDirty((pieces) => {
        painter.paint(pieces);
      });
    },
    [picture, count, looked, feed],
  );
  if (!picture)
    return <p class="muted">The pieces are known once the first source has answered.</p>;
  const { verified, sources } = feed.counts.value;
  const label = `${countText(verified)} of ${counted(count, 'piece')} are here and verified, from ${counted(sources, 'source')}.`;
  return <Canvas class="piece-map" label={label} heightOf={heightOf} draw={draw} />;
}
