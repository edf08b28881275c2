// The token of the control interface: 256 random bits that the printed link carries, kept in a file that
// nobody else can read.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { readPrivateFile, writePrivateFile } from '../../lib/private-file.ts';

const TOKEN_FILE = 'control-token';
const TOKEN_BYTES = 32;
/** 256 bits in base64url. */
const TOKEN_FORM = /^[\w-]{43}$/;

/**
 * The token that is kept in a folder; made where there is none, and made anew where others could have
 * read it.
 *
 * @throws CodedError `cannot-open-data`
 */
export async function ownToken(folder: string): Promise<string> {
  const kept = await readToken(folder);
  if (kept !== undefined) return kept;
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  await writePrivateFile(join(folder, TOKEN_FILE), token);
  return token;
}

/** Undefined: there is none, or others can read it. */
export async function readToken(folder: string): Promise<string | undefined> {
  const text = await readPrivateFile(join(folder, TOKEN_FILE));
  return text !== undefined && TOKEN_FORM.test(text) ? text : undefined;
}

/** Whether an `Authorization` header carries the token; takes as long whatever it carries. */
export function carriesToken(header: string | undefined, token: string): boolean {
  const [, carried = ''] = /^Bearer ([\w-]{1,200})$/i.exec(header ?? '') ?? [];
  return timingSafeEqual(hash('sha256', carried, 'buffer'), hash('sha256', token, 'buffer'));
}
