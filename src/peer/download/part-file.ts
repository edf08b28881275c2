// A file under way: the bytes so far in a hidden part file next to where the file will be, and beside
// it what they are from. The final name appears when everything is there, and never in place of another
// file unasked. A killed process leaves both for the next one.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import {
  link,
  lstat,
  open,
  readFile,
  rename,
  rm,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../../protocol/errors.ts';
import { isStrongTag } from '../../protocol/ranges.ts';
import { Lock } from './lock.ts';
import type { ContentState, Sink } from './sink.ts';

/** The longest file name of the common file systems is 255 bytes; the part's has a dot and an ending more. */
const MAX_BASE_BYTES = 200;

export class PartFile implements Sink {
  readonly path: string;
  length: number;
  state: ContentState;
  readonly #target: string;
  readonly #replaces: boolean;
  readonly #statePath: string;
  readonly #lock: Lock;
  readonly #handle: FileHandle;

  private constructor(
    target: string,
    replaces: boolean,
    paths: { part: string; state: string },
    lock: Lock,
    handle: FileHandle,
    kept: { length: number; state: ContentState },
  ) {
    this.#target = target;
    this.#replaces = replaces;
    this.path = paths.part;
    this.#statePath = paths.state;
    this.#lock = lock;
    this.#handle = handle;
    this.length = kept.length;
    this.state = kept.state;
  }

  /**
   * Opens the part of a target file, with what an earlier process left of it.
   *
   * @param replaces whether a file that is there already may be replaced
   * @throws CodedError `file-exists`, `download-in-progress`, `cannot-write`, `disk-full`
   */
  static async open(target: string, replaces: boolean): Promise<PartFile> {
    const base = basename(target);
    const stem = join(
      dirname(target),
      `.${Buffer.byteLength(base) > MAX_BASE_BYTES ? createHash('sha256').update(base).digest('hex') : base}`,
    );
    const paths = { part: `${stem}.sp2p-part`, state: `${stem}.sp2p-state` };
    return writing(target, async () => {
      const there = await lstat(target).catch(() => undefined);
      if (there && !replaces) throw fileExists(target);
      // A device or a folder is nothing to be replaced by a file, whatever was asked.
      if (there && !there.isFile() && !there.isSymbolicLink())
        throw new CodedError('cannot-write', `${target} cannot be replaced: it is not a file.`);
      const lock = await Lock.take(`${stem}.sp2p-lock`);
      try {
        const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
        const handle = await open(paths.part, O_RDWR | O_CREAT | O_NOFOLLOW, 0o666);
        try {
          const kept = await whatIsKept(handle, paths.state);
          return new PartFile(target, replaces, paths, lock, handle, kept);
        } catch (error) {
          await handle.close();
          throw error;
        }
      } catch (error) {
        await lock.release();
        throw error;
      }
    });
  }

  begin(state: ContentState): Promise<void> {
    return writing(this.path, async () => {
      await this.#handle.truncate(0);
      this.length = 0;
      this.state = state;
      await rm(this.#statePath, { force: true });
      // Without a tag nobody could go on with it: there is nothing to remember.
      if (state.tag !== undefined)
        await writeFile(this.#statePath, JSON.stringify(state), { flag: 'wx' });
    });
  }

  rewindTo(length: number): void {
    this.length = Math.min(this.length, length);
  }

  write(chunk: Buffer): Promise<void> {
    return writing(this.path, async () => {
      for (let written = 0; written < chunk.length;) {
        const { bytesWritten } = await this.#handle.write(
          chunk,
          written,
          chunk.length - written,
          this.length,
        );
        written += bytesWritten;
        this.length += bytesWritten;
      }
    });
  }

  /** Gives the file its final name. @throws CodedError `file-exists`, `cannot-write`, `disk-full` */
  finish(): Promise<void> {
    return writing(this.#target, async () => {
      // What came back from an earlier process may be longer than what is true of it.
      await this.#handle.truncate(this.length);
      await this.#handle.sync();
      await this.#handle.close();
      if (this.#replaces) await rename(this.path, this.#target);
      else await this.#appear();
      await rm(this.#statePath, { force: true });
      await this.#lock.release();
    });
  }

  /** Lets go of the part; it stays for the next run, unless there is nothing in it. */
  async leave(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    if (this.length === 0 || this.state.tag === undefined) {
      await rm(this.path, { force: true });
      await rm(this.#statePath, { force: true });
    }
    await this.#lock.release();
  }

  /** A link fails where a file is, a rename would replace it; not every file system has links. */
  async #appear(): Promise<void> {
    try {
      await link(this.path, this.#target);
      await rm(this.path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw fileExists(this.#target);
      if (await exists(this.#target)) throw fileExists(this.#target);
      await rename(this.path, this.#target);
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

/** What an earlier process left, as far as it is known what it is from; the rest is cut off. */
async function whatIsKept(
  handle: FileHandle,
  statePath: string,
): Promise<{ length: number; state: ContentState }> {
  const { size: length } = await handle.stat();
  const state = await keptState(statePath);
  if (state !== undefined && length <= (state.size ?? 0)) return { length, state };
  await handle.truncate(0);
  return { length: 0, state: {} };
}

/** What an earlier process remembered, if it makes sense. */
async function keptState(path: string): Promise<ContentState | undefined> {
  try {
    const { tag, size } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    if (
      typeof tag === 'string' &&
      isStrongTag(tag) &&
      Number.isSafeInteger(size) &&
      Number(size) >= 0
    )
      return { tag, size: Number(size) };
  } catch {
    // Nothing was remembered, or not to the end.
  }
  return undefined;
}

function fileExists(path: string): CodedError {
  return new CodedError(
    'file-exists',
    `${path} is there already; -o names another place, --force replaces it.`,
  );
}

/** Turns what the file system fails with into an error that says what to do. */
async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new CodedError(
        'disk-full',
        `The disk is full: ${path} cannot grow. Make room and run it again.`,
        { cause },
      );
    throw new CodedError('cannot-write', `${path} cannot be written: ${code ?? String(cause)}.`, {
      cause,
    });
  }
}
