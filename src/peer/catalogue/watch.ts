// Tells when something below a folder may have changed: through the system's notifications, and where
// there are none (network file systems, watch limits) by looking again from time to time.
import watcher from '@parcel/watcher';
import { Repeating, type Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';

/** Without notifications changes shall still be seen within 2 s. */
const POLL_EVERY_MS = 1_500;
/** With them, a look at everything mends what a lost notification or a sleeping machine left behind. */
const LOOK_AGAIN_EVERY_MS = 5 * 60 * 1000;

/** Paths that may have changed; undefined: anything may have. */
export type OnChange = (paths: string[] | undefined) => Promise<void>;

export class FolderWatch implements Startable {
  readonly #folder: string;
  readonly #onChange: OnChange;
  readonly #log: Logger;
  #subscription: watcher.AsyncSubscription | undefined;
  #looking: Repeating | undefined;

  constructor(folder: string, onChange: OnChange, log: Logger) {
    this.#folder = folder;
    this.#onChange = onChange;
    this.#log = log;
  }

  async start(): Promise<void> {
    try {
      this.#subscription = await watcher.subscribe(this.#folder, (err, events) => {
        if (err) this.#log.warn({ err, folder: this.#folder }, 'a notification failed');
        void this.#onChange(err ? undefined : events.map((event) => event.path));
      });
    } catch (err) {
      this.#log.warn({ err, folder: this.#folder }, 'no notifications for this folder: polling it');
    }
    this.#looking = new Repeating({
      work: () => this.#onChange(undefined),
      pauseMs: this.#subscription ? LOOK_AGAIN_EVERY_MS : POLL_EVERY_MS,
      pauseFirst: true,
      onError: (err) => {
        this.#log.warn({ err, folder: this.#folder }, 'looking through the folder failed');
      },
    });
    await this.#looking.start();
  }

  async stop(): Promise<void> {
    await this.#looking?.stop();
    await this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }
}
