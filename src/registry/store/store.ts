// The contract of the index: who offers what, and until when. Every engine keeps it, and
// test/registry/store-contract.ts tries each of them. Whose endpoint it is, is the routes' to ask.
import type { Removal, RemovalKind } from '../../protocol/access.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';
import type {
  CatalogueChange,
  Change,
  Content,
  PeerSummary,
  RegisteredName,
  Source,
  Version,
} from '../../protocol/schemas.ts';
import type { Startable } from '../../lib/lifecycle.ts';
import type { AccessStore } from './access-store.ts';
import type { FoundPage, SearchQuery } from './search.ts';

/** One peer offers at most so many names: past that one peer could fill the disk for all. */
export const MAX_NAMES_PER_PEER = 1_000_000;

/** One peer is a source of at most so many contents under no name: a downloader of as many at once. */
export const MAX_CONTENTS_PER_PEER = 1_000;

/** Bytes of a secret. */
export const SECRET_BYTES = 32;

/** So many changes are kept at least, the latest. */
export const KEPT_CHANGES = 10_000;

/** A change, numbered in the order in which it is told. */
export interface NumberedChange {
  id: number;
  change: Change;
}

/** A native peer as it makes itself known. */
export interface NativePeer {
  peerId: string;
  endpoint: Endpoint;
  displayName: string | undefined;
  /** The id of the key that it came with, in a private network. */
  key?: string | undefined;
}

/** What an engine may know at once: of what is asked most of all even a promise would be felt. */
export type Answer<T> = T | Promise<T>;

/** What is made of an answer: at once, where it is there at once. */
export function answerFrom<T, U>(answer: Answer<T>, make: (value: T) => U): Answer<U> {
  return answer instanceof Promise ? answer.then(make) : make(answer);
}

/** What is told under a name. */
export interface LookedUp {
  /**
   * Those with the most holders first, then the latest, then by root. Holders and size are those of the
   * content under any name, so that it counts as one swarm.
   */
  versions: Version[];
  /** Each endpoint once: as its native peer tells it, if there is one. A random choice of more. */
  sources: Source[];
}

/** How much is in an index. */
export interface Counts {
  /** As many as `peers` would answer without a limit. */
  peers: number;
  /** Names that are kept, those too that only peers with an ended lease offered. */
  names: number;
  /** Native peers whose lease runs. */
  leases: number;
}

/**
 * Names and endpoints come in canonical form. `now` and `expiresAt` are milliseconds since 1970; a
 * native peer whose lease has ended at `now` is in no answer, though its catalogue may still be kept.
 */
export interface Store extends Startable {
  readonly engine: 'sqlite' | 'postgres';
  /** Keys, secrets and who did what. */
  readonly access: AccessStore;
  /** Random bytes of this index, made at the first ask for that name, the same for every registry over it. */
  secret(name: string): Promise<Buffer>;

  /**
   * Exercise: adds a registration. False: that endpoint held the name already, through either contract.
   * @throws CodedError `too-many-names`, `removed`
   */
  register(name: string, endpoint: Endpoint, now: number): Promise<boolean>;
  /**
   * Exercise: takes a registration away, through whichever contract it came. False: it was not there. A
   * native peer's revision grows with it, so that the peer notices.
   */
  deregister(name: string, endpoint: Endpoint, now: number): Promise<boolean>;
  /** Everyone who offers a name, each endpoint once. */
  endpointsOf(name: string, now: number): Answer<Endpoint[]>;
  /** The names after `after` in code point order, with their endpoints. */
  listNames(after: string, limit: number, now: number): Promise<RegisteredName[]>;

