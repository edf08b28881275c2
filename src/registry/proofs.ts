// Who may speak for a peer: whoever has proven to have its private key, and was given a token for that.
// Nothing is kept of either: nonces and tokens say what they are good for, under a MAC of this index.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { bodyDigest, LEASE_HEADER, PROOF_HEADER, readPeerProof } from '../lib/peer-proof.ts';
import { CodedError } from '../protocol/errors.ts';
import { addressOf } from './callers.ts';
import { Seal } from './seal.ts';
import type { Store } from './store/store.ts';

/** A nonce is there to be used at once. */
const NONCE_MS = 60_000;
/** Clocks of registries over one database may differ by that. */
const SKEW_MS = 60_000;
/** So long a proof is good for. */
const LEASE_TOKEN_MS = 24 * 60 * 60 * 1000;
const SECRET = 'peers';

/** A token that was found right. */
interface Held {
  token: string;
  peerId: string;
  address: string;
  /** Milliseconds since 1970. */
  expires: number;
}

export class Proofs {
  readonly #store: Pick<Store, 'secret'>;
  readonly #clock: Clock;
  #seal: Seal | undefined;
  /** What held last on a connection: a peer renews its lease over one, with the same token each time. */
  readonly #last = new WeakMap<Socket, Held>();

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
      const last = this.#last.get(request.raw.socket);
      if (last && isSame(last, { token, peerId, address }) && last.expires > this.#clock.now()) {
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
    const seal = (this.#seal ??= new Seal(await this.#store.secret(SECRET)));
    const { [LEASE_HEADER]: token, [PROOF_HEADER]: proof } = request.headers;
    const expires = typeof token === 'string' && seal.opened(token, 'lease', address, peerId);
    if (expires && expires > this.#clock.now()) {
      this.#last.set(request.raw.socket, { token, peerId, address, expires });
      return;
    }
    if (typeof proof !== 'string')
      throw this.#wanted(
        seal,
        address,
        'Show with a signature that you have the key of this peer.',
      );
    const why = await this.#fault(seal, proof, request, peerId, address);
    if (why !== undefined) throw this.#wanted(seal, address, `This proof does not hold: ${why}.`);
    const until = this.#clock.now() + LEASE_TOKEN_MS;
    void reply.header(LEASE_HEADER, seal.sealed(until, 'lease', address, peerId));
  }

  /** What is wrong with a proof. */
  async #fault(
    seal: Seal,
    text: string,
    request: FastifyRequest,
    peerId: string,
    address: string,
  ): Promise<string | undefined> {
    const proof = await readPeerProof(text);
    if (!proof) return 'it is no JWS with the claims and the Ed25519 key that it has to have';
    if (proof.peerId !== peerId) return 'it is another peer’s';
    const given = seal.opened(proof.nonce, 'nonce', address);
    const age = this.#clock.now() - (given ?? NaN);
    if (!(age <= NONCE_MS && age >= -SKEW_MS))
      return 'its nonce was not given here, to this address, within the last minute';
    const [path] = request.url.split('?');
    if (proof.method !== request.method || proof.path !== path) return 'it is for another call';
    if (proof.digest !== digestOf(request)) return 'it is for another body';
    // Last: it costs more than all the rest.
    return (await proof.isSigned()) ? undefined : 'its signature is wrong';
  }

  #wanted(seal: Seal, address: string, why: string): CodedError {
    const nonce = seal.sealed(this.#clock.now(), 'nonce', address);
    return new CodedError('proof-wanted', why, { facts: { nonce } });
  }
}

function isSame(held: Held, asked: Record<'token' | 'peerId' | 'address', unknown>): boolean {
  const { token, peerId, address } = asked;
  return held.token === token && held.peerId === peerId && held.address === address;
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
