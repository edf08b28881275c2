// Whom the voices serve what: everybody everything in an open network. In a private one those who bring a
// ticket (ticket-gate), and nobody anything else.
import type { IncomingMessage } from 'node:http';

/** What somebody may have who asks. */
export interface Admission {
  /**
   * @param root of what is asked for; undefined: there is no such content, or it is no content
   * @throws CodedError `bad-ticket`
   */
  requireFor(root: string | undefined): void;
  /** Until when, in milliseconds since 1970; Infinity: for ever. */
  readonly until: number;
}

export interface Gate {
  /** @throws CodedError `bad-ticket` */
  admit(request: IncomingMessage): Promise<Admission>;
}

const EVERYTHING: Admission = { requireFor: () => undefined, until: Infinity };

export const OPEN_GATE: Gate = { admit: () => Promise.resolve(EVERYTHING) };
