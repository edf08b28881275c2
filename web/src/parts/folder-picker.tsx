// Chooses a folder of the machine that the peer runs on: by typing its path, or by walking there.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Folders } from '../../../src/protocol/control.ts';
import { control } from '../state/host.ts';
import { wordsOf } from '../state/faults.ts';
import { Dialog } from './dialog.tsx';
import { Foreign } from './file-name.tsx';
import { asFolder, folderName, typedPath, withoutEnd } from './folder-path.ts';
import { Icon } from './icons.tsx';

interface Props {
  title: string;
  choose: string;
  start?: string | undefined;
  onChosen: (folder: string) => void;
  onClose: () => void;
}

const PAUSE_MS = 120;

export function FolderPicker({ title, choose, start, onChosen, onClose }: Props) {
  const [typed, setTyped] = useState(start === undefined ? '' : asFolder(start));
  const [listed, setListed] = useState<{ of: string; there: Folders } | undefined>(undefined);
  const [fault, setFault] = useState<string | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  const { folder, begun } = typedPath(typed);
  // What was listed of another folder says nothing of this one, and is not what is chosen.
  const there = listed?.of === folder ? listed.there : undefined;

  useEffect(() => {
    const end = new AbortController();
    const timer = setTimeout(() => {
      const look = async () => {
        try {
          const under = folder === '' ? undefined : withoutEnd(folder);
          const found = await control.peek()?.folders(under, end.signal);
          if (!found) return;
          const start = asFolder(found.folder);
          setListed({ of: under === undefined ? start : folder, there: found });
          setFault(undefined);
          // Where it began is the peer's to say.
          if (under === undefined) setTyped((now) => (now === '' ? start : now));
        } catch (error) {
          if (end.signal.aborted) return;
          setListed(undefined);
          setFault(wordsOf(error));
        }
      };
      void look();
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [folder]);

  const beginning = begun.toLocaleLowerCase();
  const fitting = (there?.folders ?? []).filter((path) =>
    folderName(path).toLocaleLowerCase().startsWith(beginning),
  );
  const isThere = there?.folders.some((path) => folderName(path) === begun) ?? false;
  const chosen = begun === '' ? there?.folder : isThere ? typed : undefined;
  const enter = (path: string) => {
    setTyped(asFolder(path));
    input.current?.focus();
  };
  return (
    <Dialog title={title} onClose={onClose} isWide>
      <form
        class="picker"
        onSubmit={(event) => {
          event.preventDefault();
          const [only] = fitting;
          if (begun !== '' && only !== undefined && chosen === undefined) enter(only);
          else if (chosen !== undefined) onChosen(chosen);
        }}
      >
        <label>
          <span>Folder on this machine</span>
          <input
            ref={input}
            class="field mono"
            type="text"
            value={typed}
            autocomplete="off"
            spellcheck={false}
            autofocus
            onInput={(event) => {
              setTyped(event.currentTarget.value);
            }}
            onKeyDown={(event) => {
              const [only] = fitting;
              if (event.key !== 'Tab' || event.shiftKey || begun === '' || only === undefined)
                return;
              event.preventDefault();
              enter(only);
            }}
          />
        </label>
        <p class="muted small">Type a path; Tab completes it.</p>
        <ul class="folders" aria-label="Folders there">
          {there && there.parent !== null && begun === '' && (
            <li>
              <button
                type="button"
                class="folder"
                onClick={() => {
                  enter(there.parent ?? '/');
                }}
              >
                <Icon name="back" size={18} /> up
              </button>
            </li>
          )}
          {fitting.map((path) => (
            <li key={path}>
              <button
                type="button"
                class="folder"
                onClick={() => {
                  enter(path);
                }}
              >
                <Icon name="share" size={18} /> <Foreign text={folderName(path)} />
              </button>
            </li>
          ))}
        </ul>
        <p class="trouble-line" aria-live="polite">
          {fault ?? (there && fitting.length === 0 ? 'No folder in here begins like that.' : '')}
        </p>
        <div class="dialog-end">
          <button type="button" class="quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={chosen === undefined && begun === ''}>
            {choose}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
