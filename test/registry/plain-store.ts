// The plainest thing that keeps the contract of the index, in memory: an engine is right if it cannot
// be told from this. Search is left out; store-contract.ts has its examples.
import type { Removal } from '../../src/protocol/access.ts';
import { endpointText, type Endpoint } from '../../src/protocol/endpoints.ts';
import { CodedError } from '../../src/protocol/errors.ts';
import type {
  CatalogueChange,
  Content,
  Contract,
  Source,
  Version,
} from '../../src/protocol/schemas.ts';
import type { NativePeer, Store } from '../../src/registry/store/store.ts';
import { sourcesOf, versionsOf } from './looking-up.ts';

type Offer = Pick<Source, 'size' | 'modified' | 'root'>;

interface KnownPeer {
  contract: Contract;
  peerId: string | null;
  endpoint: Endpoint;
  displayName: string | null;
  revision: number;
  expiresAt: number;
  offers: Map<string, Offer>;
  /** What it holds under no name, and whether wholly. */
  holdings: Map<string, boolean>;
}

const NOT_TOLD: Offer = { size: null, modified: null, root: null };

export class PlainStore {
  readonly #peers = new Map<string, KnownPeer>();
  /** Kind and subject of each. */
  readonly #removed = new Set<string>();
  readonly #maxNamesPerPeer: number;
  readonly #maxContentsPerPeer: number;

  constructor(maxNamesPerPeer: number, maxContentsPerPeer: number) {
    this.#maxNamesPerPeer = maxNamesPerPeer;
    this.#maxContentsPerPeer = maxContentsPerPeer;
  }

