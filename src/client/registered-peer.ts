// What a registry of the native contract is told in the name of one peer: each call carries the token that
// its first proof was worth, and proves anew where that does not hold (lib/peer-proof).
import { Check } from 'typebox/schema';
import type { TSchema, Static } from 'typebox';
import type { Identity } from '../lib/identity.ts';
import { bodyDigest, LEASE_HEADER, peerProof, PROOF_HEADER } from '../lib/peer-proof.ts';
import {
  LeaseSchema,
  RevisionAnswerSchema,
  type Announcement,
  type CatalogueChange,
  type Holding,
  type Lease,
} from '../protocol/schemas.ts';
import { callJson, misbehaves, refusalOf, type Answer } from './json-call.ts';
import type { Network } from './network.ts';

/** No nonce and no token is longer. */
const MAX_TOKEN = 256;

export class RegisteredPeer {
  readonly #network: Network;
  readonly #identity: Identity;
  #token: string | undefined;

  constructor(network: Network, identity: Identity) {
    this.#network = network;
    this.#identity = identity;
  }

  /** @throws CodedError `endpoint-not-yours`, `bad-endpoint`, `peer-unreachable`, `registry-…` */
  announce(announcement: Announcement, signal?: AbortSignal): Promise<Lease> {
    return this.#ask(LeaseSchema, 'PUT', '', announcement, signal);
  }

  /** @throws CodedError `revision-mismatch`, `unknown-peer`, `too-many-names`, `registry-…` */
  async changeCatalogue(change: CatalogueChange, signal?: AbortSignal): Promise<number> {
    return (await this.#ask(RevisionAnswerSchema, 'PATCH', '/catalogue', change, signal)).revision;
  }

  /**
   * Makes it a source of a content under no name: of the whole, or of a part.
   *
   * @throws CodedError `unknown-peer`, `too-many-contents`, `registry-…`
   */
  async holdContent(root: string, complete: boolean, signal?: AbortSignal): Promise<void> {
    const body: Holding = { complete };
    await this.#tell('PUT', `/contents/${root}`, body, signal);
  }

  /** Takes back `holdContent`. @throws CodedError `registry-…` */
  async letContentGo(root: string, signal?: AbortSignal): Promise<void> {
    await this.#tell('DELETE', `/contents/${root}`, undefined, signal);
  }

  /** Deregisters it, and all that it offers. @throws CodedError `unknown-peer`, `registry-…` */
  async leave(signal?: AbortSignal): Promise<void> {
    await this.#tell('DELETE', '', undefined, signal);
  }

  async #ask<S extends TSchema>(
    schema: S,
    method: string,
    path: string,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<Static<S>> {
    const json = await this.#tell(method, path, body, signal);
    if (!Check(schema, json)) throw misbehaves(this.#network, 'an answer of another shape');
    return json;
  }

  /** @param under this peer's place at the registry */
  async #tell(
    method: string,
    under: string,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const path = `/api/v1/peers/${this.#identity.peerId}${under}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const call = (headers: Record<string, string>) =>
      callJson(this.#network, path, { method, body: text, headers, signal });
    let answer = await call(this.#token === undefined ? {} : { [LEASE_HEADER]: this.#token });
    const nonce = nonceIn(answer);
    if (nonce !== undefined) {
      const proven = { method, path, nonce, digest: bodyDigest(text) };
      answer = await call({ [PROOF_HEADER]: await peerProof(this.#identity, proven) });
      const token = answer.headers[LEASE_HEADER];
      if (typeof token === 'string' && token.length <= MAX_TOKEN) this.#token = token;
    }
    if (answer.status >= 200 && answer.status < 300) return answer.json;
    throw refusalOf(this.#network, answer);
  }
}

/** What a registry wants signed before it takes a call. */
function nonceIn({ status, json }: Answer): string | undefined {
  const { code, nonce } = ((typeof json === 'object' ? json : null) ?? {}) as Record<
    string,
    unknown
  >;
  const isWanted = status === 401 && code === 'proof-wanted';
  return isWanted && typeof nonce === 'string' && nonce.length <= MAX_TOKEN ? nonce : undefined;
}
