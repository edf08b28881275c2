// Keeps two processes from writing one part file: a lock file beside it, whose time stamp its holder
// keeps fresh. A holder that was killed leaves a stale one, which the next process takes over.
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { CodedError } from '../../protocol/errors.ts';
import { Repeating } from '../../lib/lifecycle.ts';

const REFRESH_EVERY_MS = 2_000;
/** A lock that was not refreshed for so long is nobody's. */
const STALE_AFTER_MS = 10_000;

export class Lock {
  readonly #path: string;
  readonly #refreshing: Repeating;

  private constructor(path: string) {
    this.#path = path;
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
    const create = () => writeFile(path, String(process.pid), { flag: 'wx', mode: 0o600 });
    try {
      await create();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await isHeld(path))
        throw new CodedError(
          'download-in-progress',
          `Another process is downloading to the same place (${path} is its lock).`,
        );
      await rm(path, { force: true });
      await create();
    }
    const lock = new Lock(path);
    await lock.#refreshing.start();
    return lock;
  }

  async release(): Promise<void> {
    await this.#refreshing.stop();
    await rm(this.#path, { force: true });
  }
}

async function isHeld(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > STALE_AFTER_MS) return false;
    const pid = Number(await readFile(path, 'utf8'));
    return !Number.isInteger(pid) || pid <= 0 || isRunning(pid);
  } catch {
    return false;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
