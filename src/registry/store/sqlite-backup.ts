// A copy of the SQLite index as it is at one moment, while a registry goes on writing to it.
import { constants } from 'node:fs';
import { access, chmod, link, open, rename, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { backup, DatabaseSync } from 'node:sqlite';
import { CodedError } from '../../protocol/errors.ts';

/** All pages in one step: between two of them a writer would make the copy begin anew, again and again. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Written beside its final name, and only then given it.
 *
 * @throws CodedError `cannot-open-data`, `file-exists`, `cannot-write`, `disk-full`
 */
export async function backUpSqlite(
  index: string,
  target: string,
  { replaces }: { replaces: boolean },
): Promise<void> {
  if (!replaces && (await exists(target))) throw fileExists(target);
  const beside = `${target}.${randomUUID()}.part`;
  try {
    const source = opened(index);
    try {
      await createEmpty(beside, target);
      await backup(source, beside, { rate: ALL_PAGES }).catch((cause: unknown) => {
        throw copyFailure(index, target, cause);
      });
    } finally {
      source.close();
    }
    await giveName(beside, target, replaces);
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm'])
      await rm(`${beside}${suffix}`, { force: true });
  }
}

function opened(index: string): DatabaseSync {
  try {
    return new DatabaseSync(index, { readOnly: true });
  } catch (cause) {
    throw new CodedError('cannot-open-data', `${index}: ${messageOf(cause)}.`, { cause });
  }
}

/** Before anything is in it, nobody else may read it: it holds who shares what. */
async function createEmpty(path: string, target: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.close();
  } catch (cause) {
    throw writeFailure(target, cause);
  }
}

async function giveName(beside: string, target: string, replaces: boolean): Promise<void> {
  try {
    await chmod(beside, 0o600);
    const file = await open(beside, 'r+');
    await file.sync();
    await file.close();
    if (replaces) await rename(beside, target);
    else await link(beside, target);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw fileExists(target);
    throw writeFailure(target, cause);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}

function copyFailure(index: string, target: string, cause: unknown): CodedError {
  const { errcode } = cause as { errcode?: number };
  const SQLITE_FULL = 13;
  if (errcode === SQLITE_FULL)
    return new CodedError('disk-full', `The disk is full: ${target} cannot grow.`, { cause });
  return new CodedError('cannot-open-data', `${index}: ${messageOf(cause)}.`, { cause });
}

function fileExists(path: string): CodedError {
  return new CodedError('file-exists', `${path} is there already; --force replaces it.`);
}

function writeFailure(path: string, cause: unknown): CodedError {
  const { code } = cause as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new CodedError('disk-full', `The disk is full: ${path} cannot grow.`, { cause })
    : new CodedError('cannot-write', `${path} cannot be written: ${code ?? messageOf(cause)}.`, {
        cause,
      });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
