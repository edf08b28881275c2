// How fast a download's sources have been in the last minutes, one upon the other.
import { useCallback } from 'preact/hooks';
import { historyOf, historyTick, HISTORY_MS } from '../state/rate-history.ts';
import type { SourceNumbers } from '../state/pieces.ts';
import { Canvas } from './canvas.tsx';
import { rateText } from './format.ts';
import { colourOf, paletteOf } from './palette.ts';
import { roundUp, stackOf } from './stack.ts';

const HEIGHT = 132;
const heightOf = () => HEIGHT;
/** The least span that is shown: a download of seconds is no dot at the edge. */
const LEAST_SPAN_MS = 30_000;
const SCALE_ROOM = 18;

export function RateChart({
  id,
  rate,
  numbers,
}: {
  id: string;
  rate: number;
  numbers: SourceNumbers;
}) {
  const draw = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) => {
      const paint = () => {
        paintRates(context, width, height, id, numbers);
      };
      return historyTick.subscribe(paint);
    },
    [id, numbers],
  );
  const label = `Rates by source over the last three minutes; now ${rateText(rate)} in all.`;
  return <Canvas class="rate-chart" label={label} heightOf={heightOf} draw={draw} />;
}

function paintRates(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  id: string,
  numbers: SourceNumbers,
): void {
  const samples = historyOf(id);
  const palette = paletteOf(context.canvas);
  const { sources, tops, max } = stackOf(samples);
  const scale = roundUp(max);
  const end = samples.at(-1)?.at ?? 0;
  const span = Math.min(HISTORY_MS, Math.max(LEAST_SPAN_MS, end - (samples[0]?.at ?? end)));
  const x = (at: number) => width - ((end - at) / span) * width;
  const y = (rate: number) => height - (rate / scale) * (height - SCALE_ROOM);

  context.clearRect(0, 0, width, height);
  context.lineWidth = 1;
  context.strokeStyle = palette.line;
  context.beginPath();
  for (const part of [0, 0.5, 1]) {
    const level = Math.min(height - 0.5, Math.round(y(part * scale)) + 0.5);
    context.moveTo(0, level);
    context.lineTo(width, level);
  }
  context.stroke();

  for (const [source, top] of [...tops.entries()].reverse()) {
    const endpoint = sources[source];
    if (endpoint === undefined) continue;
    context.beginPath();
    context.moveTo(x(samples[0]?.at ?? end), height);
    for (const [index, sample] of samples.entries())
      context.lineTo(x(sample.at), y(top[index] ?? 0));
    context.lineTo(x(end), height);
    context.closePath();
    context.fillStyle = colourOf(numbers.of(endpoint), palette);
    context.fill();
  }

  context.fillStyle = palette.text;
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'bottom';
  context.fillText(rateText(scale), 0, y(scale) - 2);
}
