// The library: search as one types, with the keyboard first, and what was found.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { changes, isStatsTrue, lookAtNetwork, registryLine, stats } from '../state/network.ts';
import { host, isLive } from '../state/host.ts';
import { keyOfRow, rowsOf } from '../state/result-rows.ts';
import { peer } from '../state/peer.ts';
import { route } from '../state/route.ts';
import * as search from '../state/search.ts';
import { startDownload } from '../state/downloading.ts';
import { counted } from '../parts/format.ts';
import { Icon } from '../parts/icons.tsx';
import { VirtualList, type ListHandle } from '../parts/virtual-list.tsx';
import { FilterChips } from './filter-chips.tsx';
import { ResultRow } from './result-row.tsx';
import { Welcome } from './welcome.tsx';

const ROW_HEIGHT = 68;
/** So long after a change the question is asked again, while nobody has gone far into its answer. */
const AGAIN_MS = 2_500;

export function Library() {
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<ListHandle | null>(null);
  const here = route.value;
  // Before anybody can type: what is typed goes before what the address says.
  useLayoutEffect(search.readAddress, [here]);
  useLayoutEffect(() => {
    // On a screen without a keyboard the focus would bring one up.
    if (matchMedia('(pointer: fine)').matches) input.current?.focus({ preventScroll: true });
  }, []);
  useEffect(lookAtNetwork, []);
  useSlash(input);
  useAskingAgain();

  const found = search.found.value;
  const opened = search.opened.value;
  const rows = useMemo(() => rowsOf(found, opened), [found, opened]);
  const keyOf = useCallback((at: number) => (rows[at] ? keyOfRow(rows[at]) : String(at)), [rows]);
  const row = useCallback(
    (at: number) => {
      const each = rows[at];
      return each && <ResultRow row={each} />;
    },
    [rows],
  );
  const isEmpty = search.text.value.trim() === '';
  const onEnd = useCallback(() => void search.more(), []);

  return (
    <>
      <section class={isEmpty ? 'search-head hero' : 'search-head'}>
        <h1 class={isEmpty ? undefined : 'offscreen'} tabIndex={-1}>
          What are you looking for?
        </h1>
        <search>
          <div class="search-box">
            <Icon name="search" size={22} />
            <input
              ref={input}
              type="search"
              aria-label="Search the names of all files on this network"
              placeholder="Search all that is shared"
              maxLength={search.MAX_TEXT}
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              value={search.text.value}
              onInput={(event) => {
                search.setText(event.currentTarget.value);
              }}
              onKeyDown={(event) => {
                if (event.isComposing) return;
                if (event.key === 'ArrowDown' && rows.length > 0) {
                  event.preventDefault();
                  list.current?.focusRow(0);
                } else if (event.key === 'Enter') void search.ask();
                else if (event.key === 'Escape') search.setText('');
              }}
            />
            {isEmpty ? <kbd aria-hidden="true">/</kbd> : null}
          </div>
          {!isEmpty && <FilterChips />}
        </search>
      </section>
      {isEmpty ? (
        <Welcome />
      ) : (
        <section class={isTrue() ? 'results' : 'results stale'} aria-label="What was found">
          <p class="result-line" role="status">
            {summary()}
          </p>
          <VirtualList
            label="Results"
            count={rows.length}
            rowHeight={ROW_HEIGHT}
            handle={list}
            keyOf={keyOf}
            row={row}
            onEnd={onEnd}
            onLeave={() => {
              input.current?.focus();
            }}
            onRowKey={(at, event) => {
              const row = rows[at];
              if (event.key === 'Escape') {
                event.preventDefault();
                input.current?.focus();
                input.current?.select();
              }
              if (row?.is !== 'found') return;
              const { name, versions, root, size } = row.found;
              const isFolded = versions !== 1;
              if (event.key === 'ArrowRight' && isFolded && !row.isOpen) void search.toggle(name);
              if (event.key === 'ArrowLeft' && row.isOpen) void search.toggle(name);
              if (event.key === 'd' && root !== null && host.peek() === 'peer')
                void startDownload({ root, name, size });
            }}
          />
        </section>
      )}
    </>
  );
}

function isTrue(): boolean {
  return isLive.value && registryLine.value.at === 'live' && !search.isAsking.value;
}

function summary(): string {
  if (host.value === 'peer' && peer.value?.registry.contract === 'exercise')
    return 'This registry knows the exercise’s contract alone, and that has no search. sp2p get gets a file by its whole name.';
  const fault = search.fault.value;
  if (fault !== undefined) return fault;
  if (!search.isAnswered.value) return 'Searching …';
  const count = search.found.value.length;
  if (count > 0) return `${counted(count, 'name')}${search.hasMore.value ? ' and more' : ''}`;
  const { type, minSize, maxSize, modifiedSince } = search.filters.value;
  if (type ?? minSize ?? maxSize ?? modifiedSince)
    return 'Nothing fits both the words and what you ask of it. Take away one of the filters.';
  if (isStatsTrue.value && stats.value?.names === 0)
    return 'Nothing is shared on this network yet, so there is nothing to find.';
  return 'No name on this network has these words. Fewer words, or a part of one, find more.';
}

/** `/` leads to the search from wherever one is, but where one writes. */
function useSlash(input: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
      if (
        event.target instanceof Element &&
        event.target.closest('input, textarea, select, dialog')
      )
        return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('keydown', onKey);
    };
  }, [input]);
}

/**
 * Asks again when the network has changed, unless that would move rows under somebody's hands; and what was
 * not answered, as soon as there is somebody who may.
 */
function useAskingAgain(): void {
  const count = changes.value;
  const line = registryLine.value;
  useEffect(() => {
    if (line.at !== 'live') return undefined;
    const isOwed = search.fault.peek() !== undefined;
    const timer = setTimeout(
      () => {
        const isCalm = scrollY < innerHeight / 2 && search.opened.peek().size === 0;
        if (isOwed || (isCalm && search.isAnswered.peek())) void search.ask();
      },
      isOwed ? 0 : AGAIN_MS,
    );
    return () => {
      clearTimeout(timer);
    };
  }, [count, line]);
}
