// One file of a share as it was when the catalogue last looked, and the way to open just that file:
// whatever took its place since is not it.
import { constants, type BigIntStats } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { CodedError } from '../../protocol/errors.ts';

/** What tells one state of a file from another. */
export interface FileState {
  device: bigint;
  inode: bigint;
  size: number;
  /** Nanoseconds since 1970. */
  mtime: bigint;
}

/** A file as a look at the share found it. */
export interface FoundFile {
  name: string;
  /** Where it is in the share, absolute; the last segment may be a symlink. */
  path: string;
  /** Where its bytes are: `path` without symlinks. */
  realPath: string;
  state: FileState;
}

/** A file whose bytes, in this state, are known by their root: only such a file is offered. */
export interface SharedFile extends FoundFile {
  /** 64 hex digits. */
  root: string;
}

export function stateOf(stats: BigIntStats): FileState {
  return {
    device: stats.dev,
    inode: stats.ino,
    size: Number(stats.size),
    mtime: stats.mtimeNs,
  };
}

export function isSameState(a: FileState, b: FileState): boolean {
  return a.size === b.size && a.mtime === b.mtime && a.inode === b.inode && a.device === b.device;
}

/** The first and the last moment that a Date can tell; some file systems keep others. */
const LAST_MOMENT = 8_640_000_000_000_000;

/** When the file last changed, in whole milliseconds since 1970. */
export function modifiedOf({ state }: FoundFile): number {
  const modified = Number(state.mtime / 1_000_000n);
  return Math.min(Math.max(modified, -LAST_MOMENT), LAST_MOMENT);
}

/** A file that is open for reading, in the state in which the catalogue knows it. */
export interface OpenedFile extends AsyncDisposable {
  readonly handle: FileHandle;
  /** Whether the file is still as it was when it was opened. */
  isUnchanged(): Promise<boolean>;
}

/** @throws CodedError `not-found` when the file is gone, changed, or cannot be read */
export async function openSharedFile(file: SharedFile): Promise<OpenedFile> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let handle: FileHandle;
  try {
    // Not through a symlink, and not waiting for the other end of a pipe, should one have come here.
    // The flags are undefined on Windows, where `|` takes that for 0.
    handle = await open(file.realPath, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (cause) {
    throw new CodedError('not-found', `${file.name} can no longer be read.`, { cause });
  }
  const isUnchanged = async () =>
    isSameState(stateOf(await handle.stat({ bigint: true })), file.state);
  const opened: OpenedFile = {
    handle,
    isUnchanged,
    [Symbol.asyncDispose]: () => handle.close(),
  };
  const isIt = async () => (await isUnchanged()) && (await isInPlace(file));
  if (await isIt().catch(() => false)) return opened;
  await handle.close();
  throw new CodedError('not-found', `${file.name} has changed since it was catalogued.`);
}

/** The very file may have left the share: with a folder that was moved away, and has a symlink to it now. */
async function isInPlace({ realPath }: SharedFile): Promise<boolean> {
  return (await realpath(realPath)) === realPath;
}
