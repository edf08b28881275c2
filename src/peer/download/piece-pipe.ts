// Pieces into a pipe, to stdout for example: they come in any order, are held in memory until those
// before them have been written, and no more are asked for than there is memory for.
import type { Writable } from 'node:stream';
import { CodedError } from '../../protocol/errors.ts';
import { pieceCountOf } from '../../protocol/merkle.ts';
import type { PieceStore } from './piece-store.ts';

export class PiecePipe implements PieceStore {
  readonly descriptor = undefined;
  readonly path = 'the pipe';
  readonly #pipe: Writable;
  readonly #held = new Map<
    number,
    { bytes: Uint8Array; release: PromiseWithResolvers<undefined> }
  >();
  #window = 1;
  /** The next piece to be written. */
  #next = 0;
  #isWriting = false;
  #isAbandoned = false;

  constructor(pipe: Writable) {
    this.#pipe = pipe;
  }

  get horizon(): number {
    return this.#next + this.#window;
  }

  prepare(size: number, windowPieces: number): Promise<Uint8Array> {
    this.#window = windowPieces;
    return Promise.resolve(new Uint8Array(pieceCountOf(size)));
  }

  take(piece: number, bytes: Uint8Array): Promise<void> {
    // Verified a moment too late: nobody would let it go any more.
    if (this.#isAbandoned) return Promise.resolve();
    const release = Promise.withResolvers<undefined>();
    this.#held.set(piece, { bytes, release });
    if (!this.#isWriting) void this.#write();
    return release.promise;
  }

  abandon(): void {
    this.#isAbandoned = true;
    for (const { release } of this.#held.values()) release.resolve(undefined);
    this.#held.clear();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    for (let held = this.#held.get(this.#next); held; held = this.#held.get(this.#next)) {
      try {
        await this.#writeOne(held.bytes);
        this.#held.delete(this.#next++);
        held.release.resolve(undefined);
      } catch (error) {
        held.release.reject(error);
        break;
      }
    }
    this.#isWriting = false;
  }

  #writeOne(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      // A copy: the reader of the pipe may hold on to it, and the memory of the piece is used again.
      this.#pipe.write(Buffer.from(bytes), (cause) => {
        if (cause)
          reject(
            new CodedError('cannot-write', `The pipe is broken: ${cause.message}.`, { cause }),
          );
        else resolve();
      });
    });
  }
}
