// Tells followers what changes: asks the index what is new as long as somebody follows, and passes it on. All
// processes over one index tell the same; none is left out, and one may come twice.
import type { Clock } from '../lib/clock.ts';
import { Repeating, type Startable } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/log.ts';
import { CodedError } from '../protocol/errors.ts';
import { KEPT_CHANGES, type NumberedChange, type Store } from './store/store.ts';

const LOOK_EVERY_MS = 500;
const PAGE = 1_000;
const MAX_FOLLOWERS = 1_000;
/** Of what was told lately so many numbers are remembered, so that they are not told again. */
const REMEMBERED = 4_000;

export interface Follower {
  /** In order; some may have been told before. */
  tell: (change: NumberedChange) => void;
  /** What was missed is not kept any more: everything has to be asked anew. @param at the last change */
  reset: (at: number) => void;
}

interface Following {
  follower: Follower;
  /** What comes while it is told of what it missed. */
  waiting: NumberedChange[] | undefined;
}

export class ChangeFeed implements Startable {
  readonly #store: Pick<Store, 'changesAfter' | 'lastChange'>;
  readonly #clock: Clock;
  readonly #looking: Repeating;
  readonly #following = new Set<Following>();
  readonly #told = new Set<number>();
  /** The last change that was told; undefined: nobody follows. */
  #last: number | undefined;

  constructor(
    store: Pick<Store, 'changesAfter' | 'lastChange'>,
    clock: Clock,
    log: Logger,
    lookEveryMs = LOOK_EVERY_MS,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#looking = new Repeating({
      work: () => this.#look(),
      pauseMs: lookEveryMs,
      onError: (err) => {
        log.error({ err }, 'looking for changes failed');
      },
    });
  }

  start(): Promise<void> {
    return this.#looking.start();
  }

  stop(): Promise<void> {
    return this.#looking.stop();
  }

  /**
   * Tells a follower what changes from now on, or has changed after a change; resolves when it has been
   * told of what it missed. Answers how to leave.
   *
   * @throws CodedError `busy`
   */
  async follow(follower: Follower, after: number | undefined): Promise<() => void> {
    if (this.#following.size >= MAX_FOLLOWERS)
      throw new CodedError('busy', 'Too many follow the changes at the moment.');
    const following: Following = { follower, waiting: [] };
    this.#following.add(following);
    const leave = () => {
      this.#following.delete(following);
      if (this.#following.size === 0) this.#last = undefined;
    };
    try {
      const now = await this.#store.lastChange();
      this.#last ??= now;
      if (after !== undefined && (after > now || now - after > KEPT_CHANGES)) follower.reset(now);
      else if (after !== undefined) await this.#tellAfter(follower, after);
      for (const change of following.waiting ?? []) follower.tell(change);
      following.waiting = undefined;
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #tellAfter(follower: Follower, after: number): Promise<void> {
    let last = after;
    for (;;) {
      const page = await this.#store.changesAfter(last, PAGE, this.#clock.now());
      for (const change of page) follower.tell(change);
      const next = page.at(-1)?.id ?? last;
      if (page.length < PAGE || next <= last) return;
      last = next;
    }
  }

  async #look(): Promise<void> {
    while (this.#last !== undefined) {
      const page = await this.#store.changesAfter(this.#last, PAGE, this.#clock.now());
      for (const change of page) {
        if (this.#told.has(change.id)) continue;
        this.#remember(change.id);
        for (const { follower, waiting } of this.#following)
          if (waiting) waiting.push(change);
          else follower.tell(change);
      }
      this.#last = Math.max(this.#last, page.at(-1)?.id ?? 0);
      if (page.length < PAGE) return;
    }
  }

  #remember(id: number): void {
    this.#told.add(id);
    const [oldest] = this.#told;
    if (this.#told.size > REMEMBERED && oldest !== undefined) this.#told.delete(oldest);
  }
}
