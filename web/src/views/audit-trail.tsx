// The audit trail: who registered, asked, changed and was refused, the latest first.
import { useCallback, useState } from 'preact/hooks';
import type { AuditEntry } from '../../../src/protocol/access.ts';
import { audit } from '../api/access.ts';
import { now } from '../state/clock.ts';
import { usePages, type Page } from '../state/pages.ts';
import { Foreign } from '../parts/file-name.tsx';
import { ageText, countText, exactText } from '../parts/format.ts';
import { Icon } from '../parts/icons.tsx';
import { PageEnd } from '../parts/page-end.tsx';

const PAGE = 200;
/** Looking for refusals one page may have none: so many are asked for in a row. */
const MAX_PAGES = 20;
const DONE = 'done';

export function AuditTrail() {
  const [onlyRefused, setOnlyRefused] = useState(false);
  const ask = useCallback(
    (from: number | undefined, signal: AbortSignal) => entriesAfter(from, onlyRefused, signal),
    [onlyRefused],
  );
  const { items, next, again, more, fault, isAsking } = usePages(ask);
  return (
    <section class="card">
      <div class="card-head">
        <p class="muted">Who did what here, the latest first. What is alike is one line.</p>
        <div class="chips">
          <button
            type="button"
            class={onlyRefused ? 'chip on' : 'chip'}
            aria-pressed={onlyRefused}
            onClick={() => {
              setOnlyRefused(!onlyRefused);
            }}
          >
            Only what was refused
          </button>
          <button type="button" class="quiet small" onClick={again}>
            <Icon name="retry" size={16} /> Look again
          </button>
        </div>
      </div>
      <ul class={isAsking ? 'rows stale' : 'rows'} aria-label="Audit trail">
        {items.map((entry) => (
          <Entry key={entry.id} entry={entry} />
        ))}
      </ul>
      <PageEnd
        {...{ fault, isAsking }}
        count={items.length}
        nothing={onlyRefused ? 'Nothing was refused.' : 'Nothing has happened yet.'}
        hasMore={next !== undefined}
        onMore={more}
      />
    </section>
  );
}

async function entriesAfter(
  from: number | undefined,
  onlyRefused: boolean,
  signal: AbortSignal,
): Promise<Page<AuditEntry>> {
  const items: AuditEntry[] = [];
  let at = from;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const { entries, next } = await audit(at, PAGE, signal);
    items.push(...entries.filter(({ outcome }) => !onlyRefused || outcome !== DONE));
    at = next ?? undefined;
    if (at === undefined || items.length >= PAGE / 2 || !onlyRefused) break;
  }
  return { items, next: at };
}

function Entry({ entry: { at, key, address, action, subject, outcome, count } }: Props) {
  const isRefused = outcome !== DONE;
  return (
    <li>
      <span class={isRefused ? 'dot dot-bad' : 'dot dot-good'} />
      <div class="row-main">
        <p>
          {key ? <Foreign class="who" text={key.name} /> : <span class="muted">without a key</span>}{' '}
          {action.replaceAll('-', ' ')}
          {subject !== null && (
            <>
              {' '}
              <Foreign class="wrap" text={subject} />
            </>
          )}
        </p>
        <p class="muted small">
          <time title={exactText(at)}>{ageText(at, now.value)}</time>
          <span class="number">{address}</span>
          {count > 1 && <span class="number">{countText(count)} times</span>}
          {isRefused && <span class="trouble-text">refused: {outcome}</span>}
        </p>
      </div>
    </li>
  );
}

interface Props {
  entry: AuditEntry;
}
