// The registry's public part. The paths are the same at the registry itself and at a peer's own host.
import type {
  Content,
  Found,
  Peers,
  SearchAnswer,
  Source,
  Version,
} from '../../../src/protocol/schemas.ts';
import { namePath } from '../../../src/protocol/names.ts';
import { call } from './call.ts';

const BASE = '/api/v1';
export const EVENTS_PATH = `${BASE}/events`;

/** What a search leaves out. */
export interface Filters {
  /** What the name ends in, after the last dot. */
  type?: string | undefined;
  /** Bytes. */
  minSize?: number | undefined;
  maxSize?: number | undefined;
  /** Milliseconds since 1970. */
  modifiedSince?: number | undefined;
}

export interface FoundPage {
  found: Found[];
  /** The cursor of the next page; null: this is the last one. */
  next: string | null;
}

export interface Named {
  name: string;
  versions: Version[];
  sources: Source[];
}

export interface Stats {
  peers: number;
  names: number;
  contents: number;
}

export async function search(
  question: { text: string; limit: number; cursor?: string } & Filters,
  signal: AbortSignal,
): Promise<FoundPage> {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(question))
    if (value !== undefined) query.set(key, String(value));
  const { found, next } = await call<SearchAnswer>(`${BASE}/search?${query.toString()}`, {
    signal,
  });
  return { found, next: next ?? null };
}

export function named(name: string, signal?: AbortSignal): Promise<Named> {
  return call(`${BASE}/names/${namePath(name)}`, { signal });
}

export function contentOf(root: string, signal?: AbortSignal): Promise<Content> {
  return call(`${BASE}/contents/${root}?limit=200`, { signal });
}

export function peers(limit: number, signal?: AbortSignal): Promise<Peers> {
  return call(`${BASE}/peers?limit=${limit}`, { signal });
}

export function stats(signal?: AbortSignal): Promise<Stats> {
  return call(`${BASE}/stats`, { signal });
}
