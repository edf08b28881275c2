// Signs tickets, with keys that the index keeps: every registry over it signs with the latest, and tells those
// too with which a ticket may have been signed that still holds.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Key, Ticket, TicketRequest } from '../../protocol/access.ts';
import {
  TICKET_ALGORITHM,
  TICKET_SECONDS,
  TICKET_SKEW_SECONDS,
  TICKET_TYPE,
  type TicketKeys,
} from '../../protocol/tickets.ts';
import type { Clock } from '../../lib/clock.ts';
import type { AccessStore } from '../store/access-store.ts';

/** So long a registry may sign with a key after another registry made a new one, in milliseconds. */
const KEYS_KEPT_MS = 5_000;
const SECOND_MS = 1_000;
/** After that no ticket of a key holds that is not the latest any more. */
const HOLDS_AFTER_MS = (TICKET_SECONDS + TICKET_SKEW_SECONDS) * SECOND_MS + KEYS_KEPT_MS;
/** More are not told (see TicketKeysSchema): of so many in a few minutes the oldest end before their time. */
const MAX_KEYS = 16;
const KID_BYTES = 8;

interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  created: number;
}

export class TicketSigner {
  readonly #store: Pick<AccessStore, 'ticketKeys' | 'addTicketKey'>;
  readonly #clock: Clock;
  #keys: { latest: SigningKey; all: SigningKey[] } | undefined;
  #askedAt = -Infinity;

  constructor(store: Pick<AccessStore, 'ticketKeys' | 'addTicketKey'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** A ticket ends with the key that it was asked for with. */
  async sign({ root, asker }: TicketRequest, key: Key): Promise<Ticket> {
    const { latest } = await this.#known();
    const { SignJWT } = await import('jose');
    const now = Math.floor(this.#clock.now() / SECOND_MS);
    const ends = Math.floor((key.expires ?? Infinity) / SECOND_MS);
    const expires = Math.min(now + TICKET_SECONDS, ends);
    const ticket = await new SignJWT({ root })
      .setProtectedHeader({ alg: TICKET_ALGORITHM, kid: latest.kid, typ: TICKET_TYPE })
      .setSubject(asker)
      .setIssuedAt(now)
      .setExpirationTime(expires)
      .sign(latest.privateKey);
    return { ticket, expires: expires * SECOND_MS };
  }

  /** What tickets are checked with. */
  async publicKeys(): Promise<TicketKeys> {
    const { all } = await this.#read();
    const holdsSince = this.#clock.now() - HOLDS_AFTER_MS;
    // The key after it says until when it signed.
    const told = all.filter((_, index) => (all[index - 1]?.created ?? Infinity) > holdsSince);
    return {
      keys: told.slice(0, MAX_KEYS).map(({ kid, privateKey }) => {
        const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
        return { kty: 'OKP', crv: 'Ed25519', x, kid };
      }),
    };
  }

  /** From now on another key signs; the one before is told until its last ticket has ended. */
  async rotate(): Promise<TicketKeys> {
    const now = this.#clock.now();
    const before = await this.#store.ticketKeys();
    // What was made before a key that is as old as that signed nothing that still holds.
    const forgetBefore =
      before.find(({ created }) => created <= now - HOLDS_AFTER_MS)?.created ?? 0;
    const kid = randomBytes(KID_BYTES).toString('hex');
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    // Later than any other, whatever the clocks of several registries say.
    const created = Math.max(now, (before[0]?.created ?? 0) + 1);
    await this.#store.addTicketKey({ kid, pem, created }, forgetBefore);
    return this.publicKeys();
  }

  async #known() {
    const isFresh = performance.now() - this.#askedAt < KEYS_KEPT_MS;
    return this.#keys && isFresh ? this.#keys : this.#read();
  }

  async #read(): Promise<{ latest: SigningKey; all: SigningKey[] }> {
    const askedAt = performance.now();
    const kept = await this.#store.ticketKeys();
    if (kept.length === 0) await this.rotate();
    const known = new Map(this.#keys?.all.map((each) => [each.kid, each]));
    const all = (kept.length === 0 ? await this.#store.ticketKeys() : kept).map(
      ({ kid, pem, created }) =>
        known.get(kid) ?? { kid, privateKey: createPrivateKey(pem), created },
    );
    const [latest] = all;
    if (!latest) throw new Error('The index kept no key for tickets.');
    this.#askedAt = askedAt;
    return (this.#keys = { latest, all });
  }
}
