// The part of a file whose content is known by its root: pieces in any order, and beside them a note of
// each that was verified. The note is a claim, checked again by whoever goes on with it.
import { constants, writeSync } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { pieceAt, pieceCountOf } from '../../protocol/merkle.ts';
import { Part, writing } from './part.ts';
import type { PieceStore } from './piece-store.ts';

/** Digits of the root in the name of the part: parts of different contents are different files. */
const ROOT_DIGITS = 16;
const CLAIMED = '1'.charCodeAt(0);
const CLAIM = Uint8Array.of(CLAIMED);
const NOT_CLAIMED = '0'.charCodeAt(0);

export class PieceFile implements PieceStore {
  readonly horizon = Infinity;
  readonly #part: Part;
  readonly #root: string;
  #notes: FileHandle | undefined;
  /** Where the claims begin in the notes. */
  #claimsAt = 0;
  #size = 0;
  /** Bytes of the pieces that are claimed; undefined: nobody has looked. */
  #claims: number | undefined;

  private constructor(part: Part, root: string) {
    this.#part = part;
    this.#root = root;
  }

  /**
   * Opens the part of a target file for a content, with what an earlier process left of it.
   *
   * @param replaces whether a file that is there already may be replaced
   * @throws CodedError `file-exists`, `download-in-progress`, `cannot-write`, `disk-full`
   */
  static async open(target: string, root: string, replaces: boolean): Promise<PieceFile> {
    return new PieceFile(await Part.open(target, replaces, root.slice(0, ROOT_DIGITS)), root);
  }

  get path(): string {
    return this.#part.path;
  }

  get descriptor(): number {
    return this.#part.handle.fd;
  }

  prepare(size: number): Promise<Uint8Array> {
    const { handle, path, statePath } = this.#part;
    return writing(path, async () => {
      const head = `${JSON.stringify({ root: this.#root, size })}\n`;
      const pieces = pieceCountOf(size);
      const kept = await openNotes(statePath, head, pieces);
      const claims = kept?.claims ?? new Uint8Array(pieces);
      this.#notes = kept?.handle ?? (await beginNotes(statePath, head, pieces));
      this.#claimsAt = head.length;
      this.#size = size;
      this.#claims = claims.reduce(
        (sum, isClaimed, piece) => sum + isClaimed * pieceAt(piece, size).length,
        0,
      );
      await handle.truncate(size);
      return claims;
    });
  }

  async take(piece: number): Promise<void> {
    // At once: what was verified and not noted would be lost should the process be killed.
    await writing(this.#part.statePath, () => {
      if (this.#notes) writeSync(this.#notes.fd, CLAIM, 0, 1, this.#claimsAt + piece);
      return Promise.resolve();
    });
    this.#claims = (this.#claims ?? 0) + pieceAt(piece, this.#size).length;
  }

  abandon(): void {
    // Nobody waits for a disk for long.
  }

  /** Removes what is left of a target's part for a content, where nobody has it open. */
  static remove(target: string, root: string): Promise<void> {
    return Part.remove(target, root.slice(0, ROOT_DIGITS));
  }

  /** Makes the part of a target that of another one in the same folder. @throws CodedError `cannot-write` */
  static move(from: string, to: string, root: string): Promise<void> {
    return Part.move(from, to, root.slice(0, ROOT_DIGITS));
  }

  /** Whether the file is still where it was made: neither it nor its folder has gone. */
  isInPlace(): Promise<boolean> {
    return this.#part.isInPlace();
  }

  /**
   * Gives the file its final name.
   *
   * @param target in the same folder; default: the one that it was opened for
   * @throws CodedError `file-exists`, `cannot-write`, `disk-full`
   */
  async finish(target?: string): Promise<void> {
    await this.#notes?.close();
    this.#notes = undefined;
    await this.#part.finish(target);
  }

  /**
   * Lets go of the part. It stays for the next run, unless there is nothing in it. Answers how many
   * bytes this run knows to be in it.
   */
  async leave(): Promise<number> {
    await this.#notes?.close();
    this.#notes = undefined;
    const isKept =
      this.#claims === undefined ? (await this.#part.handle.stat()).size > 0 : this.#claims > 0;
    await this.#part.leave(isKept);
    return this.#claims ?? 0;
  }
}

/** The notes of an earlier run, and what they claim. Undefined: there are none of this content. */
async function openNotes(
  path: string,
  head: string,
  pieces: number,
): Promise<{ handle: FileHandle; claims: Uint8Array } | undefined> {
  const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch(() => undefined);
  if (!handle) return undefined;
  const { size } = await handle.stat();
  // What is not as long as the notes is not even read: it may be anything.
  const notes = size === head.length + pieces ? await handle.readFile() : Buffer.alloc(0);
  if (notes.indexOf(head) === 0)
    return {
      handle,
      claims: notes.subarray(head.length).map((note) => (note === CLAIMED ? 1 : 0)),
    };
  await handle.close();
  return undefined;
}

/** First all of them, then their name: half of them would be none. */
async function beginNotes(path: string, head: string, pieces: number): Promise<FileHandle> {
  const begun = `${path}-new`;
  await rm(begun, { force: true });
  const handle = await open(begun, 'wx+', 0o600);
  try {
    await handle.writeFile(head + String.fromCharCode(NOT_CLAIMED).repeat(pieces));
    await rename(begun, path);
    return handle;
  } catch (error) {
    await handle.close();
    await rm(begun, { force: true });
    throw error;
  }
}
