// Who the peers of a benchmark are: of one number always the same one; and how one of them calls a registry.
import { createPrivateKey, hash } from 'node:crypto';
import type { Agent } from 'node:http';
import { Identity } from '../../src/lib/identity.ts';
import { bodyDigest, LEASE_HEADER, peerProof, PROOF_HEADER } from '../../src/lib/peer-proof.ts';
import { answerTo, call } from './call.ts';
import { SEED } from './catalogues.ts';

/** PKCS #8 of an Ed25519 key (RFC 8410), up to the 32 bytes of the key itself. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

const identities = new Map<number, Identity>();

export function identityOf(peer: number): Identity {
  const known = identities.get(peer);
  if (known) return known;
  const seed = hash('sha256', `peer ${SEED} ${peer}`, 'buffer');
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const identity = Identity.ofPem(key.export({ type: 'pkcs8', format: 'pem' }).toString());
  identities.set(peer, identity);
  return identity;
}

export function peerIdOf(peer: number): string {
  return identityOf(peer).peerId;
}

/** What shows a registry that it is this peer who asks. */
export function proofOf(
  peer: number,
  nonce: string,
  method: string,
  path: string,
  body: string,
): Promise<string> {
  return peerProof(identityOf(peer), { method, path, nonce, digest: bodyDigest(body) });
}

/**
 * Makes a peer known, or renews its lease; answers the headers for its further calls.
 *
 * @throws Error when the registry refuses
 */
export async function announced(
  agent: Agent,
  port: number,
  peer: number,
  body: string,
): Promise<Record<string, string>> {
  const path = `/api/v1/peers/${peerIdOf(peer)}`;
  const { nonce } = JSON.parse((await answerTo(agent, port, 'PUT', path, body)).text) as {
    nonce?: string;
  };
  const proof = await proofOf(peer, nonce ?? '', 'PUT', path, body);
  const { headers } = await call(agent, port, 'PUT', path, body, { [PROOF_HEADER]: proof });
  return { [LEASE_HEADER]: String(headers[LEASE_HEADER]) };
}
