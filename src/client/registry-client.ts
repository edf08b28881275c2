// The client of a registry, whichever contract it keeps. Nothing that a registry says is taken as it
// comes: names are names, endpoints are endpoints, or they are left out.
import type { TSchema, Static } from 'typebox';
import type { Identity } from '../lib/identity.ts';
import { parseEndpoint, type Endpoint } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';
import { TicketSchema } from '../protocol/access.ts';
import { isName, namePath } from '../protocol/names.ts';
import {
  ContentSchema,
  MAX_CONTENT_NAMES,
  MAX_PAGE,
  MAX_VERSIONS,
  PeersSchema,
  SearchAnswerSchema,
  SERVICE,
  SourcesSchema,
  type Content,
  type Peers,
  type Report,
  type SearchAnswer,
  type Source,
  type Version,
} from '../protocol/schemas.ts';
import { TicketKeysSchema, type TicketKeys } from '../protocol/tickets.ts';
import { callFor, callJson, callJsonOrThrow, misbehaves, refusalOf } from './json-call.ts';
import type { Network } from './network.ts';
import { RegisteredPeer } from './registered-peer.ts';

const DEFAULT_BASE = '/api/Registers';
/** More endpoints than this under one name are not looked at. */
const MAX_ENDPOINTS = MAX_PAGE;

/** A search asks for so many pages at most: at a registry of a million names that is all of them. */
const MAX_SEARCH_PAGES = 60;

/** What a registry knows of a name; nothing of an unknown one. */
interface LookedUp {
  /** The contents under it; empty, too, where nobody told one. */
  versions: Version[];
  /** Who offers it. */
  sources: Source[];
}

/** What a name must be besides, all of it optional: what nobody told fits none of them. */
export interface SearchFilters {
  /** What the name ends in after its last dot. */
  type?: string;
  /** Bytes. */
  minSize?: number;
  maxSize?: number;
  /** Milliseconds since 1970. */
  modifiedSince?: number;
}

interface Lookups {
  /** @throws CodedError `registry-…` */
  lookUp(name: string, signal?: AbortSignal): Promise<LookedUp>;
  /** Who offers a name; empty for an unknown one. @throws CodedError `registry-…` */
  sourcesOf(name: string, signal?: AbortSignal): Promise<Source[]>;
  /** Names that hold the text; a registry of the exercise knows only whole names. */
  search(
    text: string,
    limit: number,
    signal?: AbortSignal,
    filters?: SearchFilters,
  ): Promise<SearchAnswer>;
}

/** What says nothing of the contract: refused for now, or to those who have no key, or not over TLS. */
const NOT_TOLD = [401, 403, 426, 429];

/**
 * The registry of a network; which contract it keeps is found out by asking.
 *
 * @throws CodedError `registry-unreachable`, `wrong-certificate`, or what it refuses with when it lets the
 * caller not in, is out of order just now, or has been asked too often: which contract it keeps, it cannot
 * tell
 */
export async function connectRegistry(
  network: Network,
  signal?: AbortSignal,
): Promise<NativeRegistry | ExerciseRegistry> {
  const answer = await callJson(network, '/api/v1', { signal });
  const { status, json } = answer;
  if (NOT_TOLD.includes(status) || status >= 500) throw refusalOf(network, answer);
  const service = (typeof json === 'object' ? json : null) as { service?: unknown } | null;
  if (status === 200 && service?.service === SERVICE) return new NativeRegistry(network);
  // Nothing of a private network is said to anything else.
  if (network.key !== undefined)
    throw misbehaves(network, 'it is no registry of a private network');
  return new ExerciseRegistry(network);
}

/** A registry that keeps the native contract (and the exercise's beside it). */
export class NativeRegistry implements Lookups {
  readonly contract = 'native';
  readonly #network: Network;

  constructor(network: Network) {
    this.#network = network;
  }

