// What comes to this machine, and what has come.
import { useCallback, useMemo, useRef, useState } from 'preact/hooks';
import type { Download, DownloadState } from '../../../src/protocol/control.ts';
import { changeAll, clear } from '../state/downloading.ts';
import { isLive } from '../state/host.ts';
import { downloads, peer } from '../state/peer.ts';
import { counted, rateText } from '../parts/format.ts';
import { Icon } from '../parts/icons.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { DownloadCard } from './download-card.tsx';
import { DownloadSettings } from './download-settings.tsx';

const ROW_HEIGHT = 104;
/** One alone has buttons of its own. */
const SEVERAL = 2;

const SETS: readonly { label: string; states?: readonly DownloadState[] }[] = [
  { label: 'All' },
  { label: 'Under way', states: ['running', 'waiting'] },
  { label: 'Paused', states: ['paused'] },
  { label: 'Failed', states: ['failed'] },
  { label: 'Here', states: ['done'] },
];
/** What needs a look comes first. */
const ORDER: readonly DownloadState[] = ['failed', 'running', 'waiting', 'paused', 'done'];

export function Downloads() {
  const [shown, setShown] = useState(0);
  const all = downloads.value;
  const states = SETS[shown]?.states;
  const listed = useMemo(() => inOrder(all, states), [all, states]);
  const keyOf = useCallback((at: number) => listed[at]?.id ?? String(at), [listed]);
  const row = useCallback(
    (at: number) => {
      const each = listed[at];
      return each && <DownloadCard download={each} />;
    },
    [listed],
  );
  const rate = peer.value?.downloadRate ?? 0;
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <section class={isLive.value ? undefined : 'stale'}>
      <header class="view-head">
        <h1 ref={heading} tabIndex={-1}>
          Downloads
        </h1>
        {rate > 0 && <p class="number muted">{rateText(rate)} in all</p>}
      </header>
      {all.length === 0 ? (
        <div class="card calm">
          <h2>Nothing is on its way</h2>
          <p>Find something in the library: it comes from everyone who has it at once.</p>
          <a class="primary" href="/">
            To the library
          </a>
        </div>
      ) : (
        <>
          <div class="list-tools">
            <div class="chips" role="group" aria-label="Which downloads to show">
              {SETS.map(({ label, states: each }, index) => {
                const count = each
                  ? all.filter(({ state }) => each.includes(state)).length
                  : all.length;
                if (count === 0 && index !== shown) return null;
                return (
                  <button
                    key={label}
                    type="button"
                    class={index === shown ? 'chip on' : 'chip'}
                    aria-pressed={index === shown}
                    onClick={() => {
                      setShown(index);
                    }}
                  >
                    {label} <span class="number">{count}</span>
                  </button>
                );
              })}
            </div>
            <AllAtOnce all={all} onClear={() => heading.current?.focus({ preventScroll: true })} />
          </div>
          <VirtualList
            label={counted(listed.length, 'download')}
            count={listed.length}
            rowHeight={ROW_HEIGHT}
            keyOf={keyOf}
            row={row}
          />
        </>
      )}
      <DownloadSettings />
    </section>
  );
}

/** What one would otherwise do to each of them. */
function AllAtOnce({ all, onClear }: { all: readonly Download[]; onClear: () => void }) {
  const underWay = all.filter(({ state }) => state === 'running' || state === 'waiting');
  const paused = all.filter(({ state }) => state === 'paused');
  const done = all.filter(({ state }) => state === 'done');
  const isPausing = underWay.length > 0;
  const steered = isPausing ? underWay : paused;
  return (
    <div class="list-acts" role="group" aria-label="All at once">
      {all.length >= SEVERAL && steered.length > 0 && (
        <button
          type="button"
          class="quiet small"
          onClick={() => void changeAll(steered, { state: isPausing ? 'paused' : 'running' })}
        >
          <Icon name={isPausing ? 'pause' : 'play'} size={16} />
          {isPausing ? 'Pause all' : 'Resume all'}
        </button>
      )}
      {done.length >= SEVERAL && (
        <button
          type="button"
          class="quiet small"
          onClick={() => {
            // The button goes with what it clears, and the focus would with it.
            onClear();
            void clear(done);
          }}
        >
          Clear what is here
        </button>
      )}
    </div>
  );
}

function inOrder(
  all: readonly Download[],
  states: readonly DownloadState[] | undefined,
): Download[] {
  return all
    .filter(({ state }) => states === undefined || states.includes(state))
    .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || b.addedAt - a.addedAt);
}
