// The certificate of a private network's registry where none is given: made once, and kept in the index, so that
// every registry over it has the same, and the pin in the join links stays right.
import { generateKeyPairSync } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import type { AccessStore } from '../store/access-store.ts';
import type { Certificate } from '../tls-port.ts';

const NAME = 'certificate';
/** As many names as a certificate of a machine has at most. */
const MAX_NAMES = 32;

/** @param further names and addresses under which the registry is reached, beside those of this machine */
export async function ownCertificate(
  store: Pick<AccessStore, 'keep' | 'kept'>,
  further: string[],
): Promise<Certificate> {
  const kept = (await store.kept(NAME)) ?? (await store.keep(NAME, await made(further)));
  return JSON.parse(kept.toString()) as Certificate;
}

async function made(further: string[]): Promise<Buffer> {
  // It takes a while to load, and is needed once in the life of a network.
  const { selfSigned } = await import('../../lib/certificate.ts');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const names = [...further, hostname(), 'localhost', ...addresses.map(({ address }) => address)];
  const certificate: Certificate = {
    cert: await selfSigned(privateKey, [...new Set(names)].slice(0, MAX_NAMES)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  return Buffer.from(JSON.stringify(certificate));
}
