// How much of a download is here, as a bar.
import type { Download } from '../../../src/protocol/control.ts';
import { printable, lastSegment } from '../../../src/protocol/names.ts';
import { percentText } from './format.ts';

export function ProgressBar({ download }: { download: Download }) {
  const { have, size, state, name } = download;
  const part = state === 'done' ? 1 : size === null || size === 0 ? 0 : Math.min(1, have / size);
  return (
    <div
      class={`bar bar-${state}`}
      role="progressbar"
      aria-label={printable(lastSegment(name))}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(part * 100)}
      aria-valuetext={size === null ? 'size not known yet' : percentText(have, size)}
    >
      <div style={{ transform: `scaleX(${part})` }} />
    </div>
  );
}
