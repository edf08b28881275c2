// The index in one SQLite file: the engine that needs no set-up. Here is what changes it; what only
// asks it is in sqlite-look-ups.ts.
import { randomBytes } from 'node:crypto';
import type { Repeating } from '../../lib/lifecycle.ts';
import type { Removal, RemovalKind } from '../../protocol/access.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import {
  MAX_CHANGE_NAMES,
  type CatalogueChange,
  type Change,
  type Content,
  type PeerSummary,
  type RegisteredName,
} from '../../protocol/schemas.ts';
import { chosenSources, LargeContents } from './large-contents.ts';
import { search, type FoundPage, type SearchQuery } from './search.ts';
import { forgetOldChanges, changesAfter, lastChange, recordChange } from './sqlite-changes.ts';
import { forgetPeer, offer, recount, withdraw, withdrawAll } from './sqlite-catalogue.ts';
import { requireKey, SqliteAccess } from './sqlite-access.ts';
import { asPromise, SqliteFile, type Row } from './sqlite-file.ts';
import { gramming } from './sqlite-grams.ts';
import { holdContent, letContentGo, unknownPeer } from './sqlite-holdings.ts';
import {
  blobOf,
  contentOf,
  countContents,
  counts,
  endpointOf,
  endpointsOf,
  holdersAt,
  listNames,
  lookUp,
  peers,
} from './sqlite-look-ups.ts';
import {
  isRemoved,
  refuseRemoved,
  removals,
  remove,
  restore,
  withoutRemoved,
} from './sqlite-removals.ts';
import { STEPS } from './sqlite-schema.ts';
import { searchedNames } from './sqlite-search.ts';
import {
  KEPT_CHANGES,
  MAX_CONTENTS_PER_PEER,
  MAX_NAMES_PER_PEER,
  SECRET_BYTES,
  type Counts,
  type LookedUp,
  type NativePeer,
  type NumberedChange,
  type Store,
} from './store.ts';

/** The native peer at an endpoint, while its lease runs. */
const LEASE_AT = `contract = 'native' AND ip_address = :ipAddress AND port = :port AND expires_at > :now`;

const RENEW_RUNNING = `UPDATE peers SET expires_at = ?, display_name = ?
  WHERE peer_id = ? AND ip_address = ? AND port = ? AND expires_at > ? AND is_gone = 0 AND key IS ?
  RETURNING revision`;

interface SqliteStoreOptions {
  maxNamesPerPeer?: number;
  maxContentsPerPeer?: number;
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
  readonly #gramming: Repeating;

