// Sessions of browsers in a private network: a cookie that no script can read, says whose key it stands for,
// and is sealed by the index. No list of them is kept; the key is looked at each time.
import type { Seal } from '../seal.ts';

export const SESSION_MS = 12 * 60 * 60 * 1_000;

/** Set over TLS alone, for this host alone, for every path (RFC 6265bis section 4.1.3.2). */
const NAME = '__Host-sp2p';
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';
const COOKIE = new RegExp(`(?:^|;\\s*)${NAME}=([0-9a-f]{16})\\.([\\w.-]{1,80})(?:;|$)`);

/** For `Set-Cookie`. @param expires when the session ends at the latest */
export function sessionCookie(seal: Seal, keyId: string, expires: number, now: number): string {
  const seconds = Math.max(0, Math.floor((expires - now) / 1_000));
  const value = `${keyId}.${seal.sealed(expires, 'session', keyId)}`;
  return `${NAME}=${value}; Max-Age=${seconds}; ${ATTRIBUTES}`;
}

/** For `Set-Cookie`: the session is over. */
export const NO_SESSION = `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;

export function hasSession(cookies: string | undefined): boolean {
  return cookies?.includes(`${NAME}=`) ?? false;
}

/** The id of the key whose session it is; undefined: it is none, or over. */
export function keyOfSession(
  seal: Seal,
  cookies: string | undefined,
  now: number,
): string | undefined {
  const [, keyId = '', sealed = ''] = COOKIE.exec(cookies ?? '') ?? [];
  const expires = seal.opened(sealed, 'session', keyId);
  return expires !== undefined && expires > now ? keyId : undefined;
}
