// Short words about what was just done or failed; they go by themselves.
import { signal } from '@preact/signals';
import { wordsOf } from './faults.ts';

export interface Notice {
  id: number;
  text: string;
  isTrouble: boolean;
}

const SHOWN_MS = 7_000;
const MAX_SHOWN = 3;

export const notices = signal<readonly Notice[]>([]);
let last = 0;

export function say(text: string, isTrouble = false): void {
  const id = ++last;
  notices.value = [...notices.value, { id, text, isTrouble }].slice(-MAX_SHOWN);
  setTimeout(() => {
    dismiss(id);
  }, SHOWN_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Does it; says why where it failed. Answers whether it was done. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    say(wordsOf(error), true);
    return false;
  }
}
