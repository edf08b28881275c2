// Identities of peers that a test speaks for: of one name always the same one, so that it can be known again
// by its id.
import { createPrivateKey, hash } from 'node:crypto';
import { Identity } from '../../src/lib/identity.ts';

/** PKCS #8 of an Ed25519 key (RFC 8410), up to the 32 bytes of the key itself. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The name of the peer in the examples of the OpenAPI document: RFC 8032 section 7.1, test 1. */
export const EXAMPLE = 'example';
const EXAMPLE_SEED = Buffer.from(
  '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
  'hex',
);

const byName = new Map<string, Identity>();
const byId = new Map<string, Identity>();

export function identityOf(name: string | number): Identity {
  const known = byName.get(String(name));
  if (known) return known;
  const seed = name === EXAMPLE ? EXAMPLE_SEED : hash('sha256', `peer ${name}`, 'buffer');
  const identity = Identity.ofPem(
    createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
      .export({ type: 'pkcs8', format: 'pem' })
      .toString(),
  );
  byName.set(String(name), identity);
  byId.set(identity.peerId, identity);
  return identity;
}

/** Undefined: no identity of this id was asked for by name. */
export function identityWithId(peerId: string): Identity | undefined {
  return byId.get(peerId);
}
