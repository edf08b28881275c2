// How much there is to do just now. What is too much is refused at once, before its body is read: a
// registry that falls behind for all is of no use to any.
import { Repeating, type Startable } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/log.ts';

/** A timer that comes this much too late says that everybody waits at least so long. */
const LATE_MS = 1_000;
/** One long pause may be anything, and what waited is soon done: only several in a row are a load. */
const LATE_LOOKS = 2;
/** How often the timer looks: for so long at least the registry refuses, and then tries again. */
const LOOK_EVERY_MS = 500;
/** Requests that have arrived whole and wait for their answers, each with up to 4 MiB of body. */
const MAX_UNDER_WAY = 1_000;

export class Load implements Startable {
  readonly #underWay = new Set<object>();
  readonly #maxUnderWay: number;
  readonly #log: Logger;
  readonly #looking: Repeating;
  #lookedAt = performance.now();
  /** How many looks in a row came too late. */
  #lateLooks = 0;
  #wasTooMuch = false;

  constructor(log: Logger, maxUnderWay = MAX_UNDER_WAY) {
    this.#log = log;
    this.#maxUnderWay = maxUnderWay;
    this.#looking = new Repeating({
      work: () => {
        this.#look();
        return Promise.resolve();
      },
      pauseMs: LOOK_EVERY_MS,
      onError: (err) => {
        log.error({ err }, 'looking at the load failed');
      },
    });
  }

  start(): Promise<void> {
    this.#lookedAt = performance.now() - LOOK_EVERY_MS;
    return this.#looking.start();
  }

  stop(): Promise<void> {
    return this.#looking.stop();
  }

  /** A request has arrived whole. */
  begin(request: object): void {
    this.#underWay.add(request);
  }

  /** It has its answer, or nobody waits for one any more; may be told more than once. */
  end(request: object): void {
    this.#underWay.delete(request);
  }

  /** Requests that wait for their answers. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** Whether a further request is to be refused. */
  isTooMuch(): boolean {
    const isLate = this.#lateLooks >= LATE_LOOKS;
    const isTooMuch = isLate || this.#underWay.size >= this.#maxUnderWay;
    // Once each time, not for each request: a crowd would have the log to wait for, too.
    if (isTooMuch && !this.#wasTooMuch)
      this.#log.error({ underWay: this.#underWay.size, isLate }, 'too much to do');
    this.#wasTooMuch = isTooMuch;
    return isTooMuch;
  }

  #look(): void {
    const now = performance.now();
    const isLate = now - this.#lookedAt > LOOK_EVERY_MS + LATE_MS;
    this.#lateLooks = isLate ? this.#lateLooks + 1 : 0;
    this.#lookedAt = now;
  }
}
