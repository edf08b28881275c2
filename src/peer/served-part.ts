// What is served of a content while it is being downloaded: the pieces that are there, out of the file that
// they are written to. Who may have them, and where, is the host's.
import { open, type FileHandle } from 'node:fs/promises';
import { pieceCountOf, pieceLengthOf } from '../protocol/merkle.ts';
import { PieceSet } from '../protocol/piece-set.ts';
import type { ContentShape } from './download/content-shape.ts';
import type { Holding, OpenedOffer } from './server/offers.ts';

export interface ServedContent {
  /** 64 hex digits. */
  root: string;
  name: string;
  shape: ContentShape;
}

export class ServedPart implements Holding {
  readonly root: string;
  readonly shape: ContentShape;
  readonly has: PieceSet;
  readonly #name: string;
  readonly #begun = Date.now();
  readonly #handle: FileHandle;
  readonly #listeners = new Set<(piece: number) => void>();
  /** The state of the file when it was complete. */
  #finished: { mtimeNs: bigint; size: bigint } | undefined;
  /** Answers that are being sent out of it. */
  #readers = 0;
  #isClosed = false;

  private constructor({ root, name, shape }: ServedContent, handle: FileHandle) {
    this.root = root;
    this.shape = shape;
    this.has = new PieceSet(pieceCountOf(shape.size));
    this.#name = name;
    this.#handle = handle;
  }

  /** @param path of the file that pieces are written to */
  static async open(content: ServedContent, path: string): Promise<ServedPart> {
    return new ServedPart(content, await open(path));
  }

  get size(): number {
    return this.shape.size;
  }

  onGain(tell: (piece: number) => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }

  /** A piece is there. False: it was before. */
  gain(piece: number): boolean {
    if (!this.has.add(piece)) return false;
    for (const tell of this.#listeners) tell(piece);
    return true;
  }

  /** Everything is there, and the file has its final name: nothing of it is served once it changes. */
  async finish(): Promise<void> {
    const { mtimeNs, size } = await this.#handle.stat({ bigint: true });
    this.#finished = { mtimeNs, size };
  }

  /** For one answer; undefined: it is served no more. */
  opened(): OpenedOffer | undefined {
    if (this.#isClosed) return undefined;
    this.#readers++;
    let isOpen = true;
    return {
      file: { name: this.#name, size: this.size, modified: this.#begun, root: this.root },
      handle: this.#handle,
      isUnchanged: () => this.#isUnchanged(),
      holds: (start, end) => this.#holds(start, end),
      [Symbol.asyncDispose]: async () => {
        if (!isOpen) return;
        isOpen = false;
        this.#readers--;
        await this.#closeIfUnused();
      },
    };
  }

  /** Serves nothing more; what is being sent may end. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#closeIfUnused();
  }

  async #closeIfUnused(): Promise<void> {
    if (this.#isClosed && this.#readers === 0) await this.#handle.close();
  }

  async #isUnchanged(): Promise<boolean> {
    if (!this.#finished) return true;
    const now = await this.#handle.stat({ bigint: true });
    return now.mtimeNs === this.#finished.mtimeNs && now.size === this.#finished.size;
  }

  #holds(start: number, end: number): boolean {
    const length = pieceLengthOf(this.size);
    for (let piece = Math.floor(start / length); piece * length <= end; piece++)
      if (!this.has.has(piece)) return false;
    return true;
  }
}
