// What a registry's certificate is known by to those who joined its network.
import { hash, type KeyObject, type X509Certificate } from 'node:crypto';

/** base64url of the SHA-256 of the public key's DER (RFC 7469 section 2.4). */
export function pinOf(publicKey: KeyObject): string {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'base64url');
}

/** The pin of a certificate that its owner made; undefined: somebody signed it whom systems may know. */
export function pinOfOwn(certificate: X509Certificate): string | undefined {
  return certificate.verify(certificate.publicKey) ? pinOf(certificate.publicKey) : undefined;
}
