// Words that this index gives out and knows again, without keeping them: a time, under a MAC over it and what
// it is for.
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';

/** Milliseconds since 1970, and base64url of an HMAC-SHA-256 (RFC 2104). */
const FORM = /^([1-9]\d{12,14})\.([\w-]{43})$/;

export class Seal {
  /** Made once: from bytes each MAC would cost five times as much. */
  readonly #key: KeyObject;

  constructor(secret: Buffer) {
    this.#key = createSecretKey(secret);
  }

  /** @param what it is for; no part has a line feed in it */
  sealed(time: number, ...what: string[]): string {
    return `${time}.${this.#mac(String(time), what)}`;
  }

  /** The time in it; undefined: it was not sealed here for that. Any text may come. */
  opened(text: string, ...what: string[]): number | undefined {
    const [, time, mac = ''] = FORM.exec(text) ?? [];
    if (time === undefined) return undefined;
    const right = this.#mac(time, what);
    return timingSafeEqual(Buffer.from(mac), Buffer.from(right)) ? Number(time) : undefined;
  }

  #mac(time: string, what: string[]): string {
    const text = [...what, time].join('\n');
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}
