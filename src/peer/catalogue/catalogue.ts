// A peer's own list of what it offers, over all its shares. Where two shares hold one name, the
// share that was named first wins.
import { resolve } from 'node:path';
import { pause, type Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import { Identities, type Indexing } from './identities.ts';
import { Share } from './share.ts';
import { openSharedFile, type OpenedFile, type SharedFile } from './shared-file.ts';

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
  readonly #shares: Share[];
  readonly #identities: Identities;
  #sorted: string[] | undefined;

  constructor(options: CatalogueOptions) {
    const { onChange, log, cacheFile = ':memory:', notifications = true } = options;
    const identities = new Identities(cacheFile, log);
    this.#identities = identities;
    const folders = new Set(options.folders.map((folder) => resolve(folder)));
    this.#shares = Array.from(
      folders,
      (folder) =>
        new Share({
          folder,
          identities,
          onChange: (names) => {
            this.#sorted = undefined;
            onChange(names);
          },
          log,
          notifications,
        }),
    );
  }

  /** Resolves when every share has been looked through; files are offered as they are hashed. @throws CodedError `bad-share` */
  async start(): Promise<void> {
    await this.#identities.start();
    for (const share of this.#shares) await share.start();
  }

  async stop(): Promise<void> {
    for (const share of this.#shares) await share.stop();
    await this.#identities.stop();
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
    return (this.#sorted ??= [
      ...new Set(this.#shares.flatMap(({ files }) => [...files.keys()])),
    ].sort());
  }

  /** Up to `limit` files whose names come after `after`. */
  page(after: string, limit: number): SharedFile[] {
    const { names } = this;
    let low = 0;
    let high = names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((names[middle] ?? '') > after) high = middle;
      else low = middle + 1;
    }
    return names.slice(low, low + limit).flatMap((name) => this.find(name) ?? []);
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
