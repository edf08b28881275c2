// A list of any length that draws only the rows in sight, scrolls with the page, and is walked through with
// the arrow keys. A row's main control has `data-main`; what a row looks like is the view's.
import type { ComponentChildren, VNode, TargetedKeyboardEvent } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { rowsInSight } from './row-window.ts';

export interface ListHandle {
  focusRow: (row: number) => void;
}

interface Props {
  label: string;
  count: number;
  /** Pixels; the same for every row. */
  rowHeight: number;
  keyOf: (row: number) => string;
  /** What a row shows; the same function for as long as it would show the same. */
  row: (row: number) => ComponentChildren;
  /** The end is near: more may be asked for. */
  onEnd?: () => void;
  /** The arrow up was pressed on the first row. */
  onLeave?: () => void;
  onRowKey?: (row: number, event: KeyboardEvent) => void;
  handle?: { current: ListHandle | null };
}

/** So many rows before the end more are asked for. */
const NEAR_END_ROWS = 40;
const PAGE_ROWS = 8;

export function VirtualList(props: Props) {
  const { label, count, rowHeight, keyOf, row, onEnd, onLeave, onRowKey, handle } = props;
  const list = useRef<HTMLOListElement>(null);
  // What was drawn already is not looked at again while the list is scrolled.
  const drawn = useMemo(() => new Map<number, VNode>(), [row, keyOf, rowHeight, count]);
  const [{ first, end }, setWindow] = useState({ first: 0, end: Math.min(count, 30) });
  const [focused, setFocused] = useState<number | undefined>(undefined);
  const wanted = useRef<number | undefined>(undefined);

  useLayoutEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      if (!list.current) return;
      const { top } = list.current.getBoundingClientRect();
      const next = rowsInSight(top, innerHeight, rowHeight, count);
      setWindow((now) => (now.first === next.first && now.end === next.end ? now : next));
    };
    const lookSoon = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    addEventListener('scroll', lookSoon, { passive: true });
    addEventListener('resize', lookSoon);
    // What stands above may grow or go.
    const above = new ResizeObserver(lookSoon);
    above.observe(document.body);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', lookSoon);
      removeEventListener('resize', lookSoon);
      above.disconnect();
    };
  }, [count, rowHeight]);

  useEffect(() => {
    if (count > 0 && end + NEAR_END_ROWS >= count) onEnd?.();
  }, [end, count, onEnd]);

  const focusRow = (at: number) => {
    const target = Math.min(Math.max(0, at), count - 1);
    if (target < 0) return;
    wanted.current = target;
    setFocused(target);
    focusWanted();
  };
  const focusWanted = () => {
    if (wanted.current === undefined) return;
    const item = list.current?.querySelector(`[data-row="${wanted.current}"]`);
    const main = item?.querySelector<HTMLElement>('[data-main]');
    if (!item || !main) return;
    wanted.current = undefined;
    main.focus({ preventScroll: true });
    item.scrollIntoView({ block: 'nearest' });
  };
  useLayoutEffect(focusWanted);
  if (handle) handle.current = { focusRow };

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLOListElement>) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    // A question that a row asks is no part of the list.
    if (event.target instanceof Element && event.target.closest('dialog')) return;
    const at = rowAt(event.target);
    if (at === undefined) return;
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + PAGE_ROWS,
      PageUp: at - PAGE_ROWS,
      Home: 0,
      End: count - 1,
    };
    const next = steps[event.key];
    if (next === undefined) {
      onRowKey?.(at, event);
      return;
    }
    event.preventDefault();
    if (event.key === 'ArrowUp' && at === 0) onLeave?.();
    else focusRow(next);
  };

  const rows = Array.from(
    { length: Math.max(0, Math.min(end, count) - first) },
    (_, i) => first + i,
  );
  for (const at of drawn.keys()) if (!rows.includes(at)) drawn.delete(at);
  // The row that has the focus stays, wherever the list is scrolled to: else the focus would be lost.
  if (focused !== undefined && focused < count && !rows.includes(focused)) rows.push(focused);

  const item = (at: number) => {
    const known = drawn.get(at);
    if (known) return known;
    const style = { transform: `translateY(${at * rowHeight}px)`, height: `${rowHeight}px` };
    const made = (
      <li key={keyOf(at)} data-row={at} aria-posinset={at + 1} aria-setsize={count} style={style}>
        {row(at)}
      </li>
    );
    drawn.set(at, made);
    return made;
  };

  return (
    <ol
      ref={list}
      class="virtual"
      aria-label={label}
      style={{ height: `${count * rowHeight}px` }}
      onKeyDown={onKeyDown}
      onFocusIn={(event) => {
        setFocused(rowAt(event.target));
      }}
    >
      {rows.map(item)}
    </ol>
  );
}

function rowAt(target: EventTarget | null): number | undefined {
  const item = target instanceof Element ? target.closest('[data-row]') : null;
  const text = item?.getAttribute('data-row');
  return text ? Number(text) : undefined;
}
