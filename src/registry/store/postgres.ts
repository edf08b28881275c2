// The index in a PostgreSQL database, which several registries may share: nothing that one of them was
// told is in its memory alone. Here is what changes it; what only asks it is in postgres-look-ups.ts.
import { randomBytes } from 'node:crypto';
import type { Removal, RemovalKind } from '../../protocol/access.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import {
  MAX_CHANGE_NAMES,
  type CatalogueChange,
  type Content,
  type PeerSummary,
  type RegisteredName,
} from '../../protocol/schemas.ts';
import { AskedTogether } from './asked-together.ts';
import { chosenSources, LargeContents } from './large-contents.ts';
import { PostgresAccess } from './postgres-access.ts';
import { changeOffers, offeredOf } from './postgres-catalogue.ts';
import { changesAfter, forgetOldChanges, lastChange, recordChange } from './postgres-changes.ts';
import { contentOf } from './postgres-contents.ts';
import {
  deregister,
  dropExerciseEndpoint,
  exerciseEndpoints,
  register,
} from './postgres-exercise.ts';
import { holdContent, letContentGo } from './postgres-holdings.ts';
import {
  countContents,
  counts,
  endpointOf,
  endpointsOf,
  listNames,
  lookUp,
  peers,
  type AskedName,
  type AskedOf,
} from './postgres-look-ups.ts';
import { migrate } from './postgres-migrations.ts';
import {
  beginLease,
  dropExpired,
  lockedPeer,
  noticeEnded,
  recount,
  renewKnownLease,
  renewRunningLease,
  withdrawAll,
} from './postgres-peers.ts';
import { isRemoved, removals, withoutRemoved } from './postgres-removals.ts';
import { remove, removePeer, restore } from './postgres-removing.ts';
import { STEPS } from './postgres-schema.ts';
import { gramedBy, searchedNames, type Gramed } from './postgres-search.ts';
import { PostgresServer, type Sql } from './postgres-server.ts';
import { PostgresStatistics } from './postgres-statistics.ts';
import { search, type FoundPage, type SearchQuery } from './search.ts';
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

type EndpointRow = Parameters<typeof endpointOf>[0];

