// Tells when something in a share may have changed: through the system's notifications, and where
// there are none (watch limits, other systems) by looking at everything again from time to time.
import { access, constants, stat } from 'node:fs/promises';
import { Repeating, pause, type Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import { watchedFolders, type WatchedFolders } from './watched-folders.ts';

/** Without notifications changes shall still be seen within 2 s; nor does a folder tell that it is back. */
const CHECK_EVERY_MS = 1_500;
/** With them, a look at everything mends what a lost one or a sleeping machine left behind. */
const LOOK_AGAIN_EVERY_MS = 5 * 60 * 1000;
/** Changes that come together are told together. */
const GATHER_MS = 50;
/** So many at once, and some may be lost: the queue of Linux holds 16,384 and drops what is more. */
const MAY_BE_LOST_FROM = 10_000;

/** What a folder that cannot be watched may say without the notifications being at their limit. */
const FOLDER_IS_NOT_THERE = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP']);

/** Paths that may have changed; undefined: anything may have. Never rejects. */
export type OnChange = (paths: ReadonlySet<string> | undefined) => Promise<void>;

export class FolderWatch implements Startable {
  readonly #folder: string;
  readonly #onChange: OnChange;
  readonly #log: Logger;
  readonly #checks: Repeating;
  readonly #stopping = new AbortController();
  #folders: WatchedFolders | undefined;
  #paths = new Set<string>();
  #gathering: NodeJS.Timeout | undefined;
  #eventsAtOnce = 0;
  #areSomeLost = false;
  #identity = '';
  #lookAgainAt = 0;

  /** @param notifications whether the system's are used; otherwise the folder is polled */
  constructor(folder: string, onChange: OnChange, log: Logger, notifications: boolean) {
    this.#folder = folder;
    this.#onChange = onChange;
    this.#log = log;
    if (notifications)
      this.#folders = watchedFolders((path) => {
        this.#gather(path);
      });
    this.#checks = new Repeating({
      work: () => this.#check(),
      pauseMs: CHECK_EVERY_MS,
      pauseFirst: true,
      onError: (err) => {
        log.warn({ err, folder }, 'checking on the folder failed');
      },
    });
  }

  start(): Promise<void> {
    return this.#checks.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#stopNotifications();
    await this.#checks.stop();
  }

  /** To be called before everything is looked at. */
  async beginAnew(): Promise<void> {
    this.#folders?.close();
    this.#identity = await identityOf(this.#folder);
    this.#lookAgainAt = performance.now() + LOOK_AGAIN_EVERY_MS;
  }

  /** To be called before a folder is looked into: what comes from then on is told. */
  cover(folder: string): void {
    try {
      this.#folders?.cover(folder);
    } catch (err) {
      if (FOLDER_IS_NOT_THERE.has((err as NodeJS.ErrnoException).code ?? '')) return;
      this.#log.warn({ err, folder: this.#folder }, 'too much to be watched: polling it');
      this.#stopNotifications();
    }
  }

  /** To be called when a path may be another folder than before, or none. */
  forget(path: string): void {
    this.#folders?.forget(path);
  }

  #stopNotifications(): void {
    clearTimeout(this.#gathering);
    this.#folders?.close();
    this.#folders = undefined;
  }

  #gather(path: string): void {
    this.#paths.add(path);
    // What lies in the queue comes in one turn of the event loop.
    if (this.#eventsAtOnce++ === 0)
      setImmediate(() => {
        if (this.#eventsAtOnce >= MAY_BE_LOST_FROM) this.#areSomeLost = true;
        this.#eventsAtOnce = 0;
      });
    this.#gathering ??= setTimeout(() => void this.#tell(), GATHER_MS);
  }

  /** One after the other: what comes while the last changes are looked at is gathered meanwhile. */
  async #tell(): Promise<void> {
    while (this.#folders && this.#paths.size > 0) {
      const paths = this.#areSomeLost ? undefined : this.#paths;
      this.#paths = new Set();
      this.#areSomeLost = false;
      await this.#onChange(paths);
      await pause(GATHER_MS, this.#stopping.signal);
    }
    this.#gathering = undefined;
  }

  async #check(): Promise<void> {
    const isDue = performance.now() >= this.#lookAgainAt;
    const isSame = (await identityOf(this.#folder)) === this.#identity;
    if (!this.#folders || isDue || !isSame) await this.#onChange(undefined);
  }
}

/** Which folder is at a path: another one there has another identity, and one that cannot be read, or none, an empty one. */
async function identityOf(folder: string): Promise<string> {
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    await access(folder, constants.R_OK | constants.X_OK);
    return `${dev}-${ino}`;
  } catch {
    return '';
  }
}
