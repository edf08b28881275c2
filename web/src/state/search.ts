// The search: asks as one types, drops answers that came too late, brings page after page, and says when the
// network has changed since.
import { batch, signal } from '@preact/signals';
import type { Found, Version } from '../../../src/protocol/schemas.ts';
import { named, search, type Filters } from '../api/registry.ts';
import { wordsOf } from './faults.ts';
import { readdress } from './route.ts';

/** A pause in typing that is a question. */
const PAUSE_MS = 120;
const PAGE = 200;
/** The most that the registry takes. */
export const MAX_TEXT = 200;
/** A page may be empty and have a next one: so many are asked for in a row. */
const MAX_EMPTY_PAGES = 20;

export type Versions = readonly Version[] | 'asking' | { fault: string };

export const text = signal('');
export const filters = signal<Filters>({});
export const found = signal<readonly Found[]>([]);
/** What the list shows is the answer to another question as long as it is asked. */
export const isAsking = signal(false);
export const fault = signal<string | undefined>(undefined);
/** Whether an answer to the present question is shown. */
export const isAnswered = signal(false);
export const hasMore = signal(false);
/** Names whose versions are shown. */
export const opened = signal<ReadonlyMap<string, Versions>>(new Map());

let cursor: string | null = null;
let question = new AbortController();
let timer: ReturnType<typeof setTimeout> | undefined;
let isBringing = false;

/** Takes the question from the address, as somebody may have been given it. */
export function readAddress(): void {
  const query = new URLSearchParams(location.search);
  const asked = (query.get('q') ?? '').slice(0, MAX_TEXT);
  const type = query.get('type');
  if (asked === text.peek()) return;
  text.value = asked;
  filters.value = type !== null && /^[^./]{1,32}$/.test(type) ? { type } : {};
  void ask();
}

export function setText(value: string): void {
  text.value = value.slice(0, MAX_TEXT);
  clearTimeout(timer);
  if (text.peek().trim() === '') void ask();
  else timer = setTimeout(() => void ask(), PAUSE_MS);
}

export function setFilters(value: Filters): void {
  filters.value = value;
  void ask();
}

/** Asks now, and begins with the first page. */
export async function ask(): Promise<void> {
  clearTimeout(timer);
  question.abort();
  question = new AbortController();
  isBringing = false;
  const { signal: isStale } = question;
  const wanted = text.peek().trim();
  noteInAddress(wanted);
  if (wanted === '') {
    batch(() => {
      found.value = [];
      isAsking.value = false;
      isAnswered.value = false;
      hasMore.value = false;
      fault.value = undefined;
      opened.value = new Map();
    });
    return;
  }
  isAsking.value = true;
  try {
    const first = await bring(null, isStale);
    batch(() => {
      found.value = first;
      opened.value = new Map();
      fault.value = undefined;
      isAnswered.value = true;
      isAsking.value = false;
    });
  } catch (error) {
    if (isStale.aborted) return;
    batch(() => {
      fault.value = wordsOf(error);
      isAsking.value = false;
    });
  }
}

/** Brings the next page, if there is one and nobody brings it already. */
export async function more(): Promise<void> {
  if (cursor === null || isBringing || isAsking.peek()) return;
  isBringing = true;
  const { signal: isStale } = question;
  try {
    const known = new Set(found.peek().map(({ name }) => name));
    const next = await bring(cursor, isStale);
    // What changed meanwhile may come twice.
    found.value = [...found.peek(), ...next.filter(({ name }) => !known.has(name))];
  } catch (error) {
    if (!isStale.aborted) fault.value = wordsOf(error);
  } finally {
    if (!isStale.aborted) isBringing = false;
  }
}

async function bring(from: string | null, isStale: AbortSignal): Promise<Found[]> {
  let at = from;
  for (let pages = 0; ; pages++) {
    const page = await search(
      {
        text: text.peek().trim(),
        limit: PAGE,
        ...(at === null ? {} : { cursor: at }),
        ...filters.peek(),
      },
      isStale,
    );
    isStale.throwIfAborted();
    at = page.next;
    cursor = at;
    hasMore.value = at !== null;
    if (page.found.length > 0 || at === null || pages >= MAX_EMPTY_PAGES) return page.found;
  }
}

/** Shows the versions under a name, or puts them away. */
export async function toggle(name: string): Promise<void> {
  if (opened.peek().has(name)) {
    open(name, undefined);
    return;
  }
  open(name, 'asking');
  const { signal: isStale } = question;
  try {
    const { versions } = await named(name, isStale);
    if (opened.peek().has(name)) open(name, versions);
  } catch (error) {
    if (!isStale.aborted) open(name, { fault: wordsOf(error) });
  }
}

function open(name: string, versions: Versions | undefined): void {
  const next = new Map(opened.peek());
  if (versions === undefined) next.delete(name);
  else next.set(name, versions);
  opened.value = next;
}

function noteInAddress(wanted: string): void {
  if (location.pathname !== '/') return;
  const query = new URLSearchParams();
  if (wanted !== '') query.set('q', wanted);
  const { type } = filters.peek();
  if (type !== undefined) query.set('type', type);
  readdress(query.size === 0 ? '/' : `/?${query.toString()}`);
}
