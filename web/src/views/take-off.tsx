// Takes a name, a content or a peer off the network from where it is seen; for administrators alone.
import { useState } from 'preact/hooks';
import type { RemovalKind } from '../../../src/protocol/access.ts';
import { printable } from '../../../src/protocol/names.ts';
import { takeOff } from '../api/access.ts';
import { maySteer } from '../state/access.ts';
import { host } from '../state/host.ts';
import { attempt, say } from '../state/notices.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Foreign } from '../parts/file-name.tsx';

const MAX_REASON = 500;

const WHAT_FOLLOWS: Readonly<Record<RemovalKind, string>> = {
  name: 'Nobody finds this name any more, whoever offers it. The same bytes under another name stay.',
  content:
    'Nobody finds these bytes any more, under whatever name. Downloads of them end within five minutes.',
  peer: 'Nobody finds this peer any more, nor what it offers. To shut a person out, revoke the key.',
};

interface Props {
  kind: RemovalKind;
  subject: string;
  label: string;
  /** What is meant, for those who do not see where the button stands. */
  of?: string;
}

export function TakeOff({ kind, subject, label, of }: Props) {
  const [isAsked, setIsAsked] = useState(false);
  if (host.value !== 'registry' || !maySteer.value) return null;
  const close = () => {
    setIsAsked(false);
  };
  return (
    <>
      <button
        type="button"
        class="quiet take-off"
        onClick={() => {
          setIsAsked(true);
        }}
      >
        {label}
        {of !== undefined && <span class="offscreen"> {printable(of)}</span>}
      </button>
      {isAsked && <TakeOffDialog kind={kind} subject={subject} onClose={close} />}
    </>
  );
}

function TakeOffDialog({
  kind,
  subject,
  onClose,
}: Pick<Props, 'kind' | 'subject'> & { onClose: () => void }) {
  const [reason, setReason] = useState('');
  const [isBusy, setIsBusy] = useState(false);
  const remove = async () => {
    setIsBusy(true);
    if (await attempt(() => takeOff({ kind, subject, reason: reason.trim() }))) {
      say('Taken off. Access has the way to undo it.');
      onClose();
    }
    setIsBusy(false);
  };
  return (
    <Dialog title={`Take this ${kind} off the network?`} onClose={onClose}>
      <form
        class="picker"
        onSubmit={(event) => {
          event.preventDefault();
          void remove();
        }}
      >
        <p>
          <SubjectOf kind={kind} subject={subject} />
        </p>
        <p class="muted">{WHAT_FOLLOWS[kind]}</p>
        <label>
          <span>Why, for other administrators</span>
          <input
            class="field"
            type="text"
            value={reason}
            maxLength={MAX_REASON}
            autocomplete="off"
            autofocus
            onInput={(event) => {
              setReason(event.currentTarget.value);
            }}
          />
        </label>
        <div class="dialog-end">
          <button type="button" class="quiet" onClick={onClose}>
            No, leave it
          </button>
          <button type="submit" class="danger" disabled={isBusy}>
            Take it off
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A name as a name, a root and a peer id as digits. */
export function SubjectOf({ kind, subject }: { kind: RemovalKind; subject: string }) {
  if (kind === 'name') return <Foreign class="who wrap" text={subject} />;
  return <span class="mono wrap">{subject}</span>;
}
