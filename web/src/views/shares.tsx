// What this machine shares: folders, limits, who gets something now, and what is offered.
import { useState } from 'preact/hooks';
import type { ShareState } from '../../../src/protocol/control.ts';
import { plainWords } from '../state/faults.ts';
import { control, isLive } from '../state/host.ts';
import { attempt } from '../state/notices.ts';
import { peer, shares } from '../state/peer.ts';
import { Question } from '../parts/dialog.tsx';
import { Foreign } from '../parts/file-name.tsx';
import { FolderPicker } from '../parts/folder-picker.tsx';
import { bytesText, counted, rateText } from '../parts/format.ts';
import { folderName } from '../parts/folder-path.ts';
import { Icon } from '../parts/icons.tsx';
import { LimitSlider } from '../parts/limit-slider.tsx';
import { OfferedList } from './offered-list.tsx';
import { Uploads } from './uploads.tsx';

export function Shares() {
  const [isAdding, setIsAdding] = useState(false);
  const all = shares.value;
  const files = all.reduce((sum, share) => sum + share.files, 0);
  const rate = peer.value?.uploadRate ?? 0;
  const add = (
    <button
      type="button"
      class="primary"
      onClick={() => {
        setIsAdding(true);
      }}
    >
      <Icon name="plus" /> Share a folder
    </button>
  );
  return (
    <section class={isLive.value ? undefined : 'stale'}>
      <header class="view-head">
        <h1 tabIndex={-1}>Shares</h1>
        {all.length > 0 && add}
      </header>
      {all.length === 0 ? (
        <div class="card calm">
          <h2>You share nothing yet</h2>
          <p>Choose a folder, and everyone on this network can find and get what is in it.</p>
          {add}
        </div>
      ) : (
        <ul class="cards">
          {all.map((share) => (
            <Share key={share.id} share={share} />
          ))}
        </ul>
      )}
      <section class="card settings">
        <h2>Sending{rate > 0 && <span class="number muted beside"> {rateText(rate)} now</span>}</h2>
        <LimitSlider of="maxUpload" label="Send at most" />
        <Uploads />
      </section>
      <OfferedList count={files} />
      {isAdding && (
        <FolderPicker
          title="Share a folder"
          choose="Share this folder"
          onChosen={(folder) => {
            setIsAdding(false);
            void attempt(async () => control.peek()?.addShare(folder));
          }}
          onClose={() => {
            setIsAdding(false);
          }}
        />
      )}
    </section>
  );
}

function Share({ share }: { share: ShareState }) {
  const [isAsked, setIsAsked] = useState(false);
  const { folder, files, bytes, indexing, fault, isDownloads, unnameable } = share;
  return (
    <li class={fault ? 'card share trouble' : 'card share'}>
      <span class="kind">
        <Icon name="share" size={22} />
      </span>
      <div class="share-name">
        <h2>
          <Foreign text={folderName(folder)} />
          {isDownloads && <span class="tag">downloads go here</span>}
        </h2>
        <Foreign class="mono muted small wrap" text={folder} />
        <p class="number">
          {counted(files, 'file')} · {bytesText(bytes)}
          {unnameable > 0 && (
            <span class="muted"> · {counted(unnameable, 'file')} left out for their names</span>
          )}
        </p>
        {fault && <p class="trouble-text">{plainWords(fault)}</p>}
        {indexing && !fault && <Indexing {...indexing} />}
      </div>
      {!isDownloads && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            setIsAsked(true);
          }}
        >
          Stop sharing
        </button>
      )}
      {isAsked && (
        <Question
          title="Stop sharing this folder?"
          yes="Stop sharing"
          onYes={() => void attempt(async () => control.peek()?.removeShare(share.id))}
          onClose={() => {
            setIsAsked(false);
          }}
        >
          <p>
            Nobody finds what is in <Foreign class="mono wrap" text={folder} /> any more. The files
            stay where they are.
          </p>
        </Question>
      )}
    </li>
  );
}

function Indexing({ filesLeft, bytesLeft, bytesDone }: NonNullable<ShareState['indexing']>) {
  const all = bytesLeft + bytesDone;
  const part = all === 0 ? 0 : bytesDone / all;
  return (
    <div class="indexing">
      <p class="muted small number">
        Getting to know {counted(filesLeft, 'more file')}, {bytesText(bytesLeft)} to read
      </p>
      <div
        class="bar bar-running"
        role="progressbar"
        aria-label="Indexing"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(part * 100)}
      >
        <div style={{ transform: `scaleX(${part})` }} />
      </div>
    </div>
  );
}
