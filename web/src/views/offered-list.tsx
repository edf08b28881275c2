// Everything that this machine offers, however much it is, and how often each was fetched.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { OfferedPage } from '../../../src/protocol/control.ts';
import { wordsOf } from '../state/faults.ts';
import { control } from '../state/host.ts';
import { shares } from '../state/peer.ts';
import { FileName, Foreign } from '../parts/file-name.tsx';
import { bytesText, sentText } from '../parts/format.ts';
import { Icon } from '../parts/icons.tsx';
import { folderOf, kindOf } from '../parts/names.ts';
import { VirtualList } from '../parts/virtual-list.tsx';

const ROW_HEIGHT = 56;
const PAGE = 200;
const PAUSE_MS = 120;

type Offered = OfferedPage['offered'][number];

export function OfferedList({ count }: { count: number }) {
  const [text, setText] = useState('');
  const { offered, more, fault, isWhole } = useOffered(text);
  const keyOf = useCallback((at: number) => offered[at]?.name ?? String(at), [offered]);
  const row = useCallback(
    (at: number) => {
      const each = offered[at];
      return each && <OfferedRow {...each} />;
    },
    [offered],
  );
  if (count === 0) return null;
  return (
    <section class="offered">
      <header class="view-head">
        <h2>What is offered</h2>
        <input
          class="field"
          type="search"
          aria-label="Filter what is offered"
          placeholder="Filter"
          maxLength={200}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
      </header>
      <p class="muted small" role="status">
        {fault ?? (isWhole && offered.length === 0 ? 'Nothing offered has these words.' : '')}
      </p>
      <VirtualList
        label="What is offered"
        count={offered.length}
        rowHeight={ROW_HEIGHT}
        keyOf={keyOf}
        row={row}
        onEnd={more}
      />
    </section>
  );
}

function OfferedRow({ name, size, root, fetched, sent }: Offered) {
  const its = <FileName name={name} />;
  return (
    <div class="result offered-row">
      <span class={`kind kind-${kindOf(name)}`}>
        <Icon name={kindOf(name)} />
      </span>
      <div class="result-name">
        {root === null ? (
          <span class="result-main" data-main tabIndex={-1}>
            {its}
          </span>
        ) : (
          <a class="result-main" data-main href={`/contents/${root}`} data-name={name}>
            {its}
          </a>
        )}
        <span class="result-under">
          {root === null && <span class="tag">being read</span>}
          {folderOf(name) !== '' && <Foreign class="folder-of" text={folderOf(name)} />}
        </span>
      </div>
      <div class="figures">
        <span class="number">{bytesText(size)}</span>
        <span class="number" title={`${bytesText(sent)} sent`}>
          {sentText(fetched, sent)}
        </span>
      </div>
    </div>
  );
}

/** Page after page of what is offered, begun anew when the filter or the shares change. */
function useOffered(text: string) {
  const [offered, setOffered] = useState<readonly Offered[]>([]);
  const [fault, setFault] = useState<string | undefined>(undefined);
  const [isWhole, setIsWhole] = useState(false);
  const next = useRef<string | null>(null);
  const asked = useRef(new AbortController());
  const isBusy = useRef(false);
  // What is found is in the list once it is known, and its root once it was read.
  const stands = useWhileNearTop(
    shares.value.map(({ files, indexing }) => `${files}${indexing ? '+' : ''}`).join(),
  );

  const bring = useCallback(
    async (after: string) => {
      const { signal } = asked.current;
      isBusy.current = true;
      try {
        const page = await control.peek()?.offered(text, after, PAGE, signal);
        if (!page || signal.aborted) return;
        next.current = page.next;
        setOffered((before) => (after === '' ? page.offered : [...before, ...page.offered]));
        setIsWhole(page.next === null);
        setFault(undefined);
      } catch (error) {
        if (!signal.aborted) setFault(wordsOf(error));
      } finally {
        if (!signal.aborted) isBusy.current = false;
      }
    },
    [text],
  );
  useEffect(() => {
    asked.current = new AbortController();
    const { current } = asked;
    const timer = setTimeout(() => void bring(''), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      current.abort();
    };
  }, [bring, stands]);
  const more = useCallback(() => {
    if (next.current !== null && !isBusy.current) void bring(next.current);
  }, [bring]);
  return { offered, more, fault, isWhole };
}

/** What it was when the top was last in sight: who has gone far into a list is not thrown back to its beginning. */
function useWhileNearTop<T>(value: T): T {
  const [seen, setSeen] = useState(value);
  useEffect(() => {
    const look = () => {
      if (scrollY < innerHeight) setSeen(value);
    };
    look();
    addEventListener('scroll', look, { passive: true });
    return () => {
      removeEventListener('scroll', look);
    };
  }, [value]);
  return seen;
}
