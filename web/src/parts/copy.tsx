// Something to take along: a command or a link, with a button that copies it.
import { useState } from 'preact/hooks';
import { say } from '../state/notices.ts';
import { printable } from '../../../src/protocol/names.ts';
import { Icon } from './icons.tsx';

const DONE_MS = 2_000;

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A page over plain HTTP has no clipboard: the way that all browsers know.
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'offscreen';
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const isDone = document.execCommand('copy');
    area.remove();
    return isDone;
  }
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [isDone, setIsDone] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) {
      say('The browser does not let this page copy. Select it and copy it yourself.', true);
      return;
    }
    setIsDone(true);
    setTimeout(() => {
      setIsDone(false);
    }, DONE_MS);
  };
  return (
    <button type="button" class="quiet copy" onClick={() => void copy()}>
      <Icon name={isDone ? 'check' : 'copy'} size={18} />
      <span aria-live="polite">{isDone ? 'Copied' : label}</span>
    </button>
  );
}

/** A line to copy, in the type of a terminal. What it shows has nothing that deceives the eye. */
export function CopyLine({ text, label = 'Copy' }: { text: string; label?: string }) {
  return (
    <div class="copy-line">
      <code tabIndex={0}>{printable(text)}</code>
      <CopyButton text={text} label={label} />
    </div>
  );
}
