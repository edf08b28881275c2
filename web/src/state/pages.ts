// A list that comes page by page, the latest first: what is shown of it, and whether there is more.
import { useEffect, useState } from 'preact/hooks';
import { wordsOf } from './faults.ts';

export interface Page<T> {
  items: readonly T[];
  /** Brings the next page; undefined: this is the last one. */
  next: number | undefined;
}

interface Shown<T> extends Page<T> {
  fault: string | undefined;
  isAsking: boolean;
  more: () => void;
  /** Begins again with the first page. */
  again: () => void;
}

type Ask<T> = (from: number | undefined, signal: AbortSignal) => Promise<Page<T>>;

/** @param ask stays the same from one drawing to the next */
export function usePages<T>(ask: Ask<T>): Shown<T> {
  const [wanted, setWanted] = useState<{ from: number | undefined }>({ from: undefined });
  const [page, setPage] = useState<Page<T>>({ items: [], next: undefined });
  const [fault, setFault] = useState<string | undefined>(undefined);
  const [isAsking, setIsAsking] = useState(true);
  useEffect(() => {
    const end = new AbortController();
    const bring = async () => {
      setIsAsking(true);
      try {
        const { items, next } = await ask(wanted.from, end.signal);
        setPage((before) => ({
          items: wanted.from === undefined ? items : [...before.items, ...items],
          next,
        }));
        setFault(undefined);
      } catch (error) {
        if (end.signal.aborted) return;
        setFault(wordsOf(error));
      }
      setIsAsking(false);
    };
    void bring();
    return () => {
      end.abort();
    };
  }, [ask, wanted]);
  return {
    ...page,
    fault,
    isAsking,
    more: () => {
      setWanted({ from: page.next });
    },
    again: () => {
      setWanted({ from: undefined });
    },
  };
}