  register(name: string, endpoint: Endpoint, now: number): boolean {
    this.#refuse('name', name);
    if (this.#holders(name, now).some((peer) => isAt(peer, endpoint))) return false;
    const key = endpointText(endpoint);
    const offers = new Map(this.#peers.get(key)?.offers).set(name, NOT_TOLD);
    this.#checkSize(offers);
    const holdings = new Map<string, boolean>();
    const known = { peerId: null, displayName: null, revision: 0, expiresAt: Infinity, holdings };
    this.#peers.set(key, { contract: 'exercise', endpoint, offers, ...known });
    return true;
  }

  deregister(name: string, endpoint: Endpoint, now: number): boolean {
    const holders = this.#holders(name, now).filter((peer) => isAt(peer, endpoint));
    for (const peer of holders) {
      const { contract, offers } = peer;
      offers.delete(name);
      if (contract === 'native') peer.revision++;
      if (contract === 'exercise' && offers.size === 0) this.#peers.delete(endpointText(endpoint));
    }
    return holders.length > 0;
  }

  renewLease({ peerId, endpoint, displayName }: NativePeer, expiresAt: number): number {
    this.#refuse('peer', peerId);
    for (const [key, peer] of this.#peers)
      if (key !== peerId && peer.contract === 'native' && isAt(peer, endpoint))
        this.#peers.delete(key);
    const former = this.#peers.get(peerId);
    const revision = former?.revision ?? 0;
    const offers = former?.offers ?? new Map<string, Offer>();
    const holdings = former?.holdings ?? new Map<string, boolean>();
    const told = { peerId, endpoint, displayName: displayName ?? null, expiresAt, holdings };
    this.#peers.set(peerId, { contract: 'native', ...told, revision, offers });
    return revision;
  }

  changeCatalogue(peerId: string, change: CatalogueChange, now: number): number {
    const peer = this.#peers.get(peerId);
    if (!peer) throw new CodedError('unknown-peer', '');
    if (!change.reset && change.revision !== peer.revision)
      throw new CodedError('revision-mismatch', '', { facts: { revision: peer.revision } });
    const offers = new Map(change.reset ? [] : peer.offers);
    for (const name of change.withdrawn) offers.delete(name);
    const isOff = ({ name, root = '' }: { name: string; root?: string }) =>
      this.#removed.has(`name ${name}`) || this.#removed.has(`content ${root}`);
    for (const { name } of change.offered.filter(isOff)) offers.delete(name);
    for (const { name, size, modified, root = null } of change.offered.filter((e) => !isOff(e)))
      offers.set(name, { size, modified, root });
    this.#checkSize(offers);
    peer.offers = offers;
    peer.revision = Math.max(peer.revision + 1, change.reset ? now : 0);
    return peer.revision;
  }

  holdContent(peerId: string, root: string, complete: boolean): void {
    const peer = this.#peers.get(peerId);
    if (!peer) throw new CodedError('unknown-peer', '');
    this.#refuse('content', root);
    const holdings = new Map(peer.holdings).set(root, complete);
    if (holdings.size > this.#maxContentsPerPeer) throw new CodedError('too-many-contents', '');
    peer.holdings = holdings;
  }

  letContentGo(peerId: string, root: string): void {
    this.#peers.get(peerId)?.holdings.delete(root);
  }

  hasLease(endpoint: Endpoint, now: number): boolean {
    return this.#leaseAt(endpoint, now) !== undefined;
  }

  endLease(endpoint: Endpoint, now: number): void {
    const peer = this.#leaseAt(endpoint, now);
    if (peer) peer.expiresAt = now;
  }

  removePeer(peerId: string): boolean {
    return this.#peers.delete(peerId);
  }

  remove({ kind, subject }: Pick<Removal, 'kind' | 'subject'>): void {
    this.#removed.add(`${kind} ${subject}`);
    if (kind === 'peer') this.#peers.delete(subject);
    for (const [key, { contract, offers, holdings }] of this.#peers) {
      for (const [name, { root }] of offers)
        if (subject === (kind === 'name' ? name : root)) offers.delete(name);
      if (kind === 'content') holdings.delete(subject);
      if (contract === 'exercise' && offers.size === 0) this.#peers.delete(key);
    }
  }

  restore({ kind, subject }: Pick<Removal, 'kind' | 'subject'>): boolean {
    if (!this.#removed.delete(`${kind} ${subject}`)) return false;
    for (const peer of this.#peers.values())
      if (kind !== 'peer' && peer.contract === 'native') peer.revision++;
    return true;
  }

  dropExerciseEndpoint(endpoint: Endpoint): void {
    this.#peers.delete(endpointText(endpoint));
  }

  dropExpired(before: number): number {
    const expired = [...this.#peers].filter(([, { expiresAt }]) => expiresAt < before);
    for (const [key] of expired) this.#peers.delete(key);
    return expired.length;
  }

  /** What `view` answers of an engine that was treated alike. */
  view(names: string[], roots: string[], peerIds: string[], now: number): View {
    const live = [...this.#peers.values()].filter(({ expiresAt }) => expiresAt > now);
    const sources = new Map(names.map((name) => [name, this.#sourcesOf(name, now)]));
    const held = names.filter((name) => sources.get(name)?.length);
    return {
      endpointsOf: names.map((name) => inOrder(sources.get(name)?.map(endpointOf) ?? [])),
      sourcesOf: names.map((name) => inOrder(sources.get(name) ?? [])),
      versionsOf: names.map((name) => this.#versionsOf(name, sources.get(name) ?? [], now)),
      contentOf: roots.map((root) => this.#contentOf(root, now)),
      listNames: held
        .map((name) => ({ name, endpoints: inOrder(sources.get(name)?.map(endpointOf) ?? []) }))
        .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))),
      peers: inOrder(
        live.map(({ contract, peerId, endpoint, displayName, offers }) => ({
          ...{ endpoint, contract, peerId, displayName },
          names: offers.size,
        })),
      ),
      counts: {
        peers: live.length,
        names: new Set([...this.#peers.values()].flatMap(({ offers }) => [...offers.keys()])).size,
        leases: live.filter(({ contract }) => contract === 'native').length,
      },
      exerciseEndpoints: inOrder(live.filter((p) => p.contract === 'exercise').map(endpointOf)),
      endpointOfPeer: peerIds.map((peerId) => this.#peers.get(peerId)?.endpoint),
    };
  }

  #leaseAt(endpoint: Endpoint, now: number): KnownPeer | undefined {
    return [...this.#peers.values()].find(
      (p) => p.contract === 'native' && isAt(p, endpoint) && p.expiresAt > now,
    );
  }

  #holders(name: string, now: number): KnownPeer[] {
    return [...this.#peers.values()].filter((p) => p.expiresAt > now && p.offers.has(name));
  }

  #sourcesOf(name: string, now: number): Source[] {
    const byEndpoint = new Map<string, Source>();
    for (const { contract, peerId, endpoint, offers } of this.#holders(name, now)) {
      const key = endpointText(endpoint);
      if (contract === 'native' || !byEndpoint.has(key))
        byEndpoint.set(key, { endpoint, contract, peerId, ...(offers.get(name) ?? NOT_TOLD) });
    }
    return [...byEndpoint.values()];
  }

  #versionsOf(name: string, sources: Source[], now: number): Version[] {
    const roots = new Set(sources.flatMap(({ root }) => root ?? []));
    return [...roots]
      .map((root) => {
        const { size, holders } = this.#offered(root, now);
        const told = sources.filter((source) => source.root === root);
        const modified = Math.max(...told.map((source) => source.modified ?? -Infinity));
        return { root, size, modified, holders };
      })
      .sort(
        (a, b) => b.holders - a.holders || b.modified - a.modified || (a.root < b.root ? -1 : 1),
      );
  }

  /** A content as far as it is offered under a name. */
  #offered(root: string, now: number) {
    const held = [...this.#peers.values()]
      .filter(({ expiresAt }) => expiresAt > now)
      .flatMap(({ endpoint, peerId, offers }) =>
        [...offers].map(([name, offer]) => ({ source: { endpoint, peerId }, name, ...offer })),
      )
      .filter((offer) => offer.root === root);
    const sizes = new Set(held.map(({ size }) => size));
    const offering = new Map(held.map(({ source }) => [endpointText(source.endpoint), source]));
    const names = new Set(
      held
        .map(({ name }) => Buffer.from(name))
        .sort((a, b) => Buffer.compare(a, b))
        .map(String),
    );
    return {
      size: sizes.size === 1 ? ([...sizes][0] ?? null) : null,
      holders: offering.size,
      names: [...names],
      offering,
    };
  }

  #contentOf(root: string, now: number): Content {
    const { size, names, offering } = this.#offered(root, now);
    const sources = new Map(
      [...offering].map(([key, source]) => [key, { ...source, complete: true }]),
    );
    for (const { endpoint, peerId, holdings, expiresAt } of this.#peers.values()) {
      const complete = holdings.get(root);
      const key = endpointText(endpoint);
      if (complete !== undefined && expiresAt > now && !offering.has(key))
        sources.set(key, { endpoint, peerId, complete });
    }
    const holders = [...sources.values()].filter(({ complete }) => complete).length;
    return {
      ...{ root, size, holders, names },
      partial: sources.size - holders,
      sources: inOrder([...sources.values()]),
    };
  }

  #refuse(kind: Removal['kind'], subject: string): void {
    if (this.#removed.has(`${kind} ${subject}`)) throw new CodedError('removed', '');
  }

  #checkSize(offers: ReadonlyMap<string, Offer>): void {
    if (offers.size > this.#maxNamesPerPeer) throw new CodedError('too-many-names', '');
  }
}

export type View = Record<string, unknown>;

/** All that an engine answers, in an order of its own where the contract leaves it open. */
export async function view(
  store: Store,
  names: string[],
  roots: string[],
  peerIds: string[],
  now: number,
): Promise<View> {
  return {
    endpointsOf: await Promise.all(
      names.map(async (n) => inOrder(await store.endpointsOf(n, now))),
    ),
    sourcesOf: await Promise.all(
      names.map(async (n) => inOrder(await sourcesOf(store, n, 1000, now))),
    ),
    versionsOf: await Promise.all(names.map((n) => versionsOf(store, n, 100, now))),
    contentOf: await Promise.all(
      roots.map(async (root) => {
        const content = await store.contentOf(root, 1000, now);
        return { ...content, sources: inOrder(content.sources) };
      }),
    ),
    listNames: (await store.listNames('', 1000, now)).map(({ name, endpoints }) => ({
      name,
      endpoints: inOrder(endpoints),
    })),
    peers: inOrder(await store.peers(1000, now)),
    counts: await store.counts(now),
    exerciseEndpoints: inOrder(await store.exerciseEndpoints()),
    endpointOfPeer: await Promise.all(peerIds.map((peerId) => store.endpointOfPeer(peerId))),
  };
}

function inOrder<T>(items: T[]): T[] {
  return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function endpointOf({ endpoint }: { endpoint: Endpoint }): Endpoint {
  return endpoint;
}

function isAt({ endpoint }: KnownPeer, { ipAddress, port }: Endpoint): boolean {
  return endpoint.ipAddress === ipAddress && endpoint.port === port;
}
