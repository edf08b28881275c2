// A small JSON file in which a peer keeps what it is to know after a restart: written whole or not at all, and
// never trusted when it is read.
import { readFile, rename, stat } from 'node:fs/promises';
import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/schema';
import type { Logger } from '../lib/log.ts';
import { replaceFile } from '../lib/replace-file.ts';

/** No file of ours is larger; what is there is another file. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const BROKEN_ENDING = '.broken';

export class StateFile<S extends TSchema> {
  readonly #path: string | undefined;
  readonly #schema: S;
  readonly #log: Logger;
  #writing: Promise<void> | undefined;
  /** What to write when that is done. */
  #next: (() => Static<S>) | undefined;

  /** @param path undefined: nothing is kept */
  constructor(path: string | undefined, schema: S, log: Logger) {
    this.#path = path;
    this.#schema = schema;
    this.#log = log;
  }

  /** What was kept; undefined: nothing. What makes no sense is put aside. Never rejects. */
  async load(): Promise<Static<S> | undefined> {
    if (this.#path === undefined) return undefined;
    try {
      const { size } = await stat(this.#path);
      if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes`);
      const value: unknown = JSON.parse(await readFile(this.#path, 'utf8'));
      if (!Check(this.#schema, value)) throw new Error('it is of another shape');
      return value;
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      const aside = this.#path + BROKEN_ENDING;
      await rename(this.#path, aside).catch(() => undefined);
      this.#log.error({ err, file: this.#path, aside }, 'what was kept cannot be read: begun anew');
      return undefined;
    }
  }

  /** Resolves when this state, or a later one, is on the disk, or could not be written. Never rejects. */
  async save(value: () => Static<S>): Promise<void> {
    this.#next = value;
    do
      await (this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      }));
    while (this.#isBusy);
  }

  /** Asked anew each time: while a caller awaits, the answer changes. */
  get #isBusy(): boolean {
    return this.#next !== undefined || this.#writing !== undefined;
  }

  async #write(): Promise<void> {
    const value = this.#next;
    this.#next = undefined;
    if (this.#path !== undefined && value) {
      try {
        await replaceFile(this.#path, JSON.stringify(value()));
      } catch (err) {
        this.#log.error({ err, file: this.#path }, 'the state could not be kept');
      }
    }
  }
}
