// How a peer shows that it is really at the endpoint that it names: who dials it there sends a nonce, and
// gets this back. Only the peer itself and its registry know its id, so nobody else can answer.
import { createHmac } from 'node:crypto';

/** What is asked of a peer, with `?nonce=`. */
export const REACH_PATH = '/peer';

/** HMAC-SHA-256 (RFC 2104) of the nonce, with the peer's id as the key; both as they are written. */
export function reachProof(peerId: string, nonce: string): string {
  return createHmac('sha256', peerId).update(nonce).digest('hex');
}

/** Whether a text can be a nonce: 16 to 64 hex digits. */
export function isNonce(text: string): boolean {
  return /^[0-9a-f]{16,64}$/.test(text);
}
