// Tells followers what changes: asks the index what is new as long as somebody follows, and passes it on. All
// processes over one index tell the same, in the same order; none is left out.
import { Repeating, type Startable } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/log.ts';
import { CodedError } from '../protocol/errors.ts';
import { KEPT_CHANGES, type NumberedChange, type Store } from './store/store.ts';

const LOOK_EVERY_MS = 500;
const PAGE = 1_000;
const MAX_FOLLOWERS = 1_000;

export interface Follower {
  /** In order. */
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
  readonly #looking: Repeating;
  readonly #following = new Set<Following>();
  /** The last change that was told; undefined: nobody follows. */
  #last: number | undefined;

  constructor(
    store: Pick<Store, 'changesAfter' | 'lastChange'>,
    log: Logger,
    lookEveryMs = LOOK_EVERY_MS,
  ) {
    this.#store = store;
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
      const isKept = after !== undefined && after <= now && now - after <= KEPT_CHANGES;
      if (after !== undefined && !isKept) follower.reset(now);
      const last = isKept ? await this.#tellAfter(follower, after) : now;
      for (const change of following.waiting ?? []) if (change.id > last) follower.tell(change);
      following.waiting = undefined;
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Answers the last that it told, or `after`. */
  async #tellAfter(follower: Follower, after: number): Promise<number> {
    let last = after;
    for (;;) {
      const page = await this.#store.changesAfter(last, PAGE);
      for (const change of page) follower.tell(change);
      last = page.at(-1)?.id ?? last;
      if (page.length < PAGE) return last;
    }
  }

  async #look(): Promise<void> {
    while (this.#last !== undefined) {
      const after = this.#last;
      const page = await this.#store.changesAfter(after, PAGE);
      // Meanwhile everybody may have left, and others come: they are told by the next look.
      if (this.#last !== after) return;
      for (const change of page)
        for (const { follower, waiting } of this.#following)
          if (waiting) waiting.push(change);
          else follower.tell(change);
      this.#last = page.at(-1)?.id ?? after;
      if (page.length < PAGE) return;
    }
  }
}
