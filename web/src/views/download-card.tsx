// A download in a list: what it is, how far it is, and what can be done about it.
import { useState } from 'preact/hooks';
import type { Download } from '../../../src/protocol/control.ts';
import { lastSegment, printable } from '../../../src/protocol/names.ts';
import { change, openFolder, remove } from '../state/downloading.ts';
import { route, navigate } from '../state/route.ts';
import { Question } from '../parts/dialog.tsx';
import { FileName, InlineName } from '../parts/file-name.tsx';
import { percentText } from '../parts/format.ts';
import { Icon, type IconName } from '../parts/icons.tsx';
import { kindOf } from '../parts/names.ts';
import { ProgressBar } from '../parts/progress.tsx';
import { amountWords, stateWords } from './download-words.ts';

export function DownloadCard({ download }: { download: Download }) {
  const { id, name, state, have, size } = download;
  return (
    <div class={`card download download-${state}`}>
      <span class={`kind kind-${kindOf(name)}`}>
        <Icon name={kindOf(name)} size={22} />
      </span>
      <div class="download-name">
        <a href={`/downloads/${id}`} data-main>
          <FileName name={name} />
        </a>
        <p class="muted small number">
          {state !== 'done' && size !== null && (
            <span class="percent-beside">{percentText(have, size)} · </span>
          )}
          <span class="download-state">{stateWords(download)}</span>
          {state !== 'failed' && ` · ${amountWords(download)}`}
        </p>
      </div>
      <span class="number percent">
        {state === 'done' ? <Icon name="check" /> : size === null ? '' : percentText(have, size)}
      </span>
      <DownloadActions download={download} />
      <ProgressBar download={download} />
    </div>
  );
}

export function DownloadActions({ download }: { download: Download }) {
  const [isAsked, setIsAsked] = useState(false);
  const { state } = download;
  const name = printable(lastSegment(download.name));
  return (
    <div class="download-act">
      {(state === 'running' || state === 'waiting') && (
        <Act
          icon="pause"
          label="Pause"
          of={name}
          onClick={() => void change(download, { state: 'paused' })}
        />
      )}
      {state === 'paused' && (
        <Act
          icon="play"
          label="Resume"
          of={name}
          onClick={() => void change(download, { state: 'running' })}
        />
      )}
      {state === 'failed' && (
        <Act
          icon="retry"
          label="Try again"
          of={name}
          onClick={() => void change(download, { state: 'running' })}
        />
      )}
      {state === 'done' && (
        <Act icon="share" label="Open folder" of={name} onClick={() => void openFolder(download)} />
      )}
      <Act
        icon="close"
        label={state === 'done' ? 'Take off the list' : 'Cancel'}
        of={name}
        onClick={() => {
          if (state === 'done') void takeOff(download);
          else setIsAsked(true);
        }}
      />
      {isAsked && (
        <Question
          title="Cancel this download?"
          yes="Cancel the download"
          onYes={() => void takeOff(download)}
          onClose={() => {
            setIsAsked(false);
          }}
        >
          <p>
            What has come of <InlineName name={download.name} /> is deleted from this machine.
          </p>
        </Question>
      )}
    </div>
  );
}

async function takeOff(download: Download): Promise<void> {
  const isGone = await remove(download);
  if (isGone && route.peek().view === 'download') navigate('/downloads');
}

function Act(props: { icon: IconName; label: string; of: string; onClick: () => void }) {
  const { icon, label, of, onClick } = props;
  return (
    <button
      type="button"
      class="quiet round"
      title={label}
      aria-label={`${label}: ${of}`}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
