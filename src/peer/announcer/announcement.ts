// How one registry is told what this peer offers. Two ways, by the contract that the registry keeps;
// when to tell, and what to do when it fails, is the announcer's.
import type { Endpoint } from '../../protocol/endpoints.ts';
import type { CatalogueEntry } from '../../protocol/schemas.ts';

/** What the announcer needs to know of the catalogue. */
export interface Offered {
  /** The entry of a name as it is now; undefined: it is not offered. */
  entry(name: string): CatalogueEntry | undefined;
  readonly names: readonly string[];
}

export interface Announcement {
  /** How the others reach this peer, once it has been told. */
  readonly endpoint: Endpoint | undefined;
  /** Says that the peer is there. Answers whether the registry has lost what it was told before. */
  renew(signal: AbortSignal): Promise<{ renewAfterMs: number; isForgotten: boolean }>;
  /** Tells everything anew. */
  tellAll(offered: Offered, signal: AbortSignal): Promise<void>;
  /** Tells how some names stand now. */
  tell(names: Iterable<string>, offered: Offered, signal: AbortSignal): Promise<void>;
  /** Says that a content is held under no name: the whole, or a part. */
  hold(root: string, isWhole: boolean, signal: AbortSignal): Promise<void>;
  /** Takes back `hold`. */
  letGo(root: string, signal: AbortSignal): Promise<void>;
  /** Takes everything back. */
  withdraw(signal: AbortSignal): Promise<void>;
}
