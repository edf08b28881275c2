// The index in one SQLite file: the engine that needs no set-up. Here is what changes it; what only
// asks it is in sqlite-look-ups.ts.
import { randomBytes } from 'node:crypto';
import type { Repeating } from '../../lib/lifecycle.ts';
import type { Removal, RemovalKind } from '../../protocol/access.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';
import type {
  CatalogueChange,
  Change,
  Content,
  PeerSummary,
  RegisteredName,
} from '../../protocol/schemas.ts';
import { chosenSources, LargeContents } from './large-contents.ts';
import { search, type FoundPage, type SearchQuery } from './search.ts';
import { forgetOldChanges, changesAfter, lastChange, recordChange } from './sqlite-changes.ts';
import { changeCatalogue } from './sqlite-catalogue.ts';
import { SqliteAccess } from './sqlite-access.ts';
import {
  deregister,
  dropExerciseEndpoint,
  exerciseEndpoints,
  register,
} from './sqlite-exercise.ts';
import { asPromise, SqliteFile } from './sqlite-file.ts';
import { gramming } from './sqlite-grams.ts';
import { RecentEntries } from './sqlite-recent.ts';
import { endpointsOf, lookUp } from './sqlite-sources.ts';
import { holdContent, letContentGo } from './sqlite-holdings.ts';
import { KnownPeers } from './sqlite-known-peers.ts';
import { contentOf, countContents, counts, listNames, peers } from './sqlite-look-ups.ts';
import {
  dropExpired,
  endLease,
  endpointOfPeer,
  hasLease,
  noticeEndedLeases,
  removePeer,
  renewLease,
  renewRunningLease,
} from './sqlite-peers.ts';
import { isRemoved, removals, remove, restore } from './sqlite-removals.ts';
import { STEPS } from './sqlite-schema.ts';
import { Settling } from './sqlite-settling.ts';
import { searchedNames } from './sqlite-search.ts';
import {
  KEPT_CHANGES,
  MAX_CONTENTS_PER_PEER,
  MAX_NAMES_PER_PEER,
  SECRET_BYTES,
  type Answer,
  type Counts,
  type LookedUp,
  type NativePeer,
  type NumberedChange,
  type Store,
} from './store.ts';

/** As many again may come while they are brought into the trees. */
const MAX_RECENT = 50_000;

interface SqliteStoreOptions {
  maxNamesPerPeer?: number;
  maxContentsPerPeer?: number;
  /** Offers that came last, which are kept in memory and not in order in the file yet. Default: 50,000. */
  maxRecent?: number;
  /** Told of what fails in the background. */
  onError?: (error: unknown) => void;
}

export class SqliteStore implements Store {
  readonly engine = 'sqlite';
  readonly access: SqliteAccess;
  readonly #file: SqliteFile;
  readonly #maxNamesPerPeer: number;
  readonly #maxContentsPerPeer: number;
  readonly #large = new LargeContents();
  readonly #known: KnownPeers;
  readonly #recent: RecentEntries;
  readonly #settling: Settling;
  readonly #settlingWhenQuiet: Repeating;
  readonly #gramming: Repeating;

