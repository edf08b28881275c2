// The index in a PostgreSQL database, which several registries may share: nothing that one of them was
// told is in its memory alone. Here is what changes it; what only asks it is in postgres-look-ups.ts.
import { randomBytes } from 'node:crypto';
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
import { PostgresAccess } from './postgres-access.ts';
import { changeOffers, offeredOf } from './postgres-catalogue.ts';
import { changesAfter, forgetOldChanges, lastChange, recordChanges } from './postgres-changes.ts';
import { contentOf } from './postgres-contents.ts';
import { TryAgain } from './postgres-errors.ts';
import { holdContent, letContentGo } from './postgres-holdings.ts';
import {
  countContents,
  counts,
  endpointOf,
  endpointsOf,
  holdersAt,
  listNames,
  lookUp,
  peers,
} from './postgres-look-ups.ts';
import { migrate } from './postgres-migrations.ts';
import {
  beginLease,
  dropExpired,
  leave,
  lockedPeer,
  lockedPeersAt,
  renewKnownLease,
  renewRunningLease,
  withdrawAll,
} from './postgres-peers.ts';
import { isRemoved, refuseRemoved, removals, withoutRemoved } from './postgres-removals.ts';
import { remove, removePeer, restore } from './postgres-removing.ts';
import { STEPS } from './postgres-schema.ts';
import { gramedBy, searchedNames, type Gramed } from './postgres-search.ts';
import { PostgresServer, type Sql } from './postgres-server.ts';
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
  readonly #maxNamesPerPeer: number;
  readonly #maxContentsPerPeer: number;
  readonly #large = new LargeContents();
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
    const { ipAddress, port } = endpoint;
    return this.#transaction(async (sql) => {
      if ((await holdersAt(sql, name, endpoint, now)).length > 0) return false;
      await sql`
        INSERT INTO peers (contract, ip_address, port) VALUES ('exercise', ${ipAddress}, ${port})
        ON CONFLICT DO NOTHING`;
      const peer = (await lockedPeersAt(sql, endpoint)).find(isExercise);
      // Its last name was taken away at this moment, and the peer with it.
      if (!peer) throw new TryAgain('a peer has gone');
      await refuseRemoved(sql, 'name', name);
      const offered = { name, size: null, modified: null, root: null };
      if ((await changeOffers(sql, peer.id, [offered], [])) === 0) return false;
      await this.#recount(sql, peer.id, peer.names + 1);
      await record(sql, { kind: 'catalogue', endpoint, offered: 1, withdrawn: 0, names: [name] });
      return true;
    });
  }

  deregister(name: string, endpoint: Endpoint, now: number): Promise<boolean> {
    return this.#transaction(async (sql) => {
      const there = await lockedPeersAt(sql, endpoint);
      const holders = await holdersAt(sql, name, endpoint, now);
      for (const peer of there.filter(({ id }) => holders.includes(id))) {
        await changeOffers(sql, peer.id, [], [name]);
        await this.#recount(sql, peer.id, peer.names - 1);
        if (!isExercise(peer))
          await sql`UPDATE peers SET revision = revision + 1 WHERE id = ${peer.id}`;
        else if (peer.names === 1) await sql`DELETE FROM peers WHERE id = ${peer.id}`;
      }
      if (holders.length > 0)
        await record(sql, { kind: 'catalogue', endpoint, offered: 0, withdrawn: 1, names: [name] });
      return holders.length > 0;
    });
  }

  endpointsOf(name: string, now: number): Promise<Endpoint[]> {
    return this.#server.ask((sql) => endpointsOf(sql, name, now));
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

  changeCatalogue(peerId: string, change: CatalogueChange, now: number): Promise<number> {
    return this.#transaction(async (sql) => {
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
      await this.#recount(sql, id, names);
      const revision = Math.max(peer.revision + 1, change.reset ? now : 0);
      await sql`UPDATE peers SET revision = ${revision} WHERE id = ${id}`;
      const changed = [...offered.map(({ name }) => name), ...change.withdrawn];
      await record(sql, {
        ...{ kind: 'catalogue', endpoint: peer.endpoint, offered: offered.length },
        ...{ withdrawn: change.withdrawn.length, names: changed.slice(0, MAX_CHANGE_NAMES) },
      });
      return revision;
    });
  }

  holdContent(peerId: string, root: string, complete: boolean): Promise<void> {
    return this.#transaction(async (sql) => {
      const endpoint = await holdContent(sql, { peerId, root, complete }, this.#maxContentsPerPeer);
      const held = complete ? 'whole' : 'part';
      if (endpoint) await record(sql, { kind: 'content', endpoint, root, held });
    });
  }

  letContentGo(peerId: string, root: string): Promise<void> {
    return this.#transaction(async (sql) => {
      const endpoint = await letContentGo(sql, peerId, root);
      if (endpoint) await record(sql, { kind: 'content', endpoint, root, held: 'none' });
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

  lookUp(name: string, most: Record<keyof LookedUp, number>, now: number): Promise<LookedUp> {
    return this.#server.ask((sql) => lookUp(sql, name, most, now));
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
        await record(sql, { kind: 'peer', endpoint: { ipAddress, port }, isHere: false });
    });
  }

  changesAfter(id: number, limit: number): Promise<NumberedChange[]> {
    return changesAfter(this.#server, id, limit);
  }

  lastChange(): Promise<number> {
    return lastChange(this.#server);
  }

  async noticeEndedLeases(now: number): Promise<void> {
    const ended = (sql: Sql) => sql`contract = 'native' AND NOT is_gone AND expires_at <= ${now}`;
    await this.#transaction(async (sql) => {
      const rows = await sql<EndpointRow[]>`
        UPDATE peers SET is_gone = true
        WHERE id IN (SELECT id FROM peers WHERE ${ended(sql)} ORDER BY id FOR UPDATE SKIP LOCKED)
        RETURNING ip_address, port`;
      await recordChanges(
        sql,
        rows.map((row) => ({ kind: 'peer', endpoint: endpointOf(row), isHere: false })),
      );
    });
    await forgetOldChanges(this.#server, KEPT_CHANGES);
  }

  async exerciseEndpoints(): Promise<Endpoint[]> {
    const rows = await this.#server.ask(
      (sql) => sql<EndpointRow[]>`SELECT ip_address, port FROM peers WHERE contract = 'exercise'`,
    );
    return rows.map(endpointOf);
  }

  dropExerciseEndpoint(endpoint: Endpoint): Promise<void> {
    return this.#transaction(async (sql) => {
      const peer = (await lockedPeersAt(sql, endpoint)).find(isExercise);
      if (!peer) return;
      await leave(sql, peer);
      await record(sql, { kind: 'peer', endpoint, isHere: false });
    });
  }

  dropExpired(before: number): Promise<number> {
    return dropExpired(this.#server, before);
  }

  async #recount(sql: Sql, peer: number, names: number): Promise<void> {
    const most = this.#maxNamesPerPeer;
    if (names > most)
      throw new CodedError('too-many-names', `One peer may offer at most ${most} names.`);
    await sql`UPDATE peers SET names = ${names} WHERE id = ${peer}`;
  }

  #transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#server.transaction(work);
  }
}

function record(sql: Sql, change: Change): Promise<void> {
  return recordChanges(sql, [change]);
}

function isExercise({ contract }: { contract: string }): boolean {
  return contract === 'exercise';
}
