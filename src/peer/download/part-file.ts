// The part of a file whose content nobody has proven: bytes from the first one on, and beside them which
// state of which source they are from, so that a source that has the very same can go on.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { isStrongTag } from '../../protocol/ranges.ts';
import { Part, writing } from './part.ts';
import type { ContentState, Sink } from './sink.ts';

export class PartFile implements Sink {
  length: number;
  state: ContentState;
  readonly #part: Part;

  private constructor(part: Part, kept: { length: number; state: ContentState }) {
    this.#part = part;
    this.length = kept.length;
    this.state = kept.state;
  }

  /**
   * Opens the part of a target file, with what an earlier process left of it.
   *
   * @param replaces whether a file that is there already may be replaced
   * @throws CodedError `file-exists`, `download-in-progress`, `cannot-write`, `disk-full`
   */
  static async open(target: string, replaces: boolean): Promise<PartFile> {
    const part = await Part.open(target, replaces);
    try {
      return new PartFile(part, await writing(part.path, () => whatIsKept(part)));
    } catch (error) {
      await part.leave(true);
      throw error;
    }
  }

  get path(): string {
    return this.#part.path;
  }

  begin(state: ContentState): Promise<void> {
    const { handle, path, statePath } = this.#part;
    return writing(path, async () => {
      await handle.truncate(0);
      this.length = 0;
      this.state = state;
      await rm(statePath, { force: true });
      // Without a tag nobody could go on with it: there is nothing to remember.
      if (state.tag !== undefined)
        await writeFile(statePath, JSON.stringify(state), { flag: 'wx' });
    });
  }

  rewindTo(length: number): void {
    this.length = Math.min(this.length, length);
  }

  write(chunk: Buffer): Promise<void> {
    const { handle, path } = this.#part;
    return writing(path, async () => {
      for (let written = 0; written < chunk.length;) {
        const { bytesWritten } = await handle.write(
          chunk,
          written,
          chunk.length - written,
          this.length,
        );
        written += bytesWritten;
        this.length += bytesWritten;
      }
    });
  }

  /** What it holds is of no use: nothing is kept. */
  forget(): void {
    this.length = 0;
    this.state = {};
  }

  /** Gives the file its final name. @throws CodedError `file-exists`, `cannot-write`, `disk-full` */
  async finish(): Promise<void> {
    const { handle, path } = this.#part;
    // What came back from an earlier process may be longer than what is true of it.
    await writing(path, () => handle.truncate(this.length));
    await this.#part.finish();
  }

  /** Lets go of the part; it stays for the next run, unless there is nothing in it. */
  leave(): Promise<void> {
    return this.#part.leave(this.length > 0 && this.state.tag !== undefined);
  }
}

/** What an earlier process left, as far as it is known what it is from; the rest is cut off. */
async function whatIsKept({
  handle,
  statePath,
}: Part): Promise<{ length: number; state: ContentState }> {
  const { size: length } = await handle.stat();
  const state = await keptState(statePath);
  if (state !== undefined && length <= (state.size ?? 0)) return { length, state };
  await handle.truncate(0);
  return { length: 0, state: {} };
}

/** What an earlier process remembered, if it makes sense. */
async function keptState(path: string): Promise<ContentState | undefined> {
  try {
    const { tag, size } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    if (
      typeof tag === 'string' &&
      isStrongTag(tag) &&
      Number.isSafeInteger(size) &&
      Number(size) >= 0
    )
      return { tag, size: Number(size) };
  } catch {
    // Nothing was remembered, or not to the end.
  }
  return undefined;
}
