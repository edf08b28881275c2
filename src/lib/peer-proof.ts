// How a caller shows a registry that it is a peer: it signs what it asks for, and a nonce that it got there,
// as a JWS (RFC 7515) with its public key in the header, in the manner of DPoP (RFC 9449).
import { createPublicKey, hash } from 'node:crypto';
import { peerIdOf, type Identity } from './identity.ts';

/** The header of a request that carries the proof, */
export const PROOF_HEADER = 'sp2p-proof';
/** and that of its answer, and of all further requests, with what it is good for. */
export const LEASE_HEADER = 'sp2p-lease';

const TYPE = 'sp2p-proof+jwt';
/** 32 bytes in base64url. */
const X_FORM = /^[\w-]{43}$/;

/** What is asked for. */
export interface Proven {
  method: string;
  /** Without the query. */
  path: string;
  /** What the registry gave. */
  nonce: string;
  /** {@link bodyDigest} */
  digest: string;
}

/** base64url of the SHA-256 of a body; of nothing where there is none. */
export function bodyDigest(body = ''): string {
  return hash('sha256', body, 'base64url');
}

/** Loaded when the first proof is made: who only asks makes none. */
const jose = () => import('jose');

export async function peerProof(
  { privateKey, publicKey }: Identity,
  { method, path, nonce, digest }: Proven,
): Promise<string> {
  const { CompactSign } = await jose();
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const claims = { htm: method, htu: path, nonce, body: digest };
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, jwk: { kty: 'OKP', crv: 'Ed25519', x } })
    .sign(privateKey);
}

/** What a proof claims; only `isSigned` says whether its peer really did. */
interface ReadProof extends Proven {
  peerId: string;
  isSigned: () => Promise<boolean>;
}

/** Undefined: the text is no proof of anything. Any text may come. */
export async function readPeerProof(text: string): Promise<ReadProof | undefined> {
  const { compactVerify, decodeJwt, decodeProtectedHeader } = await jose();
  try {
    const { alg, typ, jwk } = decodeProtectedHeader(text);
    const x = (jwk as { x?: unknown } | undefined)?.x;
    if (alg !== 'EdDSA' || typ !== TYPE || jwk?.kty !== 'OKP' || jwk.crv !== 'Ed25519')
      return undefined;
    if (typeof x !== 'string' || !X_FORM.test(x)) return undefined;
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const { htm: method, htu: path, nonce, body: digest } = decodeJwt(text);
    if (![method, path, nonce, digest].every((claim) => typeof claim === 'string'))
      return undefined;
    return {
      ...({ method, path, nonce, digest } as Proven),
      peerId: peerIdOf(key),
      isSigned: () =>
        compactVerify(text, key, { algorithms: ['EdDSA'] }).then(
          () => true,
          () => false,
        ),
    };
  } catch {
    return undefined;
  }
}
