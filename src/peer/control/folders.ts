// The sub-folders of a folder, for choosing one to share or to download into. Files are not told.
import { opendir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { withinTime } from '../../lib/deadline.ts';
import { MAX_FOLDERS, type Folders } from '../../protocol/control.ts';
import { CodedError } from '../../protocol/errors.ts';
import { absolutePath } from './paths.ts';

/** Of a folder with more entries than this the rest is not looked at. */
const MAX_ENTRIES = 50_000;
/** A file system that takes longer is one that does not answer. */
const DEADLINE_MS = 5_000;

/**
 * In alphabetical order, without hidden ones and without links.
 *
 * @param under an absolute path. Default: the home folder
 * @throws CodedError `bad-request`, `not-found`
 */
export async function foldersUnder(under = homedir()): Promise<Folders> {
  const folder = resolve(absolutePath(under));
  const parent = dirname(folder);
  try {
    const folders = await withinTime(DEADLINE_MS, foldersIn(folder));
    return { folder, parent: parent === folder ? null : parent, folders };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new CodedError('not-found', `${folder} cannot be looked into: ${code ?? message}.`, {
      cause,
    });
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  let entries = 0;
  for await (const entry of await opendir(folder)) {
    if (entry.isDirectory() && !entry.name.startsWith('.')) names.push(entry.name);
    if (++entries >= MAX_ENTRIES) break;
  }
  const { compare } = new Intl.Collator(undefined, { numeric: true });
  return names
    .sort(compare)
    .slice(0, MAX_FOLDERS)
    .map((name) => join(folder, name));
}
