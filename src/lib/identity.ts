// Who a peer is: an Ed25519 key pair (RFC 8032), and the id that follows from its public half.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
} from 'node:crypto';

/** An id is so many bytes of a SHA-256: to find another key for one takes 2^128 tries. */
const ID_BYTES = 16;

export class Identity {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly peerId: string;

  private constructor(privateKey: KeyObject) {
    this.privateKey = privateKey;
    this.publicKey = createPublicKey(privateKey);
    this.peerId = peerIdOf(this.publicKey);
  }

  static fresh(): Identity {
    return new Identity(generateKeyPairSync('ed25519').privateKey);
  }

  /** @throws Error for what is no Ed25519 private key in PEM (PKCS #8) */
  static ofPem(text: string): Identity {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error('It is no Ed25519 key.');
    return new Identity(key);
  }

  get pem(): string {
    return this.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  }
}

/** The id that a public key stands for: 32 hex digits. */
export function peerIdOf(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return hash('sha256', spki, 'buffer').subarray(0, ID_BYTES).toString('hex');
}
