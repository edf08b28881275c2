// Certificates (RFC 5280) that a program makes for its own key. Nobody else vouches for one: who connects
// knows the key beforehand, so what else it says is never looked at.
import 'reflect-metadata';
import { createPublicKey, randomBytes, webcrypto, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** It holds already for those whose clock is behind. */
const BEFORE_MS = DAY_MS;
/** What ends is the key, not its certificate. */
const HOLDS_MS = 10 * 365 * DAY_MS;
/** A serial number has at most 20 bytes, and is positive (RFC 5280 section 4.1.2.2). */
const SERIAL_BYTES = 16;

/**
 * A certificate of a private key, signed by it, for host names and IP addresses, as PEM.
 *
 * @param privateKey Ed25519, or of the curve P-256
 * @param names which a client that trusts it finds it under; the first one is its subject
 * @throws Error for a key of another kind
 */
export async function selfSigned(privateKey: KeyObject, names: string[]): Promise<string> {
  const { key, signing } = algorithmsOf(privateKey);
  const publicKey = createPublicKey(privateKey).toCryptoKey(key, true, ['verify']);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: positive(randomBytes(SERIAL_BYTES)).toString('hex'),
      name: [{ CN: [names[0] ?? 'sp2p'] }],
      notBefore: new Date(now - BEFORE_MS),
      notAfter: new Date(now + HOLDS_MS),
      signingAlgorithm: signing,
      keys: { privateKey: privateKey.toCryptoKey(key, false, ['sign']), publicKey },
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
        ),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString('pem')}\n`;
}

function algorithmsOf(privateKey: KeyObject) {
  const { asymmetricKeyType, asymmetricKeyDetails } = privateKey;
  if (asymmetricKeyType === 'ed25519') return { key: 'Ed25519', signing: { name: 'Ed25519' } };
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1')
    return {
      key: { name: 'ECDSA', namedCurve: 'P-256' },
      signing: { name: 'ECDSA', hash: 'SHA-256' },
    };
  throw new Error('Certificates are made for keys of Ed25519 or P-256 alone.');
}

function positive(serial: Buffer): Buffer {
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  return serial;
}
