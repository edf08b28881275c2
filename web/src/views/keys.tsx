// The keys of a private network: who has one, making one, revoking one.
import { useEffect, useState } from 'preact/hooks';
import type { Key, MadeKey } from '../../../src/protocol/access.ts';
import { printable } from '../../../src/protocol/names.ts';
import { formatJoinLink } from '../../../src/protocol/join-link.ts';
import { keys as askKeys, revokeKey } from '../api/access.ts';
import { now } from '../state/clock.ts';
import { wordsOf } from '../state/faults.ts';
import { attempt } from '../state/notices.ts';
import { CopyLine } from '../parts/copy.tsx';
import { Dialog, Question } from '../parts/dialog.tsx';
import { Foreign } from '../parts/file-name.tsx';
import { ageText, exactText } from '../parts/format.ts';
import { Icon } from '../parts/icons.tsx';
import { NewKeyDialog } from './new-key.tsx';

export function Keys() {
  const [all, setAll] = useState<readonly Key[] | undefined>(undefined);
  const [fault, setFault] = useState<string | undefined>(undefined);
  const [isMaking, setIsMaking] = useState(false);
  const [made, setMade] = useState<MadeKey | undefined>(undefined);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const end = new AbortController();
    const ask = async () => {
      try {
        setAll(await askKeys(end.signal));
        setFault(undefined);
      } catch (error) {
        if (!end.signal.aborted) setFault(wordsOf(error));
      }
    };
    void ask();
    return () => {
      end.abort();
    };
  }, [asked]);
  const askAgain = () => {
    setAsked((count) => count + 1);
  };
  return (
    <section class="card">
      <div class="card-head">
        <p class="muted">
          A key lets one person in. Whoever has its link has the key: pass it on to nobody else.
        </p>
        <button
          type="button"
          class="primary"
          onClick={() => {
            setIsMaking(true);
          }}
        >
          <Icon name="plus" /> New key
        </button>
      </div>
      {fault !== undefined && <p class="trouble-text">{fault}</p>}
      <ul class="rows" aria-label="Keys">
        {all?.map((key) => (
          <KeyRow key={key.id} of={key} onRevoked={askAgain} />
        ))}
      </ul>
      {isMaking && (
        <NewKeyDialog
          onMade={(key) => {
            setIsMaking(false);
            setMade(key);
            askAgain();
          }}
          onClose={() => {
            setIsMaking(false);
          }}
        />
      )}
      {made && (
        <JoinLink
          made={made}
          onClose={() => {
            setMade(undefined);
          }}
        />
      )}
    </section>
  );
}

function KeyRow({ of: { id, name, role, created, expires }, onRevoked }: RowProps) {
  const [isAsked, setIsAsked] = useState(false);
  const isOver = expires !== null && expires <= now.value;
  return (
    <li class={isOver ? 'faded' : undefined}>
      <div class="row-main">
        <p class="row-name">
          <Foreign class="who" text={name} /> <span class="tag">{role}</span>
        </p>
        <p class="muted small">
          <span>made {ageText(created, now.value)}</span>
          <span>
            {expires === null ? 'never ends' : `${isOver ? 'ended' : 'ends'} ${exactText(expires)}`}
          </span>
          <span class="mono">{id}</span>
        </p>
      </div>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          setIsAsked(true);
        }}
      >
        Revoke<span class="offscreen"> the key of {printable(name)}</span>
      </button>
      {isAsked && (
        <Question
          title="Revoke this key?"
          yes="Revoke it"
          onYes={() => {
            void attempt(() => revokeKey(id)).then(onRevoked);
          }}
          onClose={() => {
            setIsAsked(false);
          }}
        >
          <p>
            <Foreign class="who" text={name} /> is shut out at once, and what was shared with this
            key is found no more. Downloads that run end within five minutes.
          </p>
        </Question>
      )}
    </li>
  );
}

interface RowProps {
  of: Key;
  onRevoked: () => void;
}

function JoinLink({ made: { name, key, pin }, onClose }: { made: MadeKey; onClose: () => void }) {
  const link = formatJoinLink({ url: new URL(location.href), pin: pin ?? undefined, key });
  return (
    <Dialog title="The key is made" onClose={onClose} isWide>
      <p>
        This is the link for <Foreign class="who" text={name} />. It is shown <b>only now</b>: pass
        it on by a way that nobody else reads.
      </p>
      <CopyLine text={link} label="Copy link" />
      <p class="muted">It is pasted, once, into this:</p>
      <CopyLine text="sp2p join" />
      <div class="dialog-end">
        <button type="button" class="primary" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
