// Which files hold a content, by its root. Most contents are held by one file, some by very many.
import type { SharedFile } from './shared-file.ts';

export class ContentIndex {
  readonly #byRoot = new Map<string, SharedFile | Set<SharedFile>>();

  add(file: SharedFile): void {
    const there = this.#byRoot.get(file.root);
    if (there instanceof Set) there.add(file);
    else this.#byRoot.set(file.root, there ? new Set([there, file]) : file);
  }

  remove(file: SharedFile): void {
    const there = this.#byRoot.get(file.root);
    if (there === file) this.#byRoot.delete(file.root);
    else if (there instanceof Set && there.delete(file) && there.size === 0)
      this.#byRoot.delete(file.root);
  }

  holding(root: string): Iterable<SharedFile> {
    const there = this.#byRoot.get(root);
    return there instanceof Set ? there : there ? [there] : [];
  }
}
