// A peer's own list of what it offers, over all its shares. Where two shares hold one name, the
// share that was named first wins.
import { resolve } from 'node:path';
import type { Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import { Share } from './share.ts';
import { openSharedFile, type OpenedFile, type SharedFile } from './shared-file.ts';

export interface CatalogueOptions {
  folders: string[];
  /** Told the names that came, changed or went. */
  onChange: (names: Iterable<string>) => void;
  log: Logger;
  /** Default: true, changes are learnt from the system's notifications. Otherwise by polling. */
  notifications?: boolean | undefined;
}

export class Catalogue implements Startable {
  readonly #shares: Share[];
  #sorted: string[] | undefined;

  constructor(options: CatalogueOptions) {
    const { onChange, log, notifications = true } = options;
    const folders = new Set(options.folders.map((folder) => resolve(folder)));
    this.#shares = Array.from(
      folders,
      (folder) =>
        new Share({
          folder,
          onChange: (names) => {
            this.#sorted = undefined;
            onChange(names);
          },
          log,
          notifications,
        }),
    );
  }

  /** Resolves when every share has been looked through. @throws CodedError `bad-share` */
  async start(): Promise<void> {
    for (const share of this.#shares) await share.start();
  }

  async stop(): Promise<void> {
    for (const share of this.#shares) await share.stop();
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
      for (const share of this.#shares)
        if (share.files.get(name) === file) await share.look([file.path]);
      const now = this.find(name);
      return now && { file: now, opened: await openSharedFile(now) };
    }
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
}
