// The index in one SQLite file: the engine that needs no set-up. Here is what changes it; what only
// asks it is in sqlite-look-ups.ts.
import type { Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import type {
  CatalogueChange,
  Content,
  Found,
  PeerSummary,
  RegisteredName,
  Source,
  Version,
} from '../../protocol/schemas.ts';
import { chosenSources, LargeContents } from './large-contents.ts';
import { fold } from './search-text.ts';
import { SqliteFile, type Values } from './sqlite-file.ts';
import { holdContent, letContentGo, unknownPeer } from './sqlite-holdings.ts';
import {
  blobOf,
  contentOf,
  counts,
  endpointOf,
  endpointsOf,
  holdersAt,
  listNames,
  peers,
  search,
  sourcesOf,
  versionsOf,
} from './sqlite-look-ups.ts';
import { STEPS } from './sqlite-schema.ts';
import {
  MAX_CONTENTS_PER_PEER,
  MAX_NAMES_PER_PEER,
  type Counts,
  type NativePeer,
  type Store,
} from './store.ts';

/** The native peer at an endpoint, while its lease runs. */
const LEASE_AT = `contract = 'native' AND ip_address = :ipAddress AND port = :port AND expires_at > :now`;

/** What is kept of an offer; null: not told. */
interface Told {
  size: number | null;
  modified: number | null;
  root: Uint8Array | null;
}

export class SqliteStore implements Store {
  readonly engine = 'sqlite';
  readonly #file: SqliteFile;
  readonly #maxNamesPerPeer: number;
  readonly #maxContentsPerPeer: number;
  readonly #large = new LargeContents();

  /** @param file a path, or `:memory:` */
  constructor(
    file: string,
    { maxNamesPerPeer = MAX_NAMES_PER_PEER, maxContentsPerPeer = MAX_CONTENTS_PER_PEER } = {},
  ) {
    this.#file = new SqliteFile(file);
    this.#maxNamesPerPeer = maxNamesPerPeer;
    this.#maxContentsPerPeer = maxContentsPerPeer;
  }

  /** @throws CodedError `cannot-open-data` */
  start(): Promise<void> {
    return asPromise(() => {
      this.#file.open(STEPS);
    });
  }

  stop(): Promise<void> {
    return asPromise(() => {
      this.#file.close();
    });
  }

  register(name: string, endpoint: Endpoint, now: number): Promise<boolean> {
    return this.#transaction(() => {
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
      this.#offer(peer.id, name, { size: null, modified: null, root: null });
      this.#recount(peer.id, peer.names + 1);
      return true;
    });
  }

  deregister(name: string, endpoint: Endpoint, now: number): Promise<boolean> {
    return this.#transaction(() => {
      const holders = holdersAt(this.#file, name, endpoint, now);
      for (const { id, contract, names } of holders) {
        this.#withdraw(id, name);
        this.#recount(id, names - 1);
        if (contract === 'exercise' && names === 1)
          this.#file.run('DELETE FROM peers WHERE id = :id', { id });
      }
      return holders.length > 0;
    });
  }

  endpointsOf(name: string, now: number): Promise<Endpoint[]> {
    return asPromise(() => endpointsOf(this.#file, name, now));
  }

  listNames(after: string, limit: number, now: number): Promise<RegisteredName[]> {
    return asPromise(() => listNames(this.#file, after, limit, now));
  }

  renewLease(peer: NativePeer, expiresAt: number): Promise<number> {
    return this.#transaction(() => {
      const { ipAddress: ip, port } = peer.endpoint;
      // Whoever had this endpoint before is gone: two peers cannot listen on one port.
      const former = this.#file.one(
        `SELECT id FROM peers
         WHERE contract = 'native' AND ip_address = :ip AND port = :port AND peer_id <> :peerId`,
        { ip, port, peerId: peer.peerId },
      );
      if (former) this.#forget(former['id'] as number);
      const row = this.#file.one(
        `INSERT INTO peers (contract, peer_id, ip_address, port, display_name, expires_at)
         VALUES ('native', :peerId, :ip, :port, :displayName, :expiresAt)
         ON CONFLICT (peer_id) DO UPDATE SET
           ip_address = :ip, port = :port, display_name = :displayName, expires_at = :expiresAt
         RETURNING revision`,
        { peerId: peer.peerId, ip, port, displayName: peer.displayName ?? null, expiresAt },
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

  changeCatalogue(peerId: string, change: CatalogueChange): Promise<number> {
    return this.#transaction(() => {
      const peer = this.#file.one('SELECT id, revision, names FROM peers WHERE peer_id = :peerId', {
        peerId,
      }) as { id: number; revision: number; names: number } | undefined;
      if (!peer) throw unknownPeer();
      let { names } = peer;
      if (change.reset) {
        this.#withdrawAll(peer.id);
        names = 0;
      } else if (change.revision !== peer.revision) {
        throw new CodedError(
          'revision-mismatch',
          `The catalogue here is at revision ${peer.revision}, not ${change.revision}.`,
          { facts: { revision: peer.revision } },
        );
      }
      for (const name of change.withdrawn) if (this.#withdraw(peer.id, name)) names--;
      for (const { name, size, modified, root } of change.offered) {
        const told = { size, modified, root: root === undefined ? null : blobOf(root) };
        if (this.#offer(peer.id, name, told)) names++;
      }
      this.#recount(peer.id, names);
      const revision = peer.revision + 1;
      this.#file.run('UPDATE peers SET revision = :revision WHERE id = :id', {
        revision,
        id: peer.id,
      });
      return revision;
    });
  }

  holdContent(peerId: string, root: string, complete: boolean): Promise<void> {
    return this.#transaction(() => {
      holdContent(this.#file, { peerId, root, complete }, this.#maxContentsPerPeer);
    });
  }

  letContentGo(peerId: string, root: string): Promise<void> {
    return asPromise(() => {
      letContentGo(this.#file, peerId, root);
    });
  }

  removePeer(peerId: string): Promise<boolean> {
    return this.#transaction(() => {
      const row = this.#file.one('SELECT id FROM peers WHERE peer_id = :peerId', { peerId });
      if (row) this.#forget(row['id'] as number);
      return row !== undefined;
    });
  }

  sourcesOf(name: string, limit: number, now: number): Promise<Source[]> {
    return asPromise(() => sourcesOf(this.#file, name, limit, now));
  }

  versionsOf(name: string, limit: number, now: number): Promise<Version[]> {
    return asPromise(() => versionsOf(this.#file, name, limit, now));
  }

  contentOf(root: string, limit: number, now: number): Promise<Content> {
    return asPromise(() => {
      const content = this.#large.of(root, now, () => contentOf(this.#file, root, now));
      return { ...content, sources: chosenSources(content.sources, limit) };
    });
  }

  search(text: string, limit: number, now: number): Promise<Found[]> {
    return asPromise(() => search(this.#file, text, limit, now));
  }

  peers(limit: number, now: number): Promise<PeerSummary[]> {
    return asPromise(() => peers(this.#file, limit, now));
  }

  counts(now: number): Promise<Counts> {
    return asPromise(() => counts(this.#file, now));
  }

  hasLease({ ipAddress, port }: Endpoint, now: number): Promise<boolean> {
    return asPromise(
      () =>
        this.#file.one(`SELECT 1 FROM peers WHERE ${LEASE_AT}`, { ipAddress, port, now }) !==
        undefined,
    );
  }

  endLease({ ipAddress, port }: Endpoint, now: number): Promise<void> {
    return asPromise(() => {
      this.#file.run(`UPDATE peers SET expires_at = :now WHERE ${LEASE_AT}`, {
        ...{ ipAddress, port, now },
      });
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
      if (row) this.#forget(row['id'] as number);
    });
  }

  dropExpired(before: number): Promise<number> {
    return this.#transaction(() => {
      const expired = this.#file.all('SELECT id FROM peers WHERE expires_at < :before', { before });
      for (const row of expired) this.#forget(row['id'] as number);
      return expired.length;
    });
  }

  /** True: the name is new among what the peer offers. */
  #offer(peer: number, name: string, told: Told): boolean {
    let id = this.#file.one('SELECT id FROM names WHERE name = :name', { name })?.['id'];
    id ??= this.#file.one('INSERT INTO names (name, folded) VALUES (:name, :folded) RETURNING id', {
      name,
      folded: fold(name),
    })?.['id'];
    const offer: Values = { name: id as number, peer, ...told };
    if (
      this.#file.run(
        `INSERT INTO offers (name, peer, size, modified, root)
         VALUES (:name, :peer, :size, :modified, :root)
         ON CONFLICT DO NOTHING`,
        offer,
      ) > 0
    )
      return true;
    this.#file.run(
      `UPDATE offers SET size = :size, modified = :modified, root = :root
       WHERE name = :name AND peer = :peer`,
      offer,
    );
    return false;
  }

  /** True: the peer did offer the name. */
  #withdraw(peer: number, name: string): boolean {
    const id = this.#file.one('SELECT id FROM names WHERE name = :name', { name })?.['id'] as
      number | undefined;
    if (id === undefined) return false;
    const gone =
      this.#file.run('DELETE FROM offers WHERE name = :id AND peer = :peer', { id, peer }) > 0;
    this.#file.run(
      'DELETE FROM names WHERE id = :id AND NOT EXISTS (SELECT 1 FROM offers WHERE name = :id)',
      { id },
    );
    return gone;
  }

  #withdrawAll(peer: number): void {
    this.#file.run(
      `DELETE FROM names
       WHERE id IN (SELECT name FROM offers WHERE peer = :peer)
         AND NOT EXISTS (SELECT 1 FROM offers o WHERE o.name = names.id AND o.peer <> :peer)`,
      { peer },
    );
    this.#file.run('DELETE FROM offers WHERE peer = :peer', { peer });
  }

  #forget(peer: number): void {
    this.#withdrawAll(peer);
    this.#file.run('DELETE FROM peers WHERE id = :peer', { peer });
  }

  #recount(peer: number, names: number): void {
    if (names > this.#maxNamesPerPeer)
      throw new CodedError(
        'too-many-names',
        `One peer may offer at most ${this.#maxNamesPerPeer} names.`,
      );
    this.#file.run('UPDATE peers SET names = :names WHERE id = :peer', { peer, names });
  }

  #transaction<T>(work: () => T): Promise<T> {
    return asPromise(() => this.#file.transaction(work));
  }
}

/** SQLite answers at once; the contract speaks of promises, for the engines that do not. */
function asPromise<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
