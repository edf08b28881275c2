// Shared memory for pieces on their way from the network to the disk: a bounded number of slots that
// are used again and again, whatever the size of the content.

/** All slots together have at most so many bytes, but there are never fewer than the least number. */
const BUDGET_BYTES = 24 * 1024 * 1024;
const LEAST_SLOTS = 4;

export class PieceMemory {
  readonly slots: number;
  readonly #pieceBytes: number;
  readonly #free: SharedArrayBuffer[] = [];
  #made = 0;

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
    this.slots = Math.max(LEAST_SLOTS, Math.floor(BUDGET_BYTES / pieceBytes));
  }

  /** A slot for a piece, or undefined where all are in use. */
  take(): SharedArrayBuffer | undefined {
    const slot = this.#free.pop();
    if (slot || this.#made >= this.slots) return slot;
    this.#made++;
    return new SharedArrayBuffer(this.#pieceBytes);
  }

  give(slot: SharedArrayBuffer): void {
    this.#free.push(slot);
  }
}
