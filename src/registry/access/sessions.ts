// Sessions of browsers in a private network: a cookie that no script can read, says whose key it stands for,
// and is signed by the index. No list of them is kept; the key is looked at each time.
import { createHmac, timingSafeEqual } from 'node:crypto';

export const SESSION_MS = 12 * 60 * 60 * 1_000;

/** Set over TLS alone, for this host alone, for every path (RFC 6265bis section 4.1.3.2). */
const NAME = '__Host-sp2p';
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';
const COOKIE = new RegExp(`(?:^|;\\s*)${NAME}=([0-9a-f]{16})\\.(\\d{1,16})\\.([\\w-]{43})(?:;|$)`);

/** For `Set-Cookie`. @param expires when the session ends at the latest */
export function sessionCookie(secret: Buffer, keyId: string, expires: number, now: number): string {
  const seconds = Math.max(0, Math.floor((expires - now) / 1_000));
  const value = `${keyId}.${expires}.${signature(secret, keyId, expires).toString('base64url')}`;
  return `${NAME}=${value}; Max-Age=${seconds}; ${ATTRIBUTES}`;
}

/** For `Set-Cookie`: the session is over. */
export const NO_SESSION = `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;

export function hasSession(cookies: string | undefined): boolean {
  return cookies?.includes(`${NAME}=`) ?? false;
}

/** The id of the key whose session it is; undefined: it is none, or over. */
export function keyOfSession(
  secret: Buffer,
  cookies: string | undefined,
  now: number,
): string | undefined {
  const [, keyId = '', end = '', told = ''] = COOKIE.exec(cookies ?? '') ?? [];
  const expires = Number(end);
  const right = signature(secret, keyId, expires);
  const shown = Buffer.from(told, 'base64url');
  if (shown.length !== right.length || !timingSafeEqual(shown, right)) return undefined;
  return expires > now ? keyId : undefined;
}

function signature(secret: Buffer, keyId: string, expires: number): Buffer {
  return createHmac('sha256', secret).update(`session ${keyId} ${expires}`).digest();
}
