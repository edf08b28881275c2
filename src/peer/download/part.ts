// The place of a file under way: a hidden part file next to where the file will be, and beside it what is
// remembered of it. The final name appears when everything is there, and never in place of another file
// unasked. A killed process leaves both for the next one.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../../protocol/errors.ts';
import { Lock } from './lock.ts';

/** The longest file name of the common file systems is 255 bytes; the part's has a dot and endings more. */
const MAX_BASE_BYTES = 200;

const PART_ENDING = '.sp2p-part';
const STATE_ENDING = '.sp2p-state';
const LOCK_ENDING = '.sp2p-lock';

export class Part {
  readonly path: string;
  readonly statePath: string;
  readonly handle: FileHandle;
  readonly #target: string;
  readonly #replaces: boolean;
  readonly #stem: string;
  readonly #lock: Lock;

  private constructor(
    target: string,
    replaces: boolean,
    paths: { stem: string; path: string; statePath: string },
    lock: Lock,
    handle: FileHandle,
  ) {
    this.#target = target;
    this.#replaces = replaces;
    this.#stem = paths.stem;
    this.path = paths.path;
    this.statePath = paths.statePath;
    this.#lock = lock;
    this.handle = handle;
  }

  /**
   * Opens a part of a target file, or begins one. One process at a time has the parts of a target.
   *
   * @param replaces whether a file that is there already may be replaced
   * @param kind parts of different kinds do not get in each other's way
   * @throws CodedError `file-exists`, `download-in-progress`, `cannot-write`, `disk-full`
   */
  static async open(target: string, replaces: boolean, kind = ''): Promise<Part> {
    const paths = pathsOf(target, kind);
    return writing(target, async () => {
      const there = await lstat(target).catch(() => undefined);
      if (there && !replaces) throw fileExists(target);
      // A device or a folder is nothing to be replaced by a file, whatever was asked.
      if (there && !there.isFile() && !there.isSymbolicLink())
        throw new CodedError('cannot-write', `${target} cannot be replaced: it is not a file.`);
      const lock = await Lock.take(paths.stem + LOCK_ENDING);
      try {
        const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
        const handle = await open(paths.path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o666);
        return new Part(target, replaces, paths, lock, handle);
      } catch (error) {
        await lock.release();
        throw error;
      }
    });
  }

  /**
   * Removes a part that nobody has open, unless somebody has: of another process it stays.
   *
   * @param kind as for {@link open}
   */
  static async remove(target: string, kind: string): Promise<void> {
    const { stem, path, statePath } = pathsOf(target, kind);
    const lock = await Lock.take(stem + LOCK_ENDING).catch(() => undefined);
    if (!lock) return;
    await rm(path, { force: true }).catch(() => undefined);
    await rm(statePath, { force: true }).catch(() => undefined);
    await lock.release();
  }

  /** Makes the part of one target, which nobody has open, that of another in the same folder. */
  static async move(from: string, to: string, kind: string): Promise<void> {
    const [before, after] = [pathsOf(from, kind), pathsOf(to, kind)];
    const isMissing = (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    };
    await writing(to, async () => {
      await rename(before.path, after.path).catch(isMissing);
      await rename(before.statePath, after.statePath).catch(isMissing);
    });
  }

  /** Whether the part is still where it was made: neither it nor its folder has gone. */
  async isInPlace(): Promise<boolean> {
    const own = await this.handle.stat({ bigint: true });
    const there = await lstat(this.path, { bigint: true }).catch(() => undefined);
    return there?.ino === own.ino && there.dev === own.dev;
  }

  /**
   * Gives the file its final name.
   *
   * @param target in the same folder; default: the one that it was opened for
   * @throws CodedError `file-exists`, `cannot-write`, `disk-full`
   */
  finish(target = this.#target): Promise<void> {
    return writing(target, async () => {
      await this.handle.sync();
      await this.handle.close();
      if (this.#replaces) await rename(this.path, target);
      else await this.#appear(target);
      await this.#removeAll();
      await this.#lock.release();
    });
  }

  /** Lets go of the part. @param isKept whether it stays for the next run */
  async leave(isKept: boolean): Promise<void> {
    await this.handle.close().catch(() => undefined);
    if (!isKept) {
      await rm(this.path, { force: true });
      await rm(this.statePath, { force: true });
    }
    await this.#lock.release();
  }

  /** A link fails where a file is, a rename would replace it; not every file system has links. */
  async #appear(target: string): Promise<void> {
    try {
      await link(this.path, target);
      await rm(this.path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw fileExists(target);
      if (await exists(target)) throw fileExists(target);
      await rename(this.path, target);
    }
  }

  /** What was remembered, and parts of other kinds: the file is there, nobody goes on with them. */
  async #removeAll(): Promise<void> {
    const folder = dirname(this.#stem);
    const start = `${basename(this.#stem)}.`;
    for (const name of await readdir(folder).catch((): string[] => [])) {
      const middle = name.startsWith(start) ? name.slice(start.length - 1) : '';
      if (/^(\.[0-9a-f]{16})?\.sp2p-(part|state|state-new)$/.test(middle))
        await rm(join(folder, name), { force: true });
    }
  }
}

/** Where the part of a target is, what is remembered of it, and how both begin. */
function pathsOf(target: string, kind: string): { stem: string; path: string; statePath: string } {
  const base = basename(target);
  const isLong = Buffer.byteLength(base) > MAX_BASE_BYTES;
  const name = isLong ? createHash('sha256').update(base).digest('hex') : base;
  const stem = join(dirname(target), `.${name}`);
  const ofKind = kind === '' ? stem : `${stem}.${kind}`;
  return { stem, path: ofKind + PART_ENDING, statePath: ofKind + STATE_ENDING };
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

function fileExists(path: string): CodedError {
  return new CodedError(
    'file-exists',
    `${path} is there already; -o names another place, --force replaces it.`,
  );
}

/** Turns what the file system fails with into an error that says what to do. */
export async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw writeFailure(path, (cause as NodeJS.ErrnoException).code ?? String(cause), cause);
  }
}

/** @param code what the file system said, such as `ENOSPC` */
export function writeFailure(path: string, code: string, cause?: unknown): CodedError {
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new CodedError(
        'disk-full',
        `The disk is full: ${path} cannot grow. Make room and run it again.`,
        { cause },
      )
    : new CodedError('cannot-write', `${path} cannot be written: ${code}.`, { cause });
}