  /** @param file a path, or `:memory:` */
  constructor(
    file: string,
    {
      maxNamesPerPeer = MAX_NAMES_PER_PEER,
      maxContentsPerPeer = MAX_CONTENTS_PER_PEER,
      onError = () => undefined,
    }: SqliteStoreOptions = {},
  ) {
    this.#file = new SqliteFile(file);
    this.access = new SqliteAccess(this.#file);
    this.#maxNamesPerPeer = maxNamesPerPeer;
    this.#maxContentsPerPeer = maxContentsPerPeer;
    this.#gramming = gramming(this.#file, onError);
  }

  /** @throws CodedError `cannot-open-data` */
  async start(): Promise<void> {
    await asPromise(() => {
      this.#file.open(STEPS);
    });
    await this.#gramming.start();
  }

  async stop(): Promise<void> {
    await this.#gramming.stop();
    this.#file.close();
  }

  secret(name: string): Promise<Buffer> {
    return this.access.keep(name, randomBytes(SECRET_BYTES));
  }

  register(name: string, endpoint: Endpoint, now: number): Promise<boolean> {
    return this.#transaction(() => {
      refuseRemoved(this.#file, 'name', name);
      if (holdersAt(this.#file, name, endpoint, now).length > 0) return false;
      this.#file.run(
        `INSERT INTO peers (contract, ip_address, port) VALUES ('exercise', :ip, :port)
         ON CONFLICT DO NOTHING`,
        { ip: endpoint.ipAddress, port: endpoint.port },
      );
      const peer = this.#file.one(
        `SELECT id, names FROM peers
         WHERE contract = 'exercise' AND ip_address = :ip AND port = :port`,
        { ip: endpoint.ipAddress, port: endpoint.port },
      ) as { id: number; names: number };
      offer(this.#file, peer.id, name, { size: null, modified: null, root: null });
      this.#recount(peer.id, peer.names + 1);
      this.#record({ kind: 'catalogue', endpoint, offered: 1, withdrawn: 0, names: [name] });
      return true;
    });
  }

  deregister(name: string, endpoint: Endpoint, now: number): Promise<boolean> {
    return this.#transaction(() => {
      const holders = holdersAt(this.#file, name, endpoint, now);
      for (const { id, contract, names } of holders) {
        withdraw(this.#file, id, name);
        this.#recount(id, names - 1);
        if (contract === 'native')
          this.#file.run('UPDATE peers SET revision = revision + 1 WHERE id = :id', { id });
        else if (names === 1) this.#file.run('DELETE FROM peers WHERE id = :id', { id });
      }
      if (holders.length > 0)
        this.#record({ kind: 'catalogue', endpoint, offered: 0, withdrawn: 1, names: [name] });
      return holders.length > 0;
    });
  }

  endpointsOf(name: string, now: number): Promise<Endpoint[]> {
    return asPromise(() => endpointsOf(this.#file, name, now));
  }

  listNames(after: string, limit: number, now: number): Promise<RegisteredName[]> {
    return asPromise(() => listNames(this.#file, after, limit, now));
  }

  renewRunning(
    { peerId, endpoint, displayName, key }: NativePeer,
    now: number,
    expiresAt: number,
  ): Promise<number | undefined> {
    const { ipAddress, port } = endpoint;
    return asPromise(() => {
      const values = [expiresAt, displayName ?? null, peerId, ipAddress, port, now, key ?? null];
      const [row] = this.#file.lists(RENEW_RUNNING, ...values);
      return row?.[0] as number | undefined;
    });
  }

  renewLease(peer: NativePeer, expiresAt: number): Promise<number> {
    return this.#transaction(() => {
      refuseRemoved(this.#file, 'peer', peer.peerId);
      const { ipAddress: ip, port } = peer.endpoint;
      const key = peer.key ?? null;
      if (key !== null) requireKey(this.#file, key);
      // Whoever had this endpoint before is gone: two peers cannot listen on one port.
      const former = this.#file.one(
        `SELECT id FROM peers
         WHERE contract = 'native' AND ip_address = :ip AND port = :port AND peer_id <> :peerId`,
        { ip, port, peerId: peer.peerId },
      );
      if (former) this.#forget(former['id'] as number);
      const known = this.#file.one(
        `SELECT ip_address, port FROM peers WHERE peer_id = :peerId AND is_gone = 0`,
        { peerId: peer.peerId },
      );
      const before = known && endpointOf(known);
      const isSame = before?.ipAddress === ip && before.port === port;
      if (before && !isSame) this.#record({ kind: 'peer', endpoint: before, isHere: false });
      if (!isSame) this.#record({ kind: 'peer', endpoint: peer.endpoint, isHere: true });
      const row = this.#file.one(
        `INSERT INTO peers (contract, peer_id, ip_address, port, display_name, expires_at, key)
         VALUES ('native', :peerId, :ip, :port, :displayName, :expiresAt, :key)
         ON CONFLICT (peer_id) DO UPDATE SET
           ip_address = :ip, port = :port, display_name = :displayName, expires_at = :expiresAt,
           is_gone = 0, key = :key
         RETURNING revision`,
        { peerId: peer.peerId, ip, port, displayName: peer.displayName ?? null, expiresAt, key },
      );
      return row?.['revision'] as number;
    });
  }

  endpointOfPeer(peerId: string): Promise<Endpoint | undefined> {
    return asPromise(() => {
      const row = this.#file.one('SELECT ip_address, port FROM peers WHERE peer_id = :peerId', {
        peerId,
      });
      return row && endpointOf(row);
    });
  }

