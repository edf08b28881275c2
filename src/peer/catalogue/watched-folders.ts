// The system's notifications for folders. macOS and Windows tell of a whole tree at once; Linux tells
// only what happens directly in a folder, so there each one is watched for itself, and it is the
// caller who says which folders there are.
import { watch, type FSWatcher } from 'node:fs';
import { basename, join, sep } from 'node:path';

/** Told the path of what may have changed; a folder that came, went or moved is told by its own. */
type OnEvent = (path: string) => void;

export interface WatchedFolders {
  /** Watches a folder; to be called before it is looked into. @throws what `fs.watch` throws */
  cover(folder: string): void;
  /** Lets go of a folder and all below: another one may be there now. */
  forget(folder: string): void;
  close(): void;
}

/** Undefined: this system has no notifications that can be relied on. */
export function watchedFolders(onEvent: OnEvent): WatchedFolders | undefined {
  const { platform } = process;
  if (platform === 'linux' || platform === 'android') return new FolderByFolder(onEvent);
  if (platform === 'darwin' || platform === 'win32') return new WholeTree(onEvent);
  return undefined;
}

class WholeTree implements WatchedFolders {
  readonly #onEvent: OnEvent;
  #top: { folder: string; watcher: FSWatcher } | undefined;

  constructor(onEvent: OnEvent) {
    this.#onEvent = onEvent;
  }

  cover(folder: string): void {
    // A tree is looked into from its top: the first folder is the one that all others are in.
    this.#top ??= {
      folder,
      watcher: watch(folder, { recursive: true }, (_event, path) => {
        this.#onEvent(path === null ? folder : join(folder, path));
      }).on('error', () => {
        this.#onEvent(folder);
      }),
    };
  }

  forget(folder: string): void {
    if (folder === this.#top?.folder) this.close();
  }

  close(): void {
    this.#top?.watcher.close();
    this.#top = undefined;
  }
}

interface Watched {
  watcher?: FSWatcher;
  below: Map<string, Watched>;
}

class FolderByFolder implements WatchedFolders {
  readonly #onEvent: OnEvent;
  #top: Watched = { below: new Map() };

  constructor(onEvent: OnEvent) {
    this.#onEvent = onEvent;
  }

  cover(folder: string): void {
    let at = this.#top;
    for (const segment of folder.split(sep)) {
      let next = at.below.get(segment);
      if (!next) at.below.set(segment, (next = { below: new Map() }));
      at = next;
    }
    const ownName = basename(folder);
    at.watcher ??= watch(folder, (event, name) => {
      // What becomes of the folder itself is told under its own name, like something in it.
      if (name === null || (event === 'rename' && name === ownName)) this.#onEvent(folder);
      if (name !== null) this.#onEvent(join(folder, name));
    }).on('error', () => {
      this.#onEvent(folder);
    });
  }

  forget(folder: string): void {
    const above = folder.split(sep);
    const last = above.pop() ?? '';
    let parent: Watched | undefined = this.#top;
    for (const segment of above) parent = parent?.below.get(segment);
    const gone = parent?.below.get(last);
    if (!gone) return;
    parent?.below.delete(last);
    closeAll(gone);
  }

  close(): void {
    closeAll(this.#top);
    this.#top = { below: new Map() };
  }
}

function closeAll(top: Watched): void {
  const rest = [top];
  for (let next = rest.pop(); next; next = rest.pop()) {
    next.watcher?.close();
    for (const each of next.below.values()) rest.push(each);
  }
}