  /** @param file a path, or `:memory:` */
  constructor(
    file: string,
    {
      maxNamesPerPeer = MAX_NAMES_PER_PEER,
      maxContentsPerPeer = MAX_CONTENTS_PER_PEER,
      maxRecent = MAX_RECENT,
      onError = () => undefined,
    }: SqliteStoreOptions = {},
  ) {
    this.#file = new SqliteFile(file);
    this.access = new SqliteAccess(this.#file);
    this.#maxNamesPerPeer = maxNamesPerPeer;
    this.#maxContentsPerPeer = maxContentsPerPeer;
    this.#known = new KnownPeers(this.#file, onError);
    this.#recent = new RecentEntries(this.#file);
    this.#settling = new Settling(this.#file, this.#recent, { maxRecent, onError });
    this.#settlingWhenQuiet = this.#settling.whenQuiet();
    this.#gramming = gramming(this.#file, onError);
  }

  /** @throws CodedError `cannot-open-data` */
  async start(): Promise<void> {
    await asPromise(() => {
      this.#file.open(STEPS);
      this.#recent.open();
    });
    await this.#known.start();
    await this.#settlingWhenQuiet.start();
    await this.#gramming.start();
  }

  async stop(): Promise<void> {
    await this.#gramming.stop();
    await this.#settlingWhenQuiet.stop();
    await this.#known.stop();
    this.#file.close();
  }

  secret(name: string): Promise<Buffer> {
    return this.access.keep(name, randomBytes(SECRET_BYTES));
  }

  async register(name: string, endpoint: Endpoint, now: number): Promise<boolean> {
    const most = this.#maxNamesPerPeer;
    const isNew = await this.#transaction(() =>
      register(this.#file, this.#recent, { name, endpoint, now, most }),
    );
    this.#settling.makeRoom(1);
    return isNew;
  }

  deregister(name: string, endpoint: Endpoint, now: number): Promise<boolean> {
    return this.#transaction(() => deregister(this.#file, this.#recent, { name, endpoint, now }));
  }

  endpointsOf(name: string, now: number): Answer<Endpoint[]> {
    return endpointsOf(this.#file, this.#recent, this.#known, name, now);
  }

  listNames(after: string, limit: number, now: number): Promise<RegisteredName[]> {
    return asPromise(() => listNames(this.#written, this.#recent, after, limit, now));
  }

  renewRunning(peer: NativePeer, now: number, expiresAt: number): Answer<number | undefined> {
    return (
      this.#known.renew(peer, now, expiresAt) ??
      renewRunningLease(this.#written, peer, now, expiresAt)
    );
  }

  renewLease(peer: NativePeer, expiresAt: number): Promise<number> {
    return this.#transaction(() => renewLease(this.#file, peer, expiresAt));
  }

  endpointOfPeer(peerId: string): Promise<Endpoint | undefined> {
    return asPromise(() => endpointOfPeer(this.#file, peerId));
  }

  async changeCatalogue(peerId: string, change: CatalogueChange, now: number): Promise<number> {
    const revision = await this.#transaction(() =>
      changeCatalogue(
        this.#file,
        this.#recent,
        { peerId, change, maxNames: this.#maxNamesPerPeer },
        now,
      ),
    );
    this.#settling.makeRoom(change.offered.length);
    return revision;
  }

  holdContent(peerId: string, root: string, complete: boolean): Promise<void> {
    return this.#transaction(() => {
      const endpoint = holdContent(
        this.#file,
        { peerId, root, complete },
        this.#maxContentsPerPeer,
      );
      const held = complete ? 'whole' : 'part';
      if (endpoint) this.#record({ kind: 'content', endpoint, root, held });
    });
  }

  letContentGo(peerId: string, root: string): Promise<void> {
    return this.#transaction(() => {
      const endpoint = letContentGo(this.#file, peerId, root);
      if (endpoint) this.#record({ kind: 'content', endpoint, root, held: 'none' });
    });
  }

  removePeer(peerId: string): Promise<boolean> {
    return this.#transaction(() => removePeer(this.#file, peerId));
  }

  remove(removal: Omit<Removal, 'id'>): Promise<Removal> {
    return this.#transaction(() => {
      const { kept, isNew } = remove(this.#file, this.#recent, removal);
      const { kind: what, subject } = removal;
      if (isNew) this.#record({ kind: 'removed', what, subject, isHere: false });
      if (what === 'peer') removePeer(this.#file, subject);
      return kept;
    });
  }

  restore(id: number): Promise<Removal | undefined> {
    return this.#transaction(() => {
      const undone = restore(this.#file, id);
      if (undone) {
        const { kind: what, subject } = undone;
        this.#record({ kind: 'removed', what, subject, isHere: true });
      }
      return undone;
    });
  }

  removals(before: number, limit: number): Promise<Removal[]> {
    return asPromise(() => removals(this.#file, before, limit));
  }

  isRemoved(kind: RemovalKind, subject: string): Promise<boolean> {
    return asPromise(() => isRemoved(this.#file, kind, subject));
  }

  together<T>(ask: () => T): T {
    return this.#file.reading(ask);
  }

  lookUp(name: string, most: Record<keyof LookedUp, number>, now: number): Answer<LookedUp> {
    return lookUp(this.#file, this.#recent, this.#known, name, most, now);
  }

  contentOf(root: string, limit: number, now: number): Promise<Content> {
    return asPromise(() => {
      const content = this.#large.of(root, now, () =>
        contentOf(this.#written, this.#recent, root, now),
      );
      return { ...content, sources: chosenSources(content.sources, limit) };
    });
  }

  search(query: SearchQuery, limit: number, now: number): Promise<FoundPage> {
    return search(searchedNames(this.#written, this.#recent), query, limit, now);
  }

  peers(limit: number, now: number): Promise<PeerSummary[]> {
    return asPromise(() => peers(this.#written, limit, now));
  }

  counts(now: number): Promise<Counts> {
    return asPromise(() => counts(this.#written, this.#recent, now));
  }

  contents(): Promise<number> {
    return countContents(this.#file, this.#recent);
  }

  hasLease(endpoint: Endpoint, now: number): Promise<boolean> {
    return asPromise(() => hasLease(this.#written, endpoint, now));
  }

  endLease(endpoint: Endpoint, now: number): Promise<void> {
    return this.#transaction(() => {
      endLease(this.#file, endpoint, now);
    });
  }

  changesAfter(id: number, limit: number): Promise<NumberedChange[]> {
    return asPromise(() => changesAfter(this.#file, id, limit));
  }

  lastChange(): Promise<number> {
    return asPromise(() => lastChange(this.#file));
  }

  noticeEndedLeases(now: number): Promise<void> {
    return this.#transaction(() => {
      noticeEndedLeases(this.#file, now);
      forgetOldChanges(this.#file, KEPT_CHANGES);
    });
  }

  exerciseEndpoints(): Promise<Endpoint[]> {
    return asPromise(() => exerciseEndpoints(this.#file));
  }

  dropExerciseEndpoint(endpoint: Endpoint): Promise<void> {
    return this.#transaction(() => {
      dropExerciseEndpoint(this.#file, endpoint);
    });
  }

  dropExpired(before: number): Promise<number> {
    return this.#transaction(() => dropExpired(this.#file, before));
  }

  #record(change: Change): void {
    recordChange(this.#file, change);
  }

  /** The file with all leases in it as they are: for who asks it for them. */
  get #written(): SqliteFile {
    this.#known.write();
    return this.#file;
  }

  #transaction<T>(work: () => T): Promise<T> {
    return asPromise(() => this.#written.transaction(work));
  }
}
