// The link: what a downloader and a holder of a content say to each other while pieces go from one to the
// other, as small JSON texts over a WebSocket (RFC 6455) at `/contents/{root}/link`.
import { CodedError } from './errors.ts';

/** The WebSocket's subprotocol. */
export const LINK_PROTOCOL = 'sp2p-link';
/** With a request for a piece: the link over which it was offered. */
export const LINK_HEADER = 'sp2p-link';
/** The longest text that is sent or taken, in bytes: the ranges of every second piece of a very large content. */
export const MAX_LINK_TEXT = 1024 * 1024;

/** What a downloader says. */
export interface FollowerWord {
  /** Pieces that it has got since it last said, as ranges (see piece-set). */
  have?: string;
  /** It wants none of what was offered. */
  pass?: true;
  /** It takes no offer now, whatever it is of: when something has arrived from there, or in a while. */
  later?: true;
  /** It reads in order, from this piece on; null: in any order. */
  at?: number | null;
}

/** What a holder says. */
export interface HolderWord {
  /** What to send as {@link LINK_HEADER}; said first. */
  link?: string;
  /** Pieces of which one may be asked for, the best one first. */
  offer?: number[];
}

/** @throws CodedError `bad-request` */
export function parseFollowerWord(text: string): FollowerWord {
  const { have, pass, later, at } = parseObject(text);
  if (have !== undefined && typeof have !== 'string') throw notThat();
  if (pass !== undefined && pass !== true) throw notThat();
  if (later !== undefined && later !== true) throw notThat();
  if (at !== undefined && at !== null && !isPiece(at)) throw notThat();
  return {
    ...(have !== undefined && { have }),
    ...(pass === true && { pass }),
    ...(later === true && { later }),
    ...(at !== undefined && { at }),
  };
}

/** @throws CodedError `bad-request` */
export function parseHolderWord(text: string): HolderWord {
  const { link, offer } = parseObject(text);
  if (link !== undefined && !(typeof link === 'string' && /^[0-9a-f]{1,64}$/.test(link)))
    throw notThat();
  if (offer !== undefined && !(Array.isArray(offer) && offer.every(isPiece))) throw notThat();
  return { ...(link !== undefined && { link }), ...(offer !== undefined && { offer }) };
}

function isPiece(value: unknown): value is number {
  // JSON has a zero below zero, too.
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notThat();
  }
  if (typeof value !== 'object' || value === null) throw notThat();
  return value as Record<string, unknown>;
}

function notThat(): CodedError {
  return new CodedError('bad-request', 'This is nothing that is said over a link.');
}
