// The legend of a picture of pieces: each source with its colour, its rate and what it has sent.
import { useEffect } from 'preact/hooks';
import type { Download } from '../../../src/protocol/control.ts';
import type { PieceFeed } from '../state/piece-feed.ts';
import { EARLIER } from '../state/pieces.ts';
import { lookAtNetwork, peerNames } from '../state/network.ts';
import { Foreign } from '../parts/file-name.tsx';
import { bytesText, counted, rateText } from '../parts/format.ts';
import { COLOURS, isHollow } from '../parts/palette.ts';

interface Props {
  download: Download;
  feed: PieceFeed;
  looked: number | undefined;
  onLook: (source: number | undefined) => void;
}

export function Sources({ download, feed, looked, onLook }: Props) {
  // For what the sources are called.
  useEffect(lookAtNetwork, []);
  const isComplete = feed.counts.value.verified === feed.picture.value?.count;
  const sentBy = (number: number) => feed.picture.value?.sentBy(number) ?? 0;
  const present = new Map(download.sources.map((source) => [source.endpoint, source]));
  for (const endpoint of present.keys()) feed.numbers.of(endpoint);
  // Who has left is still seen in the picture.
  const shown = feed.numbers.endpoints
    .map((endpoint, number) => ({ endpoint, number }))
    .filter(({ endpoint, number }) => present.has(endpoint) || sentBy(number) > 0);
  const entries = sentBy(EARLIER) > 0 ? [...shown, { endpoint: '', number: EARLIER }] : shown;
  return (
    <ul class="legend" aria-label="Sources">
      {entries.map(({ endpoint, number }) => {
        const source = present.get(endpoint);
        return (
          <li key={endpoint}>
            <button
              type="button"
              class="legend-source"
              aria-pressed={looked === number}
              title="Show only what came from here"
              onClick={() => {
                onLook(looked === number ? undefined : number);
              }}
            >
              <Swatch number={number} />
              {number === EARLIER ? (
                <span>from before</span>
              ) : (
                <Foreign class="who" text={peerNames.value.get(endpoint) ?? endpoint} />
              )}
              <span class="number muted">
                {source && source.rate > 0 ? `${rateText(source.rate)} · ` : ''}
                {source ? bytesText(source.bytes) : counted(sentBy(number), 'piece')}
                {source && !source.isWhole ? ' · has a part' : ''}
              </span>
            </button>
          </li>
        );
      })}
      {!isComplete && (
        <li class="legend-source">
          <span class="swatch swatch-missing" /> <span class="muted">still to come</span>
        </li>
      )}
    </ul>
  );
}

function Swatch({ number }: { number: number }) {
  const colour = number === EARLIER ? 'earlier' : String(number % COLOURS);
  return <span class={`swatch swatch-${colour}${isHollow(number) ? ' hollow' : ''}`} />;
}