export class PostgresStore implements Store {
  readonly engine = 'postgres';
  readonly access: PostgresAccess;
  readonly #server: PostgresServer;
  readonly #statistics: PostgresStatistics;
  readonly #maxNamesPerPeer: number;
  readonly #maxContentsPerPeer: number;
  readonly #large = new LargeContents();
  readonly #endpointsOf = new AskedTogether((asked: AskedName[]) =>
    this.#server.ask((sql) => endpointsOf(sql, asked)),
  );
  readonly #lookUp = new AskedTogether((asked: AskedOf[]) =>
    this.#server.ask((sql) => lookUp(sql, asked)),
  );
  #gramed: Gramed = 'ascii';

  /**
   * @param url of a database; with `?search_path=…` of a schema in it
   * @throws CodedError `bad-usage` for what is none
   */
  constructor(
    url: string,
    { maxNamesPerPeer = MAX_NAMES_PER_PEER, maxContentsPerPeer = MAX_CONTENTS_PER_PEER } = {},
  ) {
    this.#server = new PostgresServer(url);
    this.#statistics = new PostgresStatistics(this.#server);
    this.access = new PostgresAccess(this.#server);
    this.#maxNamesPerPeer = maxNamesPerPeer;
    this.#maxContentsPerPeer = maxContentsPerPeer;
  }

  /** @throws CodedError `cannot-open-data`, `engine-unavailable` where it may work in a moment */
  async start(): Promise<void> {
    this.#server.open();
    try {
      await migrate(this.#server, STEPS);
      this.#gramed = await this.#server.ask(gramedBy);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.#server.close();
  }

  secret(name: string): Promise<Buffer> {
    return this.access.keep(name, randomBytes(SECRET_BYTES));
  }

  register(name: string, endpoint: Endpoint, now: number): Promise<boolean> {
    const most = this.#maxNamesPerPeer;
    return this.#transaction((sql) => register(sql, name, endpoint, { now, most }));
  }

  deregister(name: string, endpoint: Endpoint, now: number): Promise<boolean> {
    return this.#transaction((sql) => deregister(sql, name, endpoint, now));
  }

  endpointsOf(name: string, now: number): Promise<Endpoint[]> {
    return this.#endpointsOf.ask({ name, now });
  }

  listNames(after: string, limit: number, now: number): Promise<RegisteredName[]> {
    return this.#server.ask((sql) => listNames(sql, after, limit, now));
  }

  renewRunning(peer: NativePeer, now: number, expiresAt: number): Promise<number | undefined> {
    return this.#server.ask((sql) => renewRunningLease(sql, peer, now, expiresAt));
  }

  async renewLease(peer: NativePeer, expiresAt: number): Promise<number> {
    const revision = await this.#server.ask((sql) => renewKnownLease(sql, peer, expiresAt));
    return revision ?? this.#transaction((sql) => beginLease(sql, peer, expiresAt));
  }

  async endpointOfPeer(peerId: string): Promise<Endpoint | undefined> {
    const [row] = await this.#server.ask(
      (sql) => sql<EndpointRow[]>`SELECT ip_address, port FROM peers WHERE peer_id = ${peerId}`,
    );
    return row && endpointOf(row);
  }

  async changeCatalogue(peerId: string, change: CatalogueChange, now: number): Promise<number> {
    const revision = await this.#transaction(async (sql) => {
      const peer = await lockedPeer(sql, peerId);
      let { id, names } = peer;
      if (change.reset) {
        id = await withdrawAll(sql, peer);
        names = 0;
      } else if (change.revision !== peer.revision) {
        throw new CodedError(
          'revision-mismatch',
          `The catalogue here is at revision ${peer.revision}, not ${change.revision}.`,
          { facts: { revision: peer.revision } },
        );
      }
      const { offered, refused } = await withoutRemoved(sql, change.offered);
      const withdrawn = [...change.withdrawn, ...refused];
      names += await changeOffers(sql, id, offeredOf(offered), withdrawn);
      await recount(sql, id, names, this.#maxNamesPerPeer);
      const revision = Math.max(peer.revision + 1, change.reset ? now : 0);
      await sql`UPDATE peers SET revision = ${revision} WHERE id = ${id}`;
      const changed = [...offered.map(({ name }) => name), ...change.withdrawn];
      await recordChange(sql, {
        ...{ kind: 'catalogue', endpoint: peer.endpoint, offered: offered.length },
        ...{ withdrawn: change.withdrawn.length, names: changed.slice(0, MAX_CHANGE_NAMES) },
      });
      return revision;
    });
    this.#statistics.changed(change.offered.length + change.withdrawn.length);
    return revision;
  }

  holdContent(peerId: string, root: string, complete: boolean): Promise<void> {
    return this.#transaction(async (sql) => {
      const endpoint = await holdContent(sql, { peerId, root, complete }, this.#maxContentsPerPeer);
      const held = complete ? 'whole' : 'part';
      if (endpoint) await recordChange(sql, { kind: 'content', endpoint, root, held });
    });
  }

  letContentGo(peerId: string, root: string): Promise<void> {
    return this.#transaction(async (sql) => {
      const endpoint = await letContentGo(sql, peerId, root);
      if (endpoint) await recordChange(sql, { kind: 'content', endpoint, root, held: 'none' });
    });
  }

  removePeer(peerId: string): Promise<boolean> {
    return this.#transaction((sql) => removePeer(sql, peerId));
  }

  remove(removal: Omit<Removal, 'id'>): Promise<Removal> {
    return remove(this.#server, removal);
  }

  restore(id: number): Promise<Removal | undefined> {
    return this.#transaction((sql) => restore(sql, id));
  }

  removals(before: number, limit: number): Promise<Removal[]> {
    return this.#server.ask((sql) => removals(sql, before, limit));
  }

  isRemoved(kind: RemovalKind, subject: string): Promise<boolean> {
    return this.#server.ask((sql) => isRemoved(sql, kind, subject));
  }

  /** Those that come together are asked together anyhow. */
  together<T>(ask: () => T): T {
    return ask();
  }

  lookUp(name: string, most: Record<keyof LookedUp, number>, now: number): Promise<LookedUp> {
    return this.#lookUp.ask({ name, most, now });
  }

  async contentOf(root: string, limit: number, now: number): Promise<Content> {
    const content = await this.#large.ofLater(root, now, () =>
      this.#server.ask((sql) => contentOf(sql, root, now)),
    );
    return { ...content, sources: chosenSources(content.sources, limit) };
  }

  search(query: SearchQuery, limit: number, now: number): Promise<FoundPage> {
    return search(searchedNames(this.#server, this.#gramed), query, limit, now);
  }

  peers(limit: number, now: number): Promise<PeerSummary[]> {
    return this.#server.ask((sql) => peers(sql, limit, now));
  }

  counts(now: number): Promise<Counts> {
    return this.#server.ask((sql) => counts(sql, now));
  }

  contents(): Promise<number> {
    return this.#server.ask(countContents);
  }

  async hasLease({ ipAddress, port }: Endpoint, now: number): Promise<boolean> {
    const rows = await this.#server.ask(
      (sql) => sql`
        SELECT 1 FROM peers WHERE contract = 'native'
          AND ip_address = ${ipAddress} AND port = ${port} AND expires_at > ${now}`,
    );
    return rows.length > 0;
  }

  endLease({ ipAddress, port }: Endpoint, now: number): Promise<void> {
    return this.#transaction(async (sql) => {
      const { count } = await sql`
        UPDATE peers SET expires_at = ${now}, is_gone = true WHERE contract = 'native'
          AND ip_address = ${ipAddress} AND port = ${port} AND expires_at > ${now}`;
      if (count > 0)
        await recordChange(sql, { kind: 'peer', endpoint: { ipAddress, port }, isHere: false });
    });
  }

  changesAfter(id: number, limit: number): Promise<NumberedChange[]> {
    return changesAfter(this.#server, id, limit);
  }

  lastChange(): Promise<number> {
    return lastChange(this.#server);
  }

  async noticeEndedLeases(now: number): Promise<void> {
    await this.#transaction((sql) => noticeEnded(sql, now));
    await forgetOldChanges(this.#server, KEPT_CHANGES);
    await this.#statistics.renew();
  }

  exerciseEndpoints(): Promise<Endpoint[]> {
    return this.#server.ask(exerciseEndpoints);
  }

  dropExerciseEndpoint(endpoint: Endpoint): Promise<void> {
    return this.#transaction((sql) => dropExerciseEndpoint(sql, endpoint));
  }

  dropExpired(before: number): Promise<number> {
    return dropExpired(this.#server, before);
  }

  #transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#server.transaction(work);
  }
}
