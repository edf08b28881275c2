// Who gets what from this machine right now, by peer.
import { useEffect, useMemo } from 'preact/hooks';
import { lookAtNetwork, peerNames } from '../state/network.ts';
import { uploads } from '../state/peer.ts';
import { Foreign, InlineName } from '../parts/file-name.tsx';
import { bytesText, counted, rateText } from '../parts/format.ts';
import { gettersOf } from '../parts/getters.ts';

const MAX_SHOWN = 30;

export function Uploads() {
  useEffect(lookAtNetwork, []);
  const all = uploads.value;
  const getters = useMemo(() => gettersOf(all), [all]);
  if (getters.length === 0) return <p class="muted">Nobody is fetching anything just now.</p>;
  const busiest = Math.max(1, ...getters.map(({ rate }) => rate));
  return (
    <>
      <ul class="uploads" aria-label="Who is fetching now">
        {getters.slice(0, MAX_SHOWN).map(({ to, rate, bytes, uploads: its, only }) => (
          <li key={to}>
            <div class="upload-who">
              <Foreign class="who" text={peerNames.value.get(to) ?? to} />
              <span class="muted small">
                {only?.name ? <InlineName name={only.name} /> : counted(its.length, 'content')}
              </span>
            </div>
            <span class="number">{rateText(rate)}</span>
            <span class="number muted">{bytesText(bytes)}</span>
            <div class="bar bar-upload" aria-hidden="true">
              <div style={{ transform: `scaleX(${rate / busiest})` }} />
            </div>
          </li>
        ))}
      </ul>
      {getters.length > MAX_SHOWN && (
        <p class="muted">and {counted(getters.length - MAX_SHOWN, 'more peer')}</p>
      )}
    </>
  );
}
