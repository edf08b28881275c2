// A peer's own list of what it offers, over all its shares. Where two shares hold one name, the
// share that was named first wins.
import { lstat, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pause, type Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import { Identities, type Indexing } from './identities.ts';
import type { Identity } from './hasher.ts';
import { Share } from './share.ts';
import { openSharedFile, stateOf, type OpenedFile, type SharedFile } from './shared-file.ts';
import { SortedNames } from './sorted-names.ts';

/** Who asks for a file that has just changed waits so long for it to be hashed. */
const HASHED_WITHIN_MS = 5_000;

export interface CatalogueOptions {
  folders: string[];
  /** Where the roots of files are remembered. Default: `:memory:`, for this run only. */
  cacheFile?: string | undefined;
  /** Told the names that came, went, or stand for another content now. */
  onChange: (names: Iterable<string>) => void;
  log: Logger;
  /** Default: true, changes are learnt from the system's notifications. Otherwise by polling. */
  notifications?: boolean | undefined;
}

export class Catalogue implements Startable {
  readonly #options: CatalogueOptions;
  readonly #shares: Share[] = [];
  readonly #identities: Identities;
  readonly #names = new SortedNames((name) => this.find(name) !== undefined);
  /** Shares that are no more, and have to let go yet. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(options: CatalogueOptions) {
    this.#options = options;
    this.#identities = new Identities(options.cacheFile ?? ':memory:', options.log);
  }

  /** Resolves when every share has been looked through; files are offered as they are hashed. @throws CodedError `bad-share` */
  async start(): Promise<void> {
    await this.#identities.start();
    for (const folder of this.#options.folders) await (await this.add(folder)).look();
  }

  async stop(): Promise<void> {
    for (const share of this.#shares) await share.stop();
    await Promise.all(this.#leaving);
    await this.#identities.stop();
  }

  get shares(): readonly Share[] {
    return this.#shares;
  }

  /**
   * Shares one more folder; what is in it is offered after the first look at it. One that is shared already
   * is answered as it is.
   *
   * @param mustBeThere whether it is an error that the folder is not there; it may still come otherwise
   * @throws CodedError `bad-share`
   */
  async add(path: string, mustBeThere = true): Promise<Share> {
    const { onChange, log, notifications = true } = this.#options;
    const folder = resolve(path);
    const known = this.#shares.find((share) => share.folder === folder);
    if (known) return known;
    const share = new Share({
      ...{ folder, identities: this.#identities, log, notifications },
      onChange: (names) => {
        this.#changed(names);
        onChange(names);
      },
    });
    this.#shares.push(share);
    try {
      await share.start(mustBeThere);
    } catch (error) {
      this.#take(share);
      throw error;
    }
    return share;
  }

  /** Offers nothing more of a share, from now on. */
  remove(share: Share): void {
    if (!this.#take(share)) return;
    const leaving = share.stop().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
    const names = [...share.files.keys()];
    share.forget();
    this.#changed(names);
    this.#options.onChange(names);
  }

  #take(share: Share): boolean {
    const at = this.#shares.indexOf(share);
    if (at !== -1) this.#shares.splice(at, 1);
    return at !== -1;
  }

  #changed(names: Iterable<string>): void {
    this.#names.changed(names);
  }

  /**
   * Takes over a file of a share that was just made of verified pieces, and resolves when it is offered, or
   * is in no share, or is another file by now.
   */
  async adopt(path: string, size: number, identity: Identity): Promise<void> {
    const realPath = await realpath(path).catch(() => path);
    const stats = await lstat(realPath, { bigint: true }).catch(() => undefined);
    if (stats?.isFile() && Number(stats.size) === size)
      this.#identities.keep({ name: '', path, realPath, state: stateOf(stats) }, identity);
    for (const share of this.#shares) {
      if (!share.holds(realPath)) continue;
      const name = share.nameOf(realPath);
      if (name === undefined) continue;
      await share.look([realPath]);
      await share.identified(name);
    }
  }

  /** Resolves when everything that was found so far is hashed. */
  async indexed(): Promise<void> {
    for (const share of this.#shares) await share.identified();
  }

  find(name: string): SharedFile | undefined {
    for (const { files } of this.#shares) {
      const file = files.get(name);
      if (file) return file;
    }
    return undefined;
  }

  /**
   * Opens the file behind a name as it is now: one that changed unnoticed is looked at again first.
   * Undefined: nothing is offered under this name.
   *
   * @throws CodedError `not-found` when it changes at this very moment, or may not be read
   */
  async open(name: string): Promise<{ file: SharedFile; opened: OpenedFile } | undefined> {
    const file = this.find(name);
    if (!file) return undefined;
    try {
      return { file, opened: await openSharedFile(file) };
    } catch {
      await this.#lookAgain(file);
      const now = this.find(name);
      return now && { file: now, opened: await openSharedFile(now) };
    }
  }

  /**
   * Opens a file that holds a content, whatever it is called. Undefined: none is offered, or none is
   * as it was when it was hashed.
   */
  async openContent(root: string): Promise<{ file: SharedFile; opened: OpenedFile } | undefined> {
    for (const file of this.#holding(root)) {
      try {
        return { file, opened: await openSharedFile(file) };
      } catch {
        void this.#lookAgain(file);
      }
    }
    return undefined;
  }

  /** Size and piece layer of a content that is offered. */
  async shapeOf(root: string): Promise<{ size: number; layer: Uint8Array } | undefined> {
    for (const file of this.#holding(root)) {
      const layer = await this.#identities.layerOf(file);
      if (layer) return { size: file.state.size, layer };
    }
    return undefined;
  }

  /** How many files were found, and how many bytes they have, whether they are offered already or not. */
  get found(): { files: number; bytes: number } {
    const sizes = new Map<string, number>();
    for (const share of this.#shares)
      for (const { name, state } of share.found())
        if (!sizes.has(name)) sizes.set(name, state.size);
    return { files: sizes.size, bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
  }

  get indexing(): Indexing {
    return this.#identities.indexing;
  }

  /** All names in code unit order. */
  get names(): readonly string[] {
    return this.#names.all;
  }

  /** Up to `limit` files whose names come after `after`. */
  page(after: string, limit: number): SharedFile[] {
    const { names } = this;
    const first = firstAfter(names, after);
    return names.slice(first, first + limit).flatMap((name) => this.find(name) ?? []);
  }

  /**
   * Up to `limit` names behind `after` that hold a text, in any case; and the last of them if there are more.
   */
  namesWith(text: string, after: string, limit: number): { names: string[]; next: string | null } {
    const { names } = this;
    const wanted = text.normalize('NFC').toLowerCase();
    const found: string[] = [];
    for (let at = firstAfter(names, after); at < names.length; at++) {
      const name = names[at] ?? '';
      if (!name.toLowerCase().includes(wanted)) continue;
      if (found.length === limit) return { names: found, next: found.at(-1) ?? null };
      found.push(name);
    }
    return { names: found, next: null };
  }

  /** Files that are left out because no name can be given to them. */
  get unnameable(): number {
    return this.#shares.reduce((sum, share) => sum + share.unnameable, 0);
  }

  *#holding(root: string): Generator<SharedFile> {
    for (const { contents } of this.#shares) yield* contents.holding(root);
  }

  /** Looks at a file anew, and waits a while until it is known which content it is now. */
  async #lookAgain(file: SharedFile): Promise<void> {
    const done = new AbortController();
    for (const share of this.#shares) {
      if (share.files.get(file.name) !== file) continue;
      await share.look([file.path]);
      await Promise.race([share.identified(file.name), pause(HASHED_WITHIN_MS, done.signal)]);
    }
    done.abort();
  }
}

/** Where those begin that come after a name, in a sorted list. */
function firstAfter(names: readonly string[], after: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
