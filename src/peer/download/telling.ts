// Whom a downloader tells of the pieces that it got, and when: the one who sent a piece at once, the others
// as a small part of what comes in allows. Pure.

/** Of the bytes that come in so large a part is spent on telling. */
const PART = 0.004;
/** What a message costs on the wire, with all headers and its acknowledgement, in bytes. */
const MESSAGE_BYTES = 150;
/** Savings are worth so many messages at most. */
const MOST_SAVED = 64;

/** Somebody who is to know. */
export interface Listener {
  tell(pieces: number[]): void;
}

export class Telling {
  /** What each has not been told yet, the one who waits longest first. */
  readonly #waiting = new Map<Listener, number[]>();
  readonly #listeners = new Set<Listener>();
  #budget = MOST_SAVED * MESSAGE_BYTES;

  join(listener: Listener): void {
    this.#listeners.add(listener);
  }

  leave(listener: Listener): void {
    this.#listeners.delete(listener);
    this.#waiting.delete(listener);
  }

  /** A piece has come: so many bytes, from somebody who listens, or from somewhere else. */
  gain(piece: number, bytes: number, from: Listener | undefined): void {
    this.#budget = Math.min(MOST_SAVED * MESSAGE_BYTES, this.#budget + PART * bytes);
    for (const listener of this.#listeners) {
      const waiting = this.#waiting.get(listener);
      if (waiting) waiting.push(piece);
      else this.#waiting.set(listener, [piece]);
    }
    if (from) this.#tell(from);
    for (const listener of this.#waiting.keys()) {
      if (this.#budget < MESSAGE_BYTES) break;
      this.#tell(listener);
    }
  }

  /** Everything is told to everyone, whatever it costs. */
  flush(): void {
    for (const listener of this.#waiting.keys()) this.#tell(listener);
  }

  #tell(listener: Listener): void {
    const pieces = this.#waiting.get(listener);
    if (!pieces) return;
    this.#waiting.delete(listener);
    this.#budget -= MESSAGE_BYTES;
    listener.tell(pieces.sort((a, b) => a - b));
  }
}
