// Who gets what from this machine right now, by peer.
import { useEffect, useMemo } from 'preact/hooks';
import type { Upload } from '../../../src/protocol/control.ts';
import { lookAtNetwork, peerNames } from '../state/network.ts';
import { uploads } from '../state/peer.ts';
import { Foreign, InlineName } from '../parts/file-name.tsx';
import { bytesText, counted, rateText } from '../parts/format.ts';

const MAX_SHOWN = 30;

interface Getter {
  to: string;
  rate: number;
  bytes: number;
  uploads: Upload[];
  /** What it gets, if it is one thing. */
  only?: Upload | undefined;
}

export function Uploads() {
  useEffect(lookAtNetwork, []);
  const all = uploads.value;
  const getters = useMemo(() => byPeer(all), [all]);
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

function byPeer(all: readonly Upload[]): Getter[] {
  const getters = new Map<string, Getter>();
  for (const upload of all) {
    const getter = getters.get(upload.to) ?? { to: upload.to, rate: 0, bytes: 0, uploads: [] };
    getter.rate += upload.rate;
    getter.bytes += upload.bytes;
    getter.uploads.push(upload);
    getter.only = getter.uploads.length === 1 ? upload : undefined;
    getters.set(upload.to, getter);
  }
  return [...getters.values()].sort((a, b) => b.rate - a.rate || (a.to < b.to ? -1 : 1));
}
