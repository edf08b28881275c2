// One download as it happens: every piece and who sent it, rates by source, who was dropped and why.
import { useEffect, useState } from 'preact/hooks';
import type { Download, Priority } from '../../../src/protocol/control.ts';
import { change } from '../state/downloading.ts';
import { control, isLive, token } from '../state/host.ts';
import { PieceFeed } from '../state/piece-feed.ts';
import { downloadById } from '../state/peer.ts';
import { ageText, bytesText, counted, percentText } from '../parts/format.ts';
import { now } from '../state/clock.ts';
import { FileName, Foreign } from '../parts/file-name.tsx';
import { Icon } from '../parts/icons.tsx';
import { PieceMap } from '../parts/piece-map.tsx';
import { ProgressBar } from '../parts/progress.tsx';
import { RateChart } from '../parts/rate-chart.tsx';
import { DownloadActions } from './download-card.tsx';
import { amountWords, droppedWords, stateWords } from './download-words.ts';
import { PreviewButton } from './preview.tsx';
import { Sources } from './sources.tsx';

const PRIORITIES: readonly Priority[] = ['high', 'normal', 'low'];

export function DownloadDetail({ id }: { id: string }) {
  const download = downloadById(id);
  if (!download) return <NotListed />;
  return <Detail key={id} download={download} />;
}

function NotListed() {
  return (
    <section class="card calm">
      <h1 tabIndex={-1}>{isLive.value ? 'This download is not on the list' : 'Asking …'}</h1>
      <p>It was taken off, or never was here.</p>
      <a class="primary" href="/downloads">
        All downloads
      </a>
    </section>
  );
}

function usePieces(id: string): PieceFeed | undefined {
  const [feed, setFeed] = useState<PieceFeed | undefined>(undefined);
  const held = token.value;
  useEffect(() => {
    if (held === undefined) return undefined;
    const begun = new PieceFeed(id, held);
    setFeed(begun);
    return () => {
      begun.end();
    };
  }, [id, held]);
  return feed;
}

function Detail({ download }: { download: Download }) {
  const { id, name, state, size, have, root } = download;
  const feed = usePieces(id);
  const [looked, setLooked] = useState<number | undefined>(undefined);
  const isTrue = isLive.value && (feed?.isLive.value ?? true);
  return (
    <article class={isTrue ? 'detail' : 'detail stale'}>
      <a class="back" href="/downloads">
        <Icon name="back" size={18} /> Downloads
      </a>
      <header class="view-head">
        <h1 tabIndex={-1}>
          <FileName name={name} />
        </h1>
        <DownloadActions download={download} />
      </header>
      <div class="detail-figures">
        <span class="number big">{size === null ? '…' : percentText(have, size)}</span>
        <div>
          <p class="number">{amountWords(download)}</p>
          <p class={state === 'failed' ? 'number trouble-text' : 'number muted'}>
            {stateWords(download)}
          </p>
        </div>
      </div>
      <ProgressBar download={download} />
      <div class="actions">
        {size !== null && control.value && <PreviewButton download={download} />}
        <a class="quiet" href={`/contents/${root}`} data-name={name}>
          <Icon name="network" size={18} /> Who has it
        </a>
      </div>
      {feed && (
        <section class="card">
          <h2>Pieces</h2>
          <PieceMap feed={feed} looked={looked} />
          <Sources download={download} feed={feed} looked={looked} onLook={setLooked} />
        </section>
      )}
      {feed && state === 'running' && (
        <section class="card">
          <h2>Rates by source</h2>
          <RateChart id={id} rate={download.rate} numbers={feed.numbers} />
        </section>
      )}
      <Dropped download={download} />
      <section class="card">
        <h2>Details</h2>
        {state !== 'done' && <Wishes download={download} />}
        <dl class="facts-list">
          <dt>Verified</dt>
          <dd class="number">{bytesText(have)}</dd>
          <dt>Fetched in vain</dt>
          <dd class="number">{bytesText(download.wasted)}</dd>
          <dt>{state === 'done' ? 'File' : 'Will be'}</dt>
          <dd>
            <Foreign class="mono wrap" text={download.path} />
          </dd>
          <dt>Added</dt>
          <dd>{ageText(download.addedAt, now.value)}</dd>
          <dt>Root</dt>
          <dd class="mono wrap">{root}</dd>
        </dl>
      </section>
    </article>
  );
}

function Wishes({ download }: { download: Download }) {
  return (
    <div class="wishes">
      <label>
        Priority{' '}
        <select
          class="chip"
          value={download.priority}
          onChange={(event) => {
            const wanted = PRIORITIES.find((each) => each === event.currentTarget.value);
            if (wanted) void change(download, { priority: wanted });
          }}
        >
          {PRIORITIES.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={download.sequential}
          onChange={(event) => void change(download, { sequential: event.currentTarget.checked })}
        />{' '}
        In order, from the beginning
      </label>
    </div>
  );
}

function Dropped({ download: { dropped } }: { download: Download }) {
  if (dropped.length === 0) return null;
  return (
    <section class="card trouble">
      <h2>{counted(dropped.length, 'source')} dropped</h2>
      <ul class="plain">
        {dropped.map(({ endpoint, reason }) => (
          <li key={endpoint}>
            <span class="number who">{endpoint}</span>{' '}
            <Foreign class="muted" text={droppedWords(reason)} />
          </li>
        ))}
      </ul>
    </section>
  );
}
