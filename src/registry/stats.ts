// How much there is on this network, for those who look at it: counted when it is asked for, and no more
// often than the counting may cost.
import type { Clock } from '../lib/clock.ts';
import type { Stats } from '../protocol/schemas.ts';
import type { Store } from './store/store.ts';

/** What was counted is told again for so long, however many ask. */
const KEPT_MS = 1_000;
/** And for so many times as long as counting took: it is to take no more than this part of the time. */
const KEPT_TIMES = 20;

export class NetworkStats {
  readonly #store: Pick<Store, 'counts' | 'contents'>;
  readonly #clock: Clock;
  #counted: { until: number; stats: Promise<Stats> } | undefined;

  constructor(store: Pick<Store, 'counts' | 'contents'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  now(): Promise<Stats> {
    if (!this.#counted || this.#clock.now() >= this.#counted.until) {
      const counted = { until: Infinity, stats: this.#count() };
      this.#counted = counted;
      const begun = performance.now();
      const keep = (ms: number) => {
        counted.until = this.#clock.now() + ms;
      };
      counted.stats.then(
        () => {
          keep(Math.max(KEPT_MS, KEPT_TIMES * (performance.now() - begun)));
        },
        // A failure is told to those who wait for it, and not kept.
        () => {
          keep(0);
        },
      );
    }
    return this.#counted.stats;
  }

  async #count(): Promise<Stats> {
    const { peers, names } = await this.#store.counts(this.#clock.now());
    return { peers, names, contents: await this.#store.contents() };
  }
}
