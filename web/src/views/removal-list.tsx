// What administrators took off the network, and the way to bring it back.
import { useEffect } from 'preact/hooks';
import type { Removal } from '../../../src/protocol/access.ts';
import { printable } from '../../../src/protocol/names.ts';
import { removals, restore } from '../api/access.ts';
import { now } from '../state/clock.ts';
import { changes } from '../state/network.ts';
import { attempt, say } from '../state/notices.ts';
import { usePages, type Page } from '../state/pages.ts';
import { Foreign } from '../parts/file-name.tsx';
import { ageText } from '../parts/format.ts';
import { PageEnd } from '../parts/page-end.tsx';
import { SubjectOf } from './take-off.tsx';

const PAGE = 100;

async function ask(from: number | undefined, signal: AbortSignal): Promise<Page<Removal>> {
  const { removals: items, more } = await removals(from, PAGE, signal);
  return { items, next: more ? items.at(-1)?.id : undefined };
}

export function RemovalList() {
  const { items, next, again, more, fault, isAsking } = usePages(ask);
  // Another administrator may do and undo as well.
  const count = changes.value;
  useEffect(() => {
    if (count > 0) again();
  }, [count]);
  return (
    <section class="card">
      <p class="muted">
        What was taken off is found by nobody, whoever offers it. A name, a content or a peer is
        taken off where it is seen.
      </p>
      <ul class="rows" aria-label="Taken off">
        {items.map((each) => (
          <RemovalRow key={each.id} removal={each} onUndone={again} />
        ))}
      </ul>
      <PageEnd
        {...{ fault, isAsking }}
        count={items.length}
        nothing="Nothing is taken off."
        hasMore={next !== undefined}
        onMore={more}
      />
    </section>
  );
}

function RemovalRow({ removal, onUndone }: { removal: Removal; onUndone: () => void }) {
  const { id, kind, subject, reason, by, at } = removal;
  const undo = async () => {
    if (await attempt(() => restore(id))) say('It comes back with those who have it.');
    onUndone();
  };
  return (
    <li>
      <div class="row-main">
        <p class="row-name">
          <span class="tag">{kind}</span> <SubjectOf kind={kind} subject={subject} />
        </p>
        {reason !== '' && (
          <p>
            <Foreign text={reason} />
          </p>
        )}
        <p class="muted small">
          <span>{ageText(at, now.value)}</span>
          {by !== '' && (
            <span>
              by <Foreign text={by} />
            </span>
          )}
        </p>
      </div>
      <button type="button" class="quiet" onClick={() => void undo()}>
        Undo<span class="offscreen"> the removal of {printable(subject)}</span>
      </button>
    </li>
  );
}
