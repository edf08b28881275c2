// Reads a content of which some may still have to come: waits for each piece, and has those near it fetched
// first. What is read is on the disk by then, and verified.
import { open, type FileHandle } from 'node:fs/promises';
import { CodedError } from '../../protocol/errors.ts';
import { pieceLengthOf } from '../../protocol/merkle.ts';

const CHUNK_BYTES = 256 * 1024;

/** What is needed of the download. */
export interface Readable {
  /** Bytes; null: not proven yet. */
  readonly size: number | null;
  has(piece: number): boolean;
  /** Whether what is missing may come. */
  readonly isComing: boolean;
  /** Where its bytes may be, to be tried in turn. */
  readonly file: string[];
}

export class Reading {
  readonly #content: Readable;
  readonly #onOrder: () => void;
  /** Who reads, and from which piece on; the one who asked last at the end. */
  readonly #readers = new Map<object, number>();
  readonly #waiting = new Set<() => void>();

  /** @param onOrder told that {@link wantedFrom} is another one */
  constructor(content: Readable, onOrder: () => void) {
    this.#content = content;
    this.#onOrder = onOrder;
  }

  /** The piece from which on pieces are wanted first; undefined: nobody waits for one. */
  get wantedFrom(): number | undefined {
    return [...this.#readers.values()].at(-1);
  }

  /** A piece has come, or none will. */
  wake(): void {
    for (const look of this.#waiting) look();
    this.#waiting.clear();
  }

  /** See `ReadableContent` of control/controlled. */
  async *read(start: number, end: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const pieceLength = pieceLengthOf(this.#content.size ?? 0);
    const reader = {};
    let file: FileHandle | undefined;
    try {
      for (let at = start; at <= end;) {
        const piece = Math.floor(at / pieceLength);
        await this.#arrived(piece, reader, signal);
        file ??= await this.#open();
        const behind = Math.min(end + 1, (piece + 1) * pieceLength);
        while (at < behind) {
          const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, behind - at));
          const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
          if (bytesRead === 0) throw new CodedError('not-found', 'The file is not what it was.');
          yield chunk.subarray(0, bytesRead);
          at += bytesRead;
        }
      }
    } finally {
      if (this.#readers.delete(reader)) this.#onOrder();
      await file?.close();
    }
  }

  async #arrived(piece: number, reader: object, signal: AbortSignal): Promise<void> {
    const content = this.#content;
    while (!content.has(piece)) {
      if (signal.aborted) throw new CodedError('interrupted', 'Interrupted.');
      if (!content.isComing)
        throw new CodedError('not-ready', 'The download has stopped before this came.');
      if (this.#readers.get(reader) !== piece) {
        this.#readers.delete(reader);
        this.#readers.set(reader, piece);
        this.#onOrder();
      }
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const look = () => {
        signal.removeEventListener('abort', look);
        resolve(undefined);
      };
      this.#waiting.add(look);
      signal.addEventListener('abort', look);
      await promise;
      this.#waiting.delete(look);
    }
  }

  /** Between two looks the part may have become the file. */
  async #open(): Promise<FileHandle> {
    for (const path of this.#content.file) {
      const file = await open(path).catch(() => undefined);
      if (file) return file;
    }
    throw new CodedError('not-found', 'The file is not there any more.');
  }
}
