// Walks a folder and says which of its files may be offered, under which names. Hidden files, part
// files, what is neither file nor folder, and what a symlink leads out of the share to, may not.
import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { forEachOf } from '../../lib/concurrency.ts';
import { isName } from '../../protocol/names.ts';
import { stateOf, type FoundFile } from './shared-file.ts';

/** Look-ups of the file system under way at once; its thread pool has four threads. */
const LOOKUPS_AT_ONCE = 16;

/** What one walk found. */
export interface Scan {
  files: FoundFile[];
  /** Files that no name can be given to: control characters, backslashes, not Unicode, too long. */
  unnameable: number;
}

/** Whether a path relative to a share is kept out of it by what it is called. */
export function isHidden(relativePath: string): boolean {
  return relativePath
    .split(sep)
    .some((segment) => segment.startsWith('.') || segment.endsWith('.sp2p-part'));
}

/** The name of a path relative to a share, or undefined where there is none. */
export function nameOfPath(relativePath: string): string | undefined {
  const text = sep === '/' ? relativePath : relativePath.replaceAll(sep, '/');
  return isName(text) ? text.normalize('NFC') : undefined;
}

/**
 * All that may be offered at or below a path of a share. A path that is not there, or may not be
 * read, holds nothing.
 *
 * @param root the share's folder, without symlinks
 * @param onFolder told each folder just before it is looked into
 */
export async function scan(
  root: string,
  path: string,
  onFolder: (folder: string) => void,
): Promise<Scan> {
  const found: Scan = { files: [], unnameable: 0 };
  const folders = [path];
  if (path !== root) {
    const relativePath = relative(root, path);
    if (isHidden(relativePath) || !(await isWithin(root, path))) return found;
    const stats = await lstat(path).catch(() => undefined);
    if (!stats?.isDirectory()) {
      await addFile(root, path, found);
      return found;
    }
  }
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const here = folder;
    onFolder(here);
    const entries = await readdir(here, { withFileTypes: true }).catch((): Dirent[] => []);
    await forEachOf(entries, LOOKUPS_AT_ONCE, async (entry) => {
      if (isHidden(entry.name)) return;
      const entryPath = join(here, entry.name);
      if (entry.isDirectory()) folders.push(entryPath);
      else await addFile(root, entryPath, found);
    });
  }
  return found;
}

/** Whether the folder that a path is in is really in the share, not only by a symlink. */
async function isWithin(root: string, path: string): Promise<boolean> {
  const parent = join(path, '..');
  const real = await realpath(parent).catch(() => undefined);
  return real === parent && (real === root || real.startsWith(withSeparator(root)));
}

async function addFile(root: string, path: string, found: Scan): Promise<void> {
  const name = nameOfPath(relative(root, path));
  let real = path;
  let stats = await lstat(path, { bigint: true }).catch(() => undefined);
  if (stats?.isSymbolicLink()) {
    real = (await realpath(path).catch(() => undefined)) ?? path;
    const target = relative(root, real);
    if (!real.startsWith(withSeparator(root)) || isHidden(target)) return;
    stats = await lstat(real, { bigint: true }).catch(() => undefined);
  }
  // What is not UTF-8 is read with this in its place, and cannot be found again.
  if (!stats && path.includes('\ufffd')) found.unnameable++;
  if (!stats?.isFile()) return;
  if (name === undefined) found.unnameable++;
  else found.files.push({ name, path, realPath: real, state: stateOf(stats) });
}

function withSeparator(folder: string): string {
  return folder.endsWith(sep) ? folder : `${folder}${sep}`;
}
