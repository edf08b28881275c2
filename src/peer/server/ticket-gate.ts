// The gate of a private network: who asks shows its key in TLS, and a ticket that the registry has signed for that
// very asker and one content. It is checked here, without asking anybody; only keys that are new are asked for.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { errors, importJWK, jwtVerify, type CryptoKey, type JWTHeaderParameters } from 'jose';
import type { Logger } from '../../lib/log.ts';
import { peerIdOfOther } from '../../lib/tls.ts';
import { CodedError } from '../../protocol/errors.ts';
import {
  TICKET_ALGORITHM,
  TICKET_SECONDS,
  TICKET_SKEW_SECONDS,
  TICKET_TYPE,
  type TicketKeys,
} from '../../protocol/tickets.ts';
import type { Admission, Gate } from './gate.ts';

/**
 * Whoever names keys that nobody knows makes the registry be asked so often at most. Who comes in between waits: it
 * may have a ticket of a key that is new, and a downloader that is refused by everyone gives up.
 */
const ASK_EVERY_MS = 5_000;
const BEARER = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;

export interface TicketGateOptions {
  /** The keys with which tickets are signed now. */
  keys: () => Promise<TicketKeys>;
  log: Logger;
  /** How often they are asked for at most, in milliseconds. Default: {@link ASK_EVERY_MS}. */
  askEveryMs?: number;
}

/** A header whose ticket was found to be right. */
interface Checked extends Admission {
  header: string;
}

export class TicketGate implements Gate {
  readonly #options: TicketGateOptions;
  #keys = new Map<string, CryptoKey>();
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;
  /** The last ticket of each connection: whoever asks for the next piece is not checked again. */
  readonly #checked = new WeakMap<Socket, Checked>();

  constructor(options: TicketGateOptions) {
    this.#options = options;
  }

  async admit({ headers: { authorization = '' }, socket }: IncomingMessage): Promise<Admission> {
    const known = this.#checked.get(socket);
    const checked =
      known?.header === authorization ? known : await this.#check(authorization, socket);
    this.#checked.set(socket, checked);
    if (checked.until <= Date.now()) throw refused('The ticket has expired.');
    return checked;
  }

  /** Learns the keys anew, as soon as they may be asked for. Never throws. */
  learnKeys(): Promise<void> {
    this.#asking ??= this.#askInTime().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askInTime(): Promise<void> {
    const { askEveryMs = ASK_EVERY_MS } = this.#options;
    const early = this.#askedAt + askEveryMs - performance.now();
    if (early > 0) await delay(early, undefined, { ref: false });
    this.#askedAt = performance.now();
    await this.#ask();
  }

  async #ask(): Promise<void> {
    try {
      const { keys } = await this.#options.keys();
      const imported = keys.map(async ({ kid, kty, crv, x }) => {
        const key = await importJWK({ kty, crv, x }, TICKET_ALGORITHM);
        return [kid, key] as const;
      });
      this.#keys = new Map(await Promise.all(imported));
    } catch (err) {
      this.#options.log.warn({ err }, 'the keys of the tickets could not be had of the registry');
    }
  }

  async #check(header: string, socket: Socket): Promise<Checked> {
    const [, text] = BEARER.exec(header) ?? [];
    if (text === undefined)
      throw refused('This is a private network: ask its registry for a ticket, and bring it.');
    const asker = peerIdOfOther(socket);
    if (asker === undefined)
      throw refused('Show the certificate of the peer that the ticket is for.');
    try {
      const { payload } = await jwtVerify(text, (header) => this.#keyOf(header), {
        algorithms: [TICKET_ALGORITHM],
        typ: TICKET_TYPE,
        subject: asker,
        requiredClaims: ['sub', 'root', 'iat', 'exp'],
        clockTolerance: TICKET_SKEW_SECONDS,
        // From when it was signed on, which is not to be in the future; whatever it says of its end.
        maxTokenAge: TICKET_SECONDS,
      });
      const { root, iat = 0, exp = 0 } = payload;
      if (typeof root !== 'string') throw refused('The ticket is for no content.');
      const ends = Math.min(exp, iat + TICKET_SECONDS) + TICKET_SKEW_SECONDS;
      return {
        header,
        until: ends * 1_000,
        requireFor: (wanted) => {
          if (wanted !== root) throw refused('The ticket is for something else.');
        },
      };
    } catch (error) {
      if (error instanceof errors.JOSEError) throw refused(`The ticket is refused: ${error.code}.`);
      throw error;
    }
  }

  async #keyOf({ kid = '' }: JWTHeaderParameters): Promise<CryptoKey> {
    if (!this.#keys.has(kid)) await this.learnKeys();
    const key = this.#keys.get(kid);
    if (!key) throw refused('The ticket is signed with a key that this network does not have.');
    return key;
  }
}

function refused(message: string): CodedError {
  return new CodedError('bad-ticket', message);
}
