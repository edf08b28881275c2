// Paths that are named over the wire.
import { isAbsolute } from 'node:path';
import { CodedError } from '../../protocol/errors.ts';

/** A relative path would depend on where the peer was started. @throws CodedError `bad-request` */
export function absolutePath(path: string): string {
  if (!isAbsolute(path) || path.includes('\0'))
    throw new CodedError('bad-request', 'A folder is named by its absolute path.');
  return path;
}
