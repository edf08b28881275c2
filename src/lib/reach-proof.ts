// How a peer shows that it is really at the endpoint that it names: who dials it there sends a nonce, and
// gets it back signed. What is signed begins with words of its own, so that it is good for nothing else.
import { createPublicKey, sign, verify } from 'node:crypto';
import { peerIdOf, type Identity } from './identity.ts';

/** What is asked of a peer, with `?nonce=`. */
export const REACH_PATH = '/peer';

const WORDS = 'sp2p reach ';

export interface ReachProof {
  /** base64url of the public key's DER SubjectPublicKeyInfo (RFC 8410). */
  key: string;
  /** base64url of the Ed25519 signature (RFC 8032) over `sp2p reach ` and the nonce. */
  proof: string;
}

export function reachProof({ publicKey, privateKey }: Identity, nonce: string): ReachProof {
  return {
    key: publicKey.export({ type: 'spki', format: 'der' }).toString('base64url'),
    proof: sign(null, Buffer.from(WORDS + nonce), privateKey).toString('base64url'),
  };
}

/** Whether what was answered shows that the peer of this id was asked. Any value may come. */
export function isReachProof(answer: unknown, peerId: string, nonce: string): boolean {
  const { key, proof } = (answer ?? {}) as Partial<Record<keyof ReachProof, unknown>>;
  if (typeof key !== 'string' || typeof proof !== 'string') return false;
  try {
    const der = Buffer.from(key, 'base64url');
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return (
      publicKey.asymmetricKeyType === 'ed25519' &&
      peerIdOf(publicKey) === peerId &&
      verify(null, Buffer.from(WORDS + nonce), publicKey, Buffer.from(proof, 'base64url'))
    );
  } catch {
    return false;
  }
}

/** Whether a text can be a nonce: 16 to 64 hex digits. */
export function isNonce(text: string): boolean {
  return /^[0-9a-f]{16,64}$/.test(text);
}
