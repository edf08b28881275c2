// Small files that are for the owner's eyes alone: mode 0600, never through a link, whole or not at all.
// On Windows the profile's folder keeps them apart; it knows no such modes.
import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CodedError } from '../protocol/errors.ts';
import { replaceFile } from './replace-file.ts';

const MAX_BYTES = 4 * 1024;
const OTHERS = 0o077;
/** Not through a link, and not waiting for the writer of a pipe. Windows knows neither: undefined counts as 0. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Undefined: it is not there, is no file of the owner's alone, or cannot be read. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  return privateText(path, MAX_BYTES).catch(() => undefined);
}

/**
 * Undefined: it is not there.
 *
 * @throws CodedError `cannot-open-data` for one that is not the owner's alone, or cannot be read
 */
export async function privateText(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    await using file = await open(path, FLAGS);
    const state = await file.stat();
    if (!state.isFile()) throw unusable(path, 'it is no file');
    if (state.size > maxBytes) throw unusable(path, `it has more than ${maxBytes} bytes`);
    const isOwn = process.getuid === undefined || state.uid === process.getuid();
    if (!isOwn) throw unusable(path, 'it is somebody else’s');
    const isPrivate = process.platform === 'win32' || (state.mode & OTHERS) === 0;
    if (!isPrivate)
      throw unusable(path, 'others can read it, and may have; take that from them (chmod 600)');
    return await file.readFile('utf8');
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unusable(path, code === 'ELOOP' ? 'it is a link' : code, cause);
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

function unusable(path: string, why: string, cause?: unknown): CodedError {
  return new CodedError('cannot-open-data', `${path} is not used: ${why}.`, { cause });
}
