// One shared folder: the files that it offers, kept true by a watch on it. A file is offered once it is
// known which content it is.
import { createHash } from 'node:crypto';
import { access, constants, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { forEachOf } from '../../lib/concurrency.ts';
import type { Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import { CodedError } from '../../protocol/errors.ts';
import { ContentIndex } from './content-index.ts';
import { FoundFiles } from './found-files.ts';
import type { Identities } from './identities.ts';
import { isHidden, nameOfPath, scan } from './scan.ts';
import { isSameState, type FoundFile, type SharedFile } from './shared-file.ts';
import { FolderWatch } from './watch.ts';

/** Paths that are looked at at the same time; see LOOKUPS_AT_ONCE in scan.ts. */
const PATHS_AT_ONCE = 16;
/** Of what was found so many files are taken over in one go: others have to do, too. */
const TAKEN_AT_ONCE = 500;
const ID_DIGITS = 16;

export interface ShareOptions {
  folder: string;
  identities: Identities;
  /** Told the names that came, went, or stand for another content now. */
  onChange: (names: Iterable<string>) => void;
  log: Logger;
  /** Whether the system's notifications are used. Otherwise the folder is polled. */
  notifications: boolean;
}

export class Share implements Startable {
  /** What is offered, by name. */
  readonly files = new Map<string, SharedFile>();
  /** The same, by content. */
  readonly contents = new ContentIndex();
  /** Files that no name can be given to, at the last look at everything. */
  unnameable = 0;
  /** Counts of what was found. */
  readonly counts = new FoundFiles();
  /** Tells it from others, also after a restart. */
  readonly id: string;
  /** Why nothing of it can be offered now; undefined: it can. */
  fault: CodedError | undefined;
  readonly #folder: string;
  readonly #identities: Identities;
  readonly #onChange: (names: Iterable<string>) => void;
  readonly #log: Logger;
  readonly #watch: FolderWatch;
  /** The folder without symlinks. */
  #root = '';
  /** The names of folders that hold files, and of some that did. */
  readonly #folders = new Set<string>();
  /** Those of the files that are symlinks to others of the share. */
  readonly #links = new Map<string, FoundFile>();
  /** Files of which it is being found out which content they are, by name. */
  readonly #identifying = new Map<string, { file: FoundFile; done: Promise<void> }>();
  /** Looks at the folder happen one after the other: the last one to look must be the last to write. */
  #looking: Promise<void> = Promise.resolve();
  #isForgotten = false;

  constructor({ folder, identities, onChange, log, notifications }: ShareOptions) {
    this.#folder = folder;
    this.id = createHash('sha256').update(folder).digest('hex').slice(0, ID_DIGITS);
    this.#identities = identities;
    this.#onChange = onChange;
    this.#log = log;
    this.#watch = new FolderWatch(folder, (paths) => this.look(paths), log, notifications);
  }

  get folder(): string {
    return this.#folder;
  }

  /** Whether a path, without symlinks, is in it. */
  holds(path: string): boolean {
    return path.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep);
  }

  /** The name of a path in it, without symlinks; undefined: there is none. */
  nameOf(path: string): string | undefined {
    return nameOfPath(relative(this.#root, path));
  }

  /** It is no share any more: of what is being hashed nothing is offered. */
  forget(): void {
    this.#isForgotten = true;
    this.#identifying.clear();
    this.files.clear();
  }

  /**
   * Begins to watch the folder; nothing is offered before the first {@link look}.
   *
   * @param mustBeThere whether it is an error that the folder is not there; it may still come otherwise
   * @throws CodedError `bad-share`
   */
  async start(mustBeThere = true): Promise<void> {
    this.#root = await folderAt(this.#folder).catch((error: unknown) => {
      if (mustBeThere) throw error;
      return this.#folder;
    });
    await this.#watch.start();
  }

  async stop(): Promise<void> {
    await this.#watch.stop();
    await this.#looking;
  }

  /** Resolves when it is known of every file, or of one name, which content it is. */
  async identified(name?: string): Promise<void> {
    if (name !== undefined) await this.#identifying.get(name)?.done;
    else while (this.#identifying.size > 0) await Promise.all(this.#underWay());
  }

  /** What was found, whether it is offered already or not. */
  *found(): Generator<FoundFile> {
    for (const { file } of this.#identifying.values()) yield file;
    for (const file of this.files.values()) if (!this.#identifying.has(file.name)) yield file;
  }

  /** Looks at some paths, or at everything, and takes over what it finds. Never rejects. */
  look(paths?: Iterable<string>): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      try {
        const changed = paths ? await this.#lookAt(new Set(paths)) : await this.#lookAtAll();
        if (changed.size > 0) this.#onChange(changed);
      } catch (err) {
        this.#log.error({ err, folder: this.#folder }, 'looking through the folder failed');
      }
    });
    return this.#looking;
  }

  async #lookAtAll(): Promise<Set<string>> {
    await this.#watch.beginAnew();
    // The folder may have come back as another one. One that is away holds nothing.
    await this.#findRoot();
    const { files, unnameable } = await scan(this.#root, this.#root, (folder) => {
      this.#watch.cover(folder);
    });
    this.unnameable = unnameable;
    this.#folders.clear();
    const changed = new Set<string>();
    const found = await this.#takeOver(files, changed);
    for (const name of this.#names()) if (!found.has(name)) this.#remove(name, changed);
    return changed;
  }

  async #lookAt(paths: ReadonlySet<string>): Promise<Set<string>> {
    if (paths.has(this.#root)) return this.#lookAtAll();
    const changed = new Set<string>();
    const found = new Set<string>();
    /** The names that were looked at. What was offered at or below them and is not found is gone. */
    const looked = new Set<string>();
    const lookAt = async (path: string): Promise<void> => {
      const name = nameOfPath(relative(this.#root, path));
      this.#watch.forget(path);
      const { files } = await scan(this.#root, path, (folder) => {
        this.#watch.cover(folder);
      });
      for (const each of await this.#takeOver(files, changed)) found.add(each);
      if (name !== undefined) looked.add(name);
    };
    await forEachOf(this.#toLookAt(paths), PATHS_AT_ONCE, lookAt);
    for (const { path, realPath } of this.#links.values())
      if (paths.has(realPath) || isBelowOneOf(realPath, paths, sep)) await lookAt(path);
    for (const name of looked) if (!found.has(name)) this.#remove(name, changed);
    const folders = new Set([...looked].filter((name) => this.#folders.has(name)));
    if (folders.size > 0)
      for (const name of this.#names())
        if (!found.has(name) && isBelowOneOf(name, folders, '/')) this.#remove(name, changed);
    return changed;
  }

  /** The paths of the share among these, without those that a look at another one covers. */
  *#toLookAt(paths: ReadonlySet<string>): Generator<string> {
    for (const path of paths) {
      const relativePath = relative(this.#root, path);
      const isOutside = relativePath.startsWith(`..${sep}`) || isAbsolute(relativePath);
      if (isOutside || isHidden(relativePath) || isBelowOneOf(path, paths, sep)) continue;
      yield path;
    }
  }

  async #findRoot(): Promise<void> {
    try {
      this.#root = await folderAt(this.#folder);
      this.fault = undefined;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      if (!this.fault) this.#log.warn({ err: error }, 'a share is away');
      this.fault = error;
    }
  }

  async #takeOver(files: FoundFile[], changed: Set<string>): Promise<Set<string>> {
    const found = new Set<string>();
    let taken = 0;
    for (const file of files) {
      if (++taken % TAKEN_AT_ONCE === 0) await setImmediate();
      if (this.#isForgotten) break;
      // Two spellings of one name (NFC and NFD) can lie side by side: the first that was found stays.
      if (found.has(file.name)) continue;
      found.add(file.name);
      for (const folder of above(file.name, '/')) {
        if (this.#folders.has(folder)) break;
        this.#folders.add(folder);
      }
      const before = this.#identifying.get(file.name)?.file ?? this.files.get(file.name);
      if (before?.realPath === file.realPath && isSameState(before.state, file.state)) continue;
      if (file.realPath === file.path) this.#links.delete(file.name);
      else this.#links.set(file.name, file);
      this.counts.set(file.name, file.state.size);
      const root = this.#identities.known(file);
      if (root !== undefined) this.#offer({ ...file, root }, changed);
      else this.#identifying.set(file.name, { file, done: this.#identify(file) });
    }
    return found;
  }

  /** Finds out which content a file is, and offers it. What was offered under its name stays until then. */
  async #identify(file: FoundFile): Promise<void> {
    const isWanted = () => this.#identifying.get(file.name)?.file === file;
    const hashing = this.counts.hash(file.state.size);
    const identity = await this.#identities.identify(file, isWanted, hashing.onHashed);
    hashing.end(typeof identity === 'object');
    if (!isWanted()) return;
    const changed = new Set<string>();
    if (typeof identity === 'object') this.#offer({ ...file, ...identity }, changed);
    else if (identity === 'not-wanted') this.#identifying.delete(file.name);
    else {
      // The next look finds it anew. Until then nobody shall be sent here for it.
      this.#log.info({ path: file.path }, `it is not offered: ${identity}`);
      this.#remove(file.name, changed);
    }
    if (changed.size > 0) this.#onChange(changed);
  }

  /** A file whose content is the same as before is no change to anybody. */
  #offer(file: SharedFile, changed: Set<string>): void {
    this.#identifying.delete(file.name);
    const before = this.files.get(file.name);
    if (before) this.contents.remove(before);
    this.files.set(file.name, file);
    this.contents.add(file);
    if (before?.root !== file.root) changed.add(file.name);
  }

  #remove(name: string, changed: Set<string>): void {
    this.#identifying.delete(name);
    this.#links.delete(name);
    this.counts.delete(name);
    const before = this.files.get(name);
    if (!before) return;
    this.files.delete(name);
    this.contents.remove(before);
    changed.add(name);
  }

  /** Of all that was found. Those that go meanwhile are left out. */
  *#names(): Generator<string> {
    yield* this.files.keys();
    for (const name of this.#identifying.keys()) if (!this.files.has(name)) yield name;
  }

  *#underWay(): Generator<Promise<void>> {
    for (const { done } of this.#identifying.values()) yield done;
  }
}

/** What is above a name or a path, the nearest first. */
function* above(path: string, separator: string): Generator<string> {
  for (let at = path.lastIndexOf(separator); at > 0; at = path.lastIndexOf(separator, at - 1))
    yield path.slice(0, at);
}

function isBelowOneOf(path: string, folders: ReadonlySet<string>, separator: string): boolean {
  for (const folder of above(path, separator)) if (folders.has(folder)) return true;
  return false;
}

async function folderAt(path: string): Promise<string> {
  try {
    const root = await realpath(path);
    const isFolder = (await stat(root)).isDirectory();
    if (isFolder) await access(root, constants.R_OK | constants.X_OK);
    if (isFolder) return root;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CodedError('bad-share', `${path} cannot be shared: ${code ?? 'it cannot be read'}.`, {
      cause,
    });
  }
  throw new CodedError('bad-share', `${path} cannot be shared: it is not a folder.`);
}
