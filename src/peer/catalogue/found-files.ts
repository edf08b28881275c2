// How many files were found, and how far hashing them is, counted as they come and go: there may be very many.

/** How far hashing is, since it last had nothing to do. */
export interface Hashing {
  filesLeft: number;
  bytesLeft: number;
  bytesDone: number;
}

export class FoundFiles {
  readonly #sizes = new Map<string, number>();
  #bytes = 0;
  #filesLeft = 0;
  #bytesWanted = 0;
  #bytesDone = 0;

  /** Files that were found, whether they are offered already or not. */
  get files(): number {
    return this.#sizes.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Undefined: everything that was found is hashed. */
  get hashing(): Hashing | undefined {
    if (this.#filesLeft === 0) return undefined;
    const bytesLeft = Math.max(0, this.#bytesWanted - this.#bytesDone);
    return { filesLeft: this.#filesLeft, bytesLeft, bytesDone: this.#bytesDone };
  }

  /** There is a file of so many bytes under a name. */
  set(name: string, size: number): void {
    this.delete(name);
    this.#sizes.set(name, size);
    this.#bytes += size;
  }

  delete(name: string): void {
    this.#bytes -= this.#sizes.get(name) ?? 0;
    this.#sizes.delete(name);
  }

  /** A file is to be hashed. Answers what to tell of it. */
  hash(size: number): { onHashed: (bytes: number) => void; end: (isHashed: boolean) => void } {
    this.#filesLeft++;
    this.#bytesWanted += size;
    return {
      onHashed: (bytes) => {
        this.#bytesDone += bytes;
      },
      end: (isHashed) => {
        if (!isHashed) this.#bytesWanted -= size;
        if (--this.#filesLeft > 0) return;
        this.#bytesWanted = 0;
        this.#bytesDone = 0;
      },
    };
  }
}
