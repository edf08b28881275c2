// Makes a downloader known as a source of the content that it downloads, under no name: keeps a lease
// at the registry, and says whether it holds a part or the whole. It serves nothing itself.
import type { NativeRegistry } from '../../client/registry-client.ts';
import { isStopping, pause, type Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { Lease, type LeaseOptions } from './lease.ts';
import { Retries } from './retries.ts';

/** At the end the registry is given so long: whoever waits for a download waits for this, too. */
const WITHDRAW_WITHIN_MS = 3_000;

export interface SourceAnnouncerOptions extends LeaseOptions {
  registry: NativeRegistry;
  root: string;
  log: Logger;
}

export class SourceAnnouncer implements Startable {
  readonly #root: string;
  readonly #log: Logger;
  readonly #lease: Lease;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #isComplete = false;
  #wake: () => void = () => undefined;

  constructor({ registry, root, log, ...self }: SourceAnnouncerOptions) {
    this.#root = root;
    this.#log = log;
    this.#lease = new Lease(registry, self);
  }

  /** Begins; it goes on by itself, whether or not the registry is there. */
  start(): Promise<void> {
    this.#running = this.#run(this.#stopping.signal);
    return Promise.resolve();
  }

  /** Takes back what was announced, as far as the registry is there to be told. Never rejects. */
  stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#running;
    this.#stopping.abort();
    this.#running = this.#running.then(async () => {
      try {
        await this.#lease.end(AbortSignal.timeout(WITHDRAW_WITHIN_MS));
      } catch (err) {
        this.#log.info({ err }, 'could not deregister; the registry will find out');
      }
    });
    return this.#running;
  }

  /** From now on it holds the whole. */
  complete(): void {
    this.#isComplete = true;
    this.#wake();
  }

  /** Where the registry says that this source is reached; undefined as long as it has not said so. */
  get endpoint(): Endpoint | undefined {
    return this.#lease.endpoint;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const retries = new Retries();
    while (!signal.aborted) {
      // Made before anything is told: what becomes complete meanwhile is told in the next round.
      const woken = new AbortController();
      this.#wake = () => {
        woken.abort();
      };
      try {
        const { renewAfterMs } = await this.#lease.renew(signal);
        // Every time: the registry may have lost it, and the call is a small one.
        await this.#lease.peer.holdContent(this.#root, this.#isComplete, signal);
        retries.succeeded();
        await pause(renewAfterMs, AbortSignal.any([signal, woken.signal]));
      } catch (err) {
        if (isStopping(signal)) return;
        this.#log.info({ err }, 'the registry could not be told of this source');
        await pause(retries.nextPauseMs(err), signal);
      }
    }
  }
}
