// One shared folder: the files that it offers, kept true by a watch on it.
import { realpath, stat } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import { CodedError } from '../../protocol/errors.ts';
import { isHidden, nameOfPath, scan } from './scan.ts';
import { isSameState, type SharedFile } from './shared-file.ts';
import { FolderWatch } from './watch.ts';

export class Share implements Startable {
  /** By name. */
  readonly files = new Map<string, SharedFile>();
  /** Files that no name can be given to, at the last look at everything. */
  unnameable = 0;
  readonly #folder: string;
  readonly #onChange: (names: Iterable<string>) => void;
  readonly #log: Logger;
  #root = '';
  #watch: FolderWatch | undefined;
  /** Looks at the folder happen one after the other: the last one to look must be the last to write. */
  #looking: Promise<void> = Promise.resolve();

  constructor(folder: string, onChange: (names: Iterable<string>) => void, log: Logger) {
    this.#folder = folder;
    this.#onChange = onChange;
    this.#log = log;
  }

  /** @throws CodedError `bad-share` */
  async start(): Promise<void> {
    this.#root = await folderAt(this.#folder);
    // Watch first: what comes while the scan runs is then not missed.
    this.#watch = new FolderWatch(this.#root, (paths) => this.look(paths), this.#log);
    await this.#watch.start();
    await this.look();
  }

  async stop(): Promise<void> {
    await this.#watch?.stop();
    await this.#looking;
  }

  /** Looks at some paths, or at everything, and takes over what it finds. */
  look(paths?: string[]): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      try {
        const changed = paths ? await this.#lookAt(paths) : await this.#lookAtAll();
        if (changed.size > 0) this.#onChange(changed);
      } catch (err) {
        this.#log.error({ err, folder: this.#folder }, 'looking through the folder failed');
      }
    });
    return this.#looking;
  }

  async #lookAtAll(): Promise<Set<string>> {
    const { files, unnameable } = await scan(this.#root);
    this.unnameable = unnameable;
    const changed = new Set<string>();
    const found = this.#takeOver(files, changed);
    for (const name of this.files.keys()) if (!found.has(name)) this.#remove(name, changed);
    return changed;
  }

  async #lookAt(paths: string[]): Promise<Set<string>> {
    const changed = new Set<string>();
    /** What may have been folders: all below them that is not found again is gone. */
    const folders: string[] = [];
    const found = new Set<string>();
    for (const path of new Set(paths)) {
      const relativePath = relative(this.#root, path);
      if (relativePath === '') return this.#lookAtAll();
      if (relativePath.startsWith(`..${sep}`) || isHidden(relativePath)) continue;
      const name = nameOfPath(relativePath);
      const { files } = await scan(this.#root, path);
      for (const each of this.#takeOver(files, changed)) found.add(each);
      if (name === undefined || found.has(name)) continue;
      if (this.files.has(name)) this.#remove(name, changed);
      else folders.push(`${name}/`);
    }
    if (folders.length > 0)
      for (const name of this.files.keys())
        if (!found.has(name) && folders.some((folder) => name.startsWith(folder)))
          this.#remove(name, changed);
    return changed;
  }

  #takeOver(files: SharedFile[], changed: Set<string>): Set<string> {
    const found = new Set<string>();
    for (const file of files) {
      // Two spellings of one name (NFC and NFD) can lie side by side: the first that was found stays.
      if (found.has(file.name)) continue;
      found.add(file.name);
      const before = this.files.get(file.name);
      if (before?.realPath === file.realPath && isSameState(before.state, file.state)) continue;
      this.files.set(file.name, file);
      changed.add(file.name);
    }
    return found;
  }

  #remove(name: string, changed: Set<string>): void {
    this.files.delete(name);
    changed.add(name);
  }
}

async function folderAt(path: string): Promise<string> {
  try {
    const root = await realpath(path);
    if ((await stat(root)).isDirectory()) return root;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CodedError('bad-share', `${path} cannot be shared: ${code ?? 'it cannot be read'}.`, {
      cause,
    });
  }
  throw new CodedError('bad-share', `${path} cannot be shared: it is not a folder.`);
}
