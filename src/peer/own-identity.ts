// The identity of a peer over its runs: its private key, in a file that nobody else can read.
import { join } from 'node:path';
import { Identity } from '../lib/identity.ts';
import { readPrivateFile, writePrivateFile } from '../lib/private-file.ts';

const FILE = 'identity.pem';

/**
 * The identity that is kept in a folder; made where there is none, and made anew where it is not whole or
 * others could have read it: then it could be theirs.
 *
 * @throws CodedError `cannot-open-data`
 */
export async function ownIdentity(folder: string): Promise<Identity> {
  const path = join(folder, FILE);
  const kept = identityIn(await readPrivateFile(path));
  if (kept) return kept;
  const identity = Identity.fresh();
  await writePrivateFile(path, identity.pem);
  return identity;
}

function identityIn(pem: string | undefined): Identity | undefined {
  try {
    return pem === undefined ? undefined : Identity.ofPem(pem);
  } catch {
    return undefined;
  }
}