  /** To tell what a peer does, in its name. */
  as(identity: Identity): RegisteredPeer {
    return new RegisteredPeer(this.#network, identity);
  }

  /**
   * Tells of trouble with a source, which the registry looks into by itself.
   *
   * @param root of which content, where that matters
   * @throws CodedError `bad-endpoint`, `registry-…`
   */
  async report(
    endpoint: Endpoint,
    reason: Report['reason'],
    signal?: AbortSignal,
    root?: string,
  ): Promise<void> {
    const body: Report = { endpoint, reason, ...(root !== undefined && { root }) };
    const call = { method: 'POST', body: JSON.stringify(body), signal };
    await callJsonOrThrow(this.#network, '/api/v1/reports', call);
  }

  /**
   * Lets a peer fetch a content of whoever holds it, for some minutes, in a private network.
   *
   * @throws CodedError `no-key`, `bad-key`, `not-allowed`, `removed`, `registry-…`
   */
  async ticketFor(root: string, asker: string, signal?: AbortSignal): Promise<string> {
    const body = { root, asker };
    return (await this.#call(TicketSchema, 'tickets', 'POST', body, signal)).ticket;
  }

  /** With which keys tickets are signed. @throws CodedError `no-key`, `bad-key`, `registry-…` */
  ticketKeys(signal?: AbortSignal): Promise<TicketKeys> {
    return this.#call(TicketKeysSchema, 'ticket-keys', 'GET', undefined, signal);
  }

  async lookUp(name: string, signal?: AbortSignal): Promise<LookedUp> {
    const path = `names/${namePath(name)}`;
    const answer = await this.#call(SourcesSchema, path, 'GET', undefined, signal);
    return {
      versions: answer.versions.slice(0, MAX_VERSIONS),
      sources: usable(answer.sources.slice(0, MAX_ENDPOINTS)),
    };
  }

  async sourcesOf(name: string, signal?: AbortSignal): Promise<Source[]> {
    return (await this.lookUp(name, signal)).sources;
  }

  /**
   * Who holds a content, wholly or in part, under any name or none: of more than `limit` another choice
   * each time. Without sources for an unknown one.
   *
   * @param limit 1 to 1,000
   * @throws CodedError `registry-…`
   */
  async contentOf(root: string, limit: number, signal?: AbortSignal): Promise<Content> {
    const path = `contents/${root}?limit=${limit}`;
    const content = await this.#call(ContentSchema, path, 'GET', undefined, signal);
    if (content.root !== root)
      throw misbehaves(this.#network, 'another content than was asked for');
    return {
      ...content,
      names: content.names.filter(isName).slice(0, MAX_CONTENT_NAMES),
      sources: usable(content.sources.slice(0, limit)),
    };
  }

  async search(
    text: string,
    limit: number,
    signal?: AbortSignal,
    filters: SearchFilters = {},
  ): Promise<SearchAnswer> {
    const found: SearchAnswer['found'] = [];
    let cursor: string | null | undefined;
    // Pages may be short: a registry looks at so many names for each, and no more. Whether there is one more
    // than was asked for, only the next page tells.
    for (let pages = 0; pages < MAX_SEARCH_PAGES && found.length <= limit; pages++) {
      const left = Math.max(1, limit - found.length);
      const wanted = { text, ...filters, limit: left, ...(cursor && { cursor }) };
      const asked = Object.entries(wanted).map(([key, value]): [string, string] => [
        key,
        String(value),
      ]);
      const path = `search?${new URLSearchParams(asked).toString()}`;
      const answer = await this.#call(SearchAnswerSchema, path, 'GET', undefined, signal);
      found.push(...answer.found.filter(({ name }) => isName(name)));
      cursor = answer.next;
      if (!cursor) {
        const more = answer.more || found.length > limit;
        return { found: found.slice(0, limit), more };
      }
    }
    return { found: found.slice(0, limit), more: true };
  }

  async peers(limit: number, signal?: AbortSignal): Promise<Peers> {
    const path = `peers?limit=${limit}`;
    const answer = await this.#call(PeersSchema, path, 'GET', undefined, signal);
    const peers = answer.peers.filter(({ endpoint }) => endpointOrNone(endpoint)).slice(0, limit);
    return { ...answer, peers };
  }

  #call<S extends TSchema>(
    schema: S,
    path: string,
    method: string,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<Static<S>> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return callFor(schema, this.#network, `/api/v1/${path}`, { method, body: text, signal });
  }
}

/** A registry that knows the exercise's contract alone. */
export class ExerciseRegistry implements Lookups {
  readonly contract = 'exercise';
  readonly #network: Network;
  readonly #base: string;

  constructor(network: Network) {
    const { url } = network;
    this.#network = network;
    this.#base = url.pathname === '/' ? DEFAULT_BASE : url.pathname.replace(/\/+$/, '');
  }

  /** @throws CodedError `registry-…` or what the registry refuses with */
  async register(name: string, endpoint: Endpoint, signal?: AbortSignal): Promise<void> {
    await this.#tell(name, 'POST', endpoint, signal);
  }

  async deregister(name: string, endpoint: Endpoint, signal?: AbortSignal): Promise<void> {
    await this.#tell(name, 'PUT', endpoint, signal);
  }

  async lookUp(name: string, signal?: AbortSignal): Promise<LookedUp> {
    return { versions: [], sources: await this.sourcesOf(name, signal) };
  }

  async sourcesOf(name: string, signal?: AbortSignal): Promise<Source[]> {
    const json = await callJsonOrThrow(this.#network, this.#at(name), { signal });
    if (!Array.isArray(json))
      throw misbehaves(this.#network, 'something else than a list of endpoints');
    return json.slice(0, MAX_ENDPOINTS).flatMap((item) => {
      const endpoint = endpointOrNone(item);
      return endpoint
        ? [
            {
              endpoint,
              contract: 'exercise' as const,
              peerId: null,
              size: null,
              modified: null,
              root: null,
            },
          ]
        : [];
    });
  }

  async search(
    text: string,
    _limit: number,
    signal?: AbortSignal,
    { type, ...told }: SearchFilters = {},
  ): Promise<SearchAnswer> {
    // Nobody tells it sizes and times.
    const mayFit =
      Object.keys(told).length === 0 &&
      (type === undefined || text.toLowerCase().endsWith(`.${type.toLowerCase()}`));
    const sources = isName(text) && mayFit ? await this.sourcesOf(text, signal) : [];
    const found = {
      ...{ name: text, size: null, modified: null, holders: sources.length },
      ...{ versions: 0, root: null },
    };
    return { found: sources.length > 0 ? [found] : [], more: false };
  }

  async #tell(
    name: string,
    method: string,
    endpoint: Endpoint,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const body = JSON.stringify(endpoint);
    await callJsonOrThrow(this.#network, this.#at(name), { method, body, signal });
  }

  /** One segment, as the exercise's routes have it: the slashes of the name are encoded too. */
  #at(name: string): string {
    return `${this.#base}/${encodeURIComponent(name)}`;
  }
}

/** Those whose endpoint is one. */
function usable<S extends { endpoint: Endpoint }>(sources: S[]): S[] {
  return sources.flatMap((source) => {
    const endpoint = endpointOrNone(source.endpoint);
    return endpoint ? [{ ...source, endpoint }] : [];
  });
}

function endpointOrNone(value: unknown): Endpoint | undefined {
  try {
    return parseEndpoint(value);
  } catch (error) {
    if (error instanceof CodedError) return undefined;
    throw error;
  }
}
