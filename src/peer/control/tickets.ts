// Tickets for previews: a media element cannot carry a token in a header, so its URL carries 128 random bits
// that stand for one download, for a while.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';

const TICKET_BYTES = 16;
/** A ticket is good for so long after it was used last: a film may be paused for a while. */
export const TICKET_LIFE_MS = 60 * 60 * 1000;
/** Of more the one that was used longest ago is void. */
export const MAX_TICKETS = 100;

export class Tickets {
  readonly #clock: Clock;
  /** In the order of their last use. */
  readonly #tickets = new Map<string, { id: string; usedAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new one, for the download of this id. */
  issue(id: string): string {
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    this.#tickets.set(ticket, { id, usedAt: this.#clock.now() });
    const [oldest] = this.#tickets.keys();
    if (this.#tickets.size > MAX_TICKETS && oldest !== undefined) this.#tickets.delete(oldest);
    return ticket;
  }

  /** The id of the download that it stands for; undefined: it is none, or none any more. */
  use(ticket: string): string | undefined {
    const known = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    const now = this.#clock.now();
    if (!known || now - known.usedAt > TICKET_LIFE_MS) return undefined;
    this.#tickets.set(ticket, { id: known.id, usedAt: now });
    return known.id;
  }
}
