// What clients report of endpoints is never believed, only looked into: where one was reported as
// unreachable and has a lease, the registry dials it, and ends the lease if nobody answers. It dials
// only what is registered, and a bounded number of times, however much is reported.
import type { Clock } from '../lib/clock.ts';
import { isStopping, pause, type Startable } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/log.ts';
import { endpointText, type Endpoint } from '../protocol/endpoints.ts';
import { answers } from './probe.ts';
import type { Store } from './store/store.ts';

/** An endpoint is looked at once in so many milliseconds at most. */
const ONCE_IN_MS = 10_000;
/** Endpoints looked at at once. */
const LOOKS_AT_ONCE = 16;
/** So many endpoints may wait for their turn: a minute's work. What is over is dropped. */
const MAX_WAITING = 256;
/** Between the two tries. */
const PAUSE_MS = 500;

export class Reports implements Startable {
  readonly #store: Pick<Store, 'hasLease' | 'endLease'>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #pauseMs: number;
  readonly #stopping = new AbortController();
  readonly #waiting: Endpoint[] = [];
  readonly #looks = new Set<Promise<void>>();
  /** Endpoints that wait or are looked at. */
  readonly #underWay = new Set<string>();
  /** When an endpoint was last looked at, the earliest first. */
  readonly #lookedAt = new Map<string, number>();

  constructor(
    store: Pick<Store, 'hasLease' | 'endLease'>,
    clock: Clock,
    log: Logger,
    pauseMs = PAUSE_MS,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#pauseMs = pauseMs;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#waiting.length = 0;
    await Promise.all(this.#looks);
  }

  /** Has an endpoint looked at, soon and if at all; resolves before that. */
  async unreachable(endpoint: Endpoint): Promise<void> {
    if (!(await this.#store.hasLease(endpoint, this.#clock.now()))) return;
    if (isStopping(this.#stopping.signal) || this.#waiting.length >= MAX_WAITING) return;
    const text = endpointText(endpoint);
    if (this.#underWay.has(text) || this.#wasLookedAt(text)) return;
    this.#underWay.add(text);
    this.#waiting.push(endpoint);
    this.#next();
  }

  #wasLookedAt(text: string): boolean {
    const now = this.#clock.now();
    for (const [earlier, at] of this.#lookedAt) {
      // A clock that was set back makes it long ago, too.
      if (Math.abs(now - at) < ONCE_IN_MS) break;
      this.#lookedAt.delete(earlier);
    }
    return this.#lookedAt.has(text);
  }

  #next(): void {
    while (this.#looks.size < LOOKS_AT_ONCE) {
      const endpoint = this.#waiting.shift();
      if (!endpoint) return;
      const look = this.#look(endpoint)
        .catch((err: unknown) => {
          this.#log.error({ err }, 'a report could not be looked into');
        })
        .finally(() => {
          const text = endpointText(endpoint);
          this.#underWay.delete(text);
          this.#lookedAt.set(text, this.#clock.now());
          this.#looks.delete(look);
          this.#next();
        });
      this.#looks.add(look);
    }
  }

  async #look(endpoint: Endpoint): Promise<void> {
    const { signal } = this.#stopping;
    if (await answers(endpoint, signal)) return;
    await pause(this.#pauseMs, signal);
    if (isStopping(signal) || (await answers(endpoint, signal)) || isStopping(signal)) return;
    await this.#store.endLease(endpoint, this.#clock.now());
    this.#log.info({ endpoint: endpointText(endpoint) }, 'lease ended: it cannot be reached');
  }
}