  /**
   * Renews a lease that runs, of a peer that is where it was and comes with the same key: most calls of all.
   * Answers the revision, or undefined, where it takes more: `renewLease`.
   */
  renewRunning(peer: NativePeer, now: number, expiresAt: number): Answer<number | undefined>;
  /**
   * Renews a lease, or begins one; answers the revision of the catalogue that is kept, 0 for none.
   * @throws CodedError `bad-key` where its key is not known any more, `removed`
   */
  renewLease(peer: NativePeer, expiresAt: number): Promise<number>;
  /** Where a native peer is, or undefined for one that is not known. */
  endpointOfPeer(peerId: string): Promise<Endpoint | undefined>;
  /**
   * Applies a change whole or not at all; answers the new revision: after a reset the time, if that is more
   * than the last one, so that an index which was restored from a backup is not taken for a later one.
   * What was removed is left out.
   * @throws CodedError `unknown-peer`, `revision-mismatch`, `too-many-names`
   */
  changeCatalogue(peerId: string, change: CatalogueChange, now: number): Promise<number>;
  /**
   * Makes a peer a source of a content under no name, wholly or in part: only `contentOf` tells it.
   * @throws CodedError `unknown-peer`, `too-many-contents`, `removed`
   */
  holdContent(peerId: string, root: string, complete: boolean): Promise<void>;
  /** Takes back `holdContent`; nothing happens where there is nothing to take back. */
  letContentGo(peerId: string, root: string): Promise<void>;
  /** Forgets a native peer and all that it offered and held. False: it was not there. */
  removePeer(peerId: string): Promise<boolean>;

  /**
   * Takes a name, a content or a peer off the network: when this resolves it is in no answer, and what comes
   * of it later is left out or refused. Answers the removal that is kept: the first one of a subject.
   */
  remove(removal: Omit<Removal, 'id'>): Promise<Removal>;
  /** Undoes a removal: peers tell anew what they have. Answers it; undefined: there is none. */
  restore(id: number): Promise<Removal | undefined>;
  /** Those with an id below `before`, the latest first. */
  removals(before: number, limit: number): Promise<Removal[]>;
  isRemoved(kind: RemovalKind, subject: string): Promise<boolean>;

  /**
   * Asks many questions, `endpointsOf` and `lookUp` among them, in less time than one by one: what an engine does for
   * each it does once. Nothing is waited for within.
   */
  together<T>(ask: () => T): T;
  /** What is told under a name, of versions and of sources at most so many. */
  lookUp(name: string, most: Record<keyof LookedUp, number>, now: number): Answer<LookedUp>;
  /**
   * Who holds a content, under any name or none, each endpoint once: wholly where one of its tellings
   * says so. A random choice beyond `limit`. Of a content with more than 100 sources the answer may be
   * up to 1 s old.
   */
  contentOf(root: string, limit: number, now: number): Promise<Content>;
  /**
   * Names that hold every word, in any case and with or without accents; the best first (see search.ts).
   * @throws CodedError `bad-request` for a cursor that no page gave
   */
  search(query: SearchQuery, limit: number, now: number): Promise<FoundPage>;
  peers(limit: number, now: number): Promise<PeerSummary[]>;
  /** How much there is. Asked every few seconds, so no more than counting names and peers. */
  counts(now: number): Promise<Counts>;
  /**
   * How many contents are kept under a name, those too that only peers with an ended lease offered.
   * All of them are looked at, bit by bit where others would have to wait: not to be asked all the time.
   */
  contents(): Promise<number>;

  /** Whether a native peer is at an endpoint, its lease still running. */
  hasLease(endpoint: Endpoint, now: number): Promise<boolean>;
  /** Ends the lease of the native peer at an endpoint, if it runs; what it told is kept as after any lease. */
  endLease(endpoint: Endpoint, now: number): Promise<void>;
  /** What changed after a change, in order; none is left out of those that are kept. */
  changesAfter(id: number, limit: number): Promise<NumberedChange[]>;
  /** The number of the last change; 0: there was none. */
  lastChange(): Promise<number>;
  /** Makes a change of every lease that has ended since it was last asked, and forgets the oldest changes. */
  noticeEndedLeases(now: number): Promise<void>;

  /** The endpoints that only the exercise's contract vouches for: nobody renews them. */
  exerciseEndpoints(): Promise<Endpoint[]>;
  /** Forgets every exercise registration of an endpoint. */
  dropExerciseEndpoint(endpoint: Endpoint): Promise<void>;
  /** Forgets native peers whose lease ended before `before`. Answers how many. */
  dropExpired(before: number): Promise<number>;
}
