// Another name for a file whose own is taken: `name (2).ext`, `name (3).ext` and so on.
import { lstat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { CodedError } from '../../protocol/errors.ts';

const MAX_TRIED = 1_000;
/** What the common file systems allow in one segment, in bytes. */
const MAX_SEGMENT_BYTES = 255;

/**
 * The path itself if nothing is there, or the first of its further names.
 *
 * @param isTaken whether somebody else is to be there
 * @throws CodedError `file-exists` when all that were tried are taken
 */
export async function freeName(path: string, isTaken: (path: string) => boolean): Promise<string> {
  for (let count = 1; count <= MAX_TRIED; count++) {
    const candidate = count === 1 ? path : numbered(path, count);
    if (isTaken(candidate)) continue;
    if (!(await lstat(candidate).catch(() => undefined))) return candidate;
  }
  throw new CodedError('file-exists', `${path} and all further names of it are taken.`);
}

/** `name (2).ext`; what would be too long is cut. */
function numbered(path: string, count: number): string {
  const ending = ` (${count})${extname(path)}`;
  const characters = Array.from(basename(path, extname(path)));
  while (
    Buffer.byteLength(characters.join('') + ending) > MAX_SEGMENT_BYTES &&
    characters.length > 1
  )
    characters.pop();
  return join(dirname(path), characters.join('') + ending);
}
