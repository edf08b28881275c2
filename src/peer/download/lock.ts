// Keeps two processes from writing one part file: a lock file beside it, whose time stamp its holder
// keeps fresh. A holder that was killed leaves a stale one, which the next process takes over.
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { CodedError } from '../../protocol/errors.ts';
import { Repeating } from '../../lib/lifecycle.ts';

const REFRESH_EVERY_MS = 2_000;
/** A lock that was not refreshed for so long is nobody's. */
const STALE_AFTER_MS = 10_000;

/** Tells the locks of this process from those of one that has the same number elsewhere, or had it before. */
const THIS_PROCESS = randomUUID();
/** The locks that this process holds. One that it does not, it let go of while its folder was away. */
const held = new Set<string>();

export class Lock {
  readonly #path: string;
  readonly #id: string;
  readonly #refreshing: Repeating;

  private constructor(path: string, id: string) {
    this.#path = path;
    this.#id = id;
    this.#refreshing = new Repeating({
      work: async () => {
        const now = new Date();
        await utimes(this.#path, now, now);
      },
      pauseMs: REFRESH_EVERY_MS,
      pauseFirst: true,
      // Should it be lost, nothing can be done about it in the middle of a download.
      onError: () => undefined,
    });
  }

  /** @throws CodedError `download-in-progress`, or what the file system fails with */
  static async take(path: string): Promise<Lock> {
    const id = `${THIS_PROCESS}/${randomUUID()}`;
    held.add(id);
    try {
      if (!(await created(path, id))) {
        const seen = await look(path);
        if (seen === 'held') throw inProgress(path);
        if (seen !== 'gone') await removeStale(path, seen);
        // Of several that found it stale at the same time, one gets here first.
        if (!(await created(path, id))) throw inProgress(path);
      }
    } catch (error) {
      held.delete(id);
      throw error;
    }
    const lock = new Lock(path, id);
    await lock.#refreshing.start();
    return lock;
  }

  async release(): Promise<void> {
    await this.#refreshing.stop();
    try {
      await rm(this.#path, { force: true });
    } finally {
      held.delete(this.#id);
    }
  }
}

/** A stale lock file, as it was seen. */
interface Stale {
  inode: number;
  mtimeMs: number;
}

/** False: there is one already. */
async function created(path: string, id: string): Promise<boolean> {
  try {
    await writeFile(path, `${process.pid} ${hostname()} ${id}`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // On a full disk there is a file, and nothing is in it.
    await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function look(path: string): Promise<'held' | 'gone' | Stale> {
  try {
    const { ino: inode, mtimeMs } = await stat(path);
    const [pid, host, id = ''] = (await readFile(path, 'utf8')).split(' ');
    // Only of a process on this machine can be told that it has ended.
    const hasEnded = host === hostname() && !isRunning(Number(pid));
    const isLeft = id.startsWith(THIS_PROCESS) && !held.has(id);
    return hasEnded || isLeft || Date.now() - mtimeMs > STALE_AFTER_MS
      ? { inode, mtimeMs }
      : 'held';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
    throw error;
  }
}

/** Takes it out of the way, and puts it back should another process have replaced it meanwhile. */
async function removeStale(path: string, seen: Stale): Promise<void> {
  const aside = `${path}-${randomUUID()}`;
  try {
    await rename(path, aside);
    const { ino, mtimeMs } = await stat(aside);
    if (ino !== seen.inode || mtimeMs !== seen.mtimeMs) await link(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process was faster, either time.
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

function inProgress(path: string): CodedError {
  return new CodedError(
    'download-in-progress',
    `Another process is downloading to the same place (${path} is its lock).`,
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
