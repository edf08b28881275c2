// Who may speak for a peer: whoever has proven to have its private key, and was given a token for that.
// Nothing is kept of either: nonces and tokens say what they are good for, under a MAC of this index.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../lib/clock.ts';
import { bodyDigest, LEASE_HEADER, PROOF_HEADER, readPeerProof } from '../lib/peer-proof.ts';
import { CodedError } from '../protocol/errors.ts';
import { addressOf } from './callers.ts';
import type { Store } from './store/store.ts';

/** A nonce is there to be used at once. */
const NONCE_MS = 60_000;
/** Clocks of registries over one database may differ by that. */
const SKEW_MS = 60_000;
/** So long a proof is good for. */
const LEASE_TOKEN_MS = 24 * 60 * 60 * 1000;
const SECRET = 'peers';

/** A time in milliseconds since 1970, and a MAC over it and what it is for. */
const TOKEN_FORM = /^([1-9]\d{12,14})\.([\w-]{43})$/;

export class Proofs {
  readonly #store: Pick<Store, 'secret'>;
  readonly #clock: Clock;
  #secret: Buffer | undefined;

  constructor(store: Pick<Store, 'secret'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Lets a request on peer `:peerId` pass that carries a token, or a proof for which it is given one.
   *
   * A failure is a CodedError `proof-wanted`, with the nonce to prove it with.
   */
  readonly require = (
    request: FastifyRequest,
    reply: FastifyReply,
    done: (error?: Error) => void,
  ): void => {
    const { peerId } = request.params as { peerId: string };
    try {
      // What comes most by far: it waits for nothing.
      const address = addressOf(request);
      const token = request.headers[LEASE_HEADER];
      if (this.#secret && typeof token === 'string' && this.#holds(token, peerId, address)) {
        done();
        return;
      }
      this.#prove(request, reply, peerId, address).then(() => {
        done();
      }, done);
    } catch (error) {
      done(error as Error);
    }
  };

  async #prove(
    request: FastifyRequest,
    reply: FastifyReply,
    peerId: string,
    address: string,
  ): Promise<void> {
    this.#secret ??= await this.#store.secret(SECRET);
    const { [LEASE_HEADER]: token, [PROOF_HEADER]: proof } = request.headers;
    if (typeof token === 'string' && this.#holds(token, peerId, address)) return;
    if (typeof proof !== 'string')
      throw this.#wanted(address, 'Show with a signature that you have the key of this peer.');
    const why = await this.#fault(proof, request, peerId, address);
    if (why !== undefined) throw this.#wanted(address, `This proof does not hold: ${why}.`);
    const expires = this.#clock.now() + LEASE_TOKEN_MS;
    void reply.header(LEASE_HEADER, this.#sealed(expires, 'lease', address, peerId));
  }

  /** What is wrong with a proof. */
  async #fault(
    text: string,
    request: FastifyRequest,
    peerId: string,
    address: string,
  ): Promise<string | undefined> {
    const proof = readPeerProof(text);
    if (!proof) return 'it is no JWS with the claims and the Ed25519 key that it has to have';
    if (proof.peerId !== peerId) return 'it is another peer’s';
    const given = this.#opened(proof.nonce, 'nonce', address);
    const age = this.#clock.now() - (given ?? NaN);
    if (!(age <= NONCE_MS && age >= -SKEW_MS))
      return 'its nonce was not given here, to this address, within the last minute';
    const [path] = request.url.split('?');
    if (proof.method !== request.method || proof.path !== path) return 'it is for another call';
    if (proof.digest !== digestOf(request)) return 'it is for another body';
    // Last: it costs more than all the rest.
    return (await proof.isSigned()) ? undefined : 'its signature is wrong';
  }

  #holds(token: string, peerId: string, address: string): boolean {
    const expires = this.#opened(token, 'lease', address, peerId);
    return expires !== undefined && expires > this.#clock.now();
  }

  #wanted(address: string, why: string): CodedError {
    const nonce = this.#sealed(this.#clock.now(), 'nonce', address);
    return new CodedError('proof-wanted', why, { facts: { nonce } });
  }

  #sealed(time: number, ...what: string[]): string {
    return `${time}.${this.#mac(time, what)}`;
  }

  /** The time in it; undefined: it was not sealed here for that. */
  #opened(text: string, ...what: string[]): number | undefined {
    const [, time, mac = ''] = TOKEN_FORM.exec(text) ?? [];
    if (time === undefined) return undefined;
    const right = this.#mac(Number(time), what);
    return timingSafeEqual(Buffer.from(mac), Buffer.from(right)) ? Number(time) : undefined;
  }

  #mac(time: number, what: string[]): string {
    // No part has a line feed in it.
    const text = [...what, time].join('\n');
    return createHmac('sha256', this.#secret ?? '')
      .update(text)
      .digest('base64url');
  }
}

/** What proofs sign of bodies, which are not kept otherwise. */
const digests = new WeakMap<FastifyRequest, string>();

/** To be told of each body as it came. */
export function noteBody(request: FastifyRequest, body: string): void {
  if (request.headers[PROOF_HEADER] !== undefined) digests.set(request, bodyDigest(body));
}

function digestOf(request: FastifyRequest): string {
  return digests.get(request) ?? bodyDigest();
}
