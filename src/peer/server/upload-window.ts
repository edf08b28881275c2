// How many pieces are to be under way to followers at the same time: as few as keep the uplink busy, so that
// whole pieces come out early instead of all of them late. Pure: the time comes in as an argument, in
// milliseconds.

/** So much more than one piece's own time on the line is to be under way: offers, answers and queues take it. */
const AHEAD_MS = 600;
const LEAST = 2;
const MOST = 256;
/** Weight of the newest measurement. */
const WEIGHT = 0.2;
/** A piece that takes so many times as long as usual is held up by its receiver, not by the uplink. */
const SLOW = 3;
/** Where all are slow, the uplink is. */
const PATIENCE = 1.1;

export class UploadWindow {
  /** What a piece takes from the offer to its arrival. */
  #usual: number | undefined;
  #underWay = 0;
  /** How many have been under way since, on the average of the measurements. */
  #depth = 1;
  #limit = LEAST;

  get underWay(): number {
    return this.#underWay;
  }

  get limit(): number {
    return this.#limit;
  }

  get hasRoom(): boolean {
    return this.#underWay < this.#limit;
  }

  begin(): void {
    this.#underWay++;
  }

  /** It failed, was not wanted, or is held up: it counts no more. */
  drop(): void {
    this.#underWay--;
  }

  /** @param tookMs from the offer to the arrival */
  end(tookMs: number): void {
    const depth = this.#underWay;
    this.#underWay--;
    if (this.#usual === undefined) {
      this.#usual = tookMs;
      this.#depth = depth;
    } else if (tookMs > SLOW * this.#usual) this.#usual *= PATIENCE;
    else {
      this.#usual += WEIGHT * (tookMs - this.#usual);
      this.#depth += WEIGHT * (depth - this.#depth);
    }
    const each = this.#usual / this.#depth;
    this.#limit = Math.min(MOST, Math.max(LEAST, Math.round(1 + AHEAD_MS / Math.max(0.1, each))));
  }

  /** Whether something that was begun so long ago is held up by its receiver. */
  isHeldUp(forMs: number): boolean {
    return this.#usual !== undefined && forMs > SLOW * this.#usual;
  }
}
