// Makes a key: for whom, for what, and for how long.
import { useState } from 'preact/hooks';
import type { MadeKey, Role } from '../../../src/protocol/access.ts';
import { makeKey } from '../api/access.ts';
import { wordsOf } from '../state/faults.ts';
import { Dialog } from '../parts/dialog.tsx';

const MAX_NAME = 64;
const DAY_MS = 24 * 60 * 60 * 1000;

const ROLES: readonly { role: Role; may: string }[] = [
  { role: 'reader', may: 'Finds and gets what is shared.' },
  { role: 'member', may: 'Shares as well.' },
  { role: 'admin', may: 'Looks after keys and what is on the network, too.' },
];

const LASTING: readonly { label: string; days: number | null }[] = [
  { label: 'never', days: null },
  { label: 'in a day', days: 1 },
  { label: 'in a week', days: 7 },
  { label: 'in a month', days: 30 },
  { label: 'in a year', days: 365 },
];

interface Props {
  onMade: (made: MadeKey) => void;
  onClose: () => void;
}

export function NewKeyDialog({ onMade, onClose }: Props) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('member');
  const [days, setDays] = useState<number | null>(null);
  const [fault, setFault] = useState('');
  const [isBusy, setIsBusy] = useState(false);
  const make = async () => {
    setIsBusy(true);
    try {
      const expires = days === null ? null : Date.now() + days * DAY_MS;
      onMade(await makeKey({ name: name.trim(), role, expires }));
    } catch (error) {
      setFault(wordsOf(error));
      setIsBusy(false);
    }
  };
  return (
    <Dialog title="New key" onClose={onClose}>
      <form
        class="picker"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <label>
          <span>For whom</span>
          <input
            class="field"
            type="text"
            value={name}
            maxLength={MAX_NAME}
            autocomplete="off"
            autofocus
            onInput={(event) => {
              setName(event.currentTarget.value);
            }}
          />
        </label>
        <fieldset class="choices">
          <legend>What for</legend>
          {ROLES.map((each) => (
            <label key={each.role}>
              <input
                type="radio"
                name="role"
                checked={each.role === role}
                onChange={() => {
                  setRole(each.role);
                }}
              />
              <span>
                {each.role} <span class="muted small">{each.may}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div class="setting">
          <label for="lasting">It ends</label>
          <select
            id="lasting"
            class="chip"
            value={String(days)}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              setDays(LASTING.find((each) => String(each.days) === chosen)?.days ?? null);
            }}
          >
            {LASTING.map((each) => (
              <option key={each.label} value={String(each.days)}>
                {each.label}
              </option>
            ))}
          </select>
        </div>
        <p class="trouble-line" aria-live="polite">
          {fault}
        </p>
        <div class="dialog-end">
          <button type="button" class="quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={name.trim() === '' || isBusy}>
            Make it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
