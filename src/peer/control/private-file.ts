// Small files that are for the owner's eyes alone: mode 0600, never through a link, whole or not at all.
// On Windows the profile's folder keeps them apart; it knows no such modes.
import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceFile } from '../../lib/replace-file.ts';
import { CodedError } from '../../protocol/errors.ts';

const MAX_BYTES = 4 * 1024;
const OTHERS = 0o077;
/** Not through a link, and not waiting for the writer of a pipe. Windows knows neither: undefined counts as 0. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Undefined: it is not there, is no file of the owner's alone, or cannot be read. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  const file = await open(path, FLAGS).catch(() => undefined);
  try {
    const state = await file?.stat();
    if (!file || !state?.isFile() || state.size > MAX_BYTES) return undefined;
    const isOwn = process.getuid === undefined || state.uid === process.getuid();
    const isPrivate = process.platform === 'win32' || (state.mode & OTHERS) === 0;
    return isOwn && isPrivate ? await file.readFile('utf8') : undefined;
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

/** Writes it anew, whatever was there, and makes its folder. @throws CodedError `cannot-open-data` */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await replaceFile(path, text);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new CodedError('cannot-open-data', `${path} cannot be written: ${code}.`, { cause });
  }
}