  changeCatalogue(peerId: string, change: CatalogueChange, now: number): Promise<number> {
    return this.#transaction(() => {
      const peer = this.#file.one(
        'SELECT id, revision, names, ip_address, port FROM peers WHERE peer_id = :peerId',
        { peerId },
      ) as ({ id: number; revision: number; names: number } & Row) | undefined;
      if (!peer) throw unknownPeer();
      let { names } = peer;
      if (change.reset) {
        withdrawAll(this.#file, peer.id);
        names = 0;
      } else if (change.revision !== peer.revision) {
        throw new CodedError(
          'revision-mismatch',
          `The catalogue here is at revision ${peer.revision}, not ${change.revision}.`,
          { facts: { revision: peer.revision } },
        );
      }
      const { offered, refused } = withoutRemoved(this.#file, change.offered);
      for (const name of [...change.withdrawn, ...refused])
        if (withdraw(this.#file, peer.id, name)) names--;
      for (const { name, size, modified, root } of offered) {
        const told = { size, modified, root: root === undefined ? null : blobOf(root) };
        if (offer(this.#file, peer.id, name, told)) names++;
      }
      this.#recount(peer.id, names);
      const revision = Math.max(peer.revision + 1, change.reset ? now : 0);
      this.#file.run('UPDATE peers SET revision = :revision WHERE id = :id', {
        revision,
        id: peer.id,
      });
      const changed = [...offered.map(({ name }) => name), ...change.withdrawn];
      this.#record({
        ...{ kind: 'catalogue', endpoint: endpointOf(peer), offered: offered.length },
        ...{ withdrawn: change.withdrawn.length, names: changed.slice(0, MAX_CHANGE_NAMES) },
      });
      return revision;
    });
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
    return this.#transaction(() => this.#removePeer(peerId));
  }

  remove(removal: Omit<Removal, 'id'>): Promise<Removal> {
    return this.#transaction(() => {
      const { kept, isNew } = remove(this.#file, removal);
      const { kind: what, subject } = removal;
      if (isNew) this.#record({ kind: 'removed', what, subject, isHere: false });
      if (what === 'peer') this.#removePeer(subject);
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

  lookUp(name: string, most: Record<keyof LookedUp, number>, now: number): Promise<LookedUp> {
    return asPromise(() => lookUp(this.#file, name, most, now));
  }

  contentOf(root: string, limit: number, now: number): Promise<Content> {
    return asPromise(() => {
      const content = this.#large.of(root, now, () => contentOf(this.#file, root, now));
      return { ...content, sources: chosenSources(content.sources, limit) };
    });
  }

  search(query: SearchQuery, limit: number, now: number): Promise<FoundPage> {
    return search(searchedNames(this.#file), query, limit, now);
  }

  peers(limit: number, now: number): Promise<PeerSummary[]> {
    return asPromise(() => peers(this.#file, limit, now));
  }

  counts(now: number): Promise<Counts> {
    return asPromise(() => counts(this.#file, now));
  }

  contents(): Promise<number> {
    return countContents(this.#file);
  }

  hasLease({ ipAddress, port }: Endpoint, now: number): Promise<boolean> {
    return asPromise(
      () =>
        this.#file.one(`SELECT 1 FROM peers WHERE ${LEASE_AT}`, { ipAddress, port, now }) !==
        undefined,
    );
  }

  endLease({ ipAddress, port }: Endpoint, now: number): Promise<void> {
    return this.#transaction(() => {
      const ended = this.#file.run(
        `UPDATE peers SET expires_at = :now, is_gone = 1 WHERE ${LEASE_AT}`,
        { ipAddress, port, now },
      );
      if (ended > 0) this.#record({ kind: 'peer', endpoint: { ipAddress, port }, isHere: false });
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
      const ended = this.#file.all(
        `UPDATE peers SET is_gone = 1 WHERE is_gone = 0 AND expires_at <= :now
         RETURNING ip_address, port`,
        { now },
      );
      for (const row of ended)
        this.#record({ kind: 'peer', endpoint: endpointOf(row), isHere: false });
      forgetOldChanges(this.#file, KEPT_CHANGES);
    });
  }

  exerciseEndpoints(): Promise<Endpoint[]> {
    return asPromise(() =>
      this.#file
        .all(`SELECT ip_address, port FROM peers WHERE contract = 'exercise'`)
        .map(endpointOf),
    );
  }

  dropExerciseEndpoint({ ipAddress, port }: Endpoint): Promise<void> {
    return this.#transaction(() => {
      const row = this.#file.one(
        `SELECT id FROM peers
         WHERE contract = 'exercise' AND ip_address = :ipAddress AND port = :port`,
        { ipAddress, port },
      );
      if (!row) return;
      this.#forget(row['id'] as number);
      this.#record({ kind: 'peer', endpoint: { ipAddress, port }, isHere: false });
    });
  }

  dropExpired(before: number): Promise<number> {
    return this.#transaction(() => {
      const expired = this.#file.all('SELECT id FROM peers WHERE expires_at < :before', { before });
      for (const row of expired) this.#forget(row['id'] as number);
      return expired.length;
    });
  }

  #removePeer(peerId: string): boolean {
    const row = this.#file.one(
      'SELECT id, ip_address, port, is_gone FROM peers WHERE peer_id = :peerId',
      { peerId },
    );
    if (!row) return false;
    this.#forget(row['id'] as number);
    if (row['is_gone'] === 0)
      this.#record({ kind: 'peer', endpoint: endpointOf(row), isHere: false });
    return true;
  }

  #forget(peer: number): void {
    forgetPeer(this.#file, peer);
  }

  #recount(peer: number, names: number): void {
    recount(this.#file, peer, names, this.#maxNamesPerPeer);
  }

  #record(change: Change): void {
    recordChange(this.#file, change);
  }

  #transaction<T>(work: () => T): Promise<T> {
    return asPromise(() => this.#file.transaction(work));
  }
}
