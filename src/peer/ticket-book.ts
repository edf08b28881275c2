// The tickets that a peer has for what it downloads: one of each content, renewed long before it ends, so that a
// registry may be away for a while.
import { TICKET_SECONDS } from '../protocol/tickets.ts';

/** From then on the next one is asked for. */
const RENEW_AFTER_MS = (TICKET_SECONDS * 1_000) / 2;
const ENDS_AFTER_MS = TICKET_SECONDS * 1_000;
/** While the one that is there holds, a registry that gave none is left in peace for so long. */
const ASK_AGAIN_MS = 5_000;

interface Kept {
  ticket: string;
  /** When it was asked for: the clock of the registry does not matter. */
  since: number;
  askAgainAt: number;
}

export class TicketBook {
  readonly #ask: (root: string) => Promise<string>;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<string>>();

  /**
   * @param ask the registry
   * @param now milliseconds of a clock that is never set
   */
  constructor(ask: (root: string) => Promise<string>, now = () => performance.now()) {
    this.#ask = ask;
    this.#now = now;
  }

  /** A ticket for a content that holds now. @throws what asking fails with, where there is none */
  async ticketFor(root: string): Promise<string> {
    const now = this.#now();
    const kept = this.#kept.get(root);
    if (!kept || now >= kept.since + ENDS_AFTER_MS) return this.#renewed(root);
    if (now >= kept.askAgainAt) {
      kept.askAgainAt = now + ASK_AGAIN_MS;
      // The one that is there will do: nobody has to wait, and nobody is to fail.
      this.#renewed(root).catch(() => undefined);
    }
    return kept.ticket;
  }

  #renewed(root: string): Promise<string> {
    const asking = this.#asking.get(root) ?? this.#renew(root);
    this.#asking.set(root, asking);
    return asking;
  }

  async #renew(root: string): Promise<string> {
    const since = this.#now();
    try {
      const ticket = await this.#ask(root);
      this.#forgetTheEnded(since);
      this.#kept.set(root, { ticket, since, askAgainAt: since + RENEW_AFTER_MS });
      return ticket;
    } finally {
      this.#asking.delete(root);
    }
  }

  #forgetTheEnded(now: number): void {
    for (const [root, { since }] of this.#kept)
      if (now >= since + ENDS_AFTER_MS) this.#kept.delete(root);
  }
}
