// A peer put together: catalogue, server, announcer. Nothing else constructs its long-lived parts.
import type { Startable } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/log.ts';
import { Announcer, type AnnouncerState } from './announcer/announcer.ts';
import { Catalogue } from './catalogue/catalogue.ts';
import { modifiedOf, tagOf, type SharedFile } from './catalogue/shared-file.ts';
import { Listener } from './server/listener.ts';
import type { OfferedFile, Offers } from './server/offers.ts';

export interface PeerOptions {
  /** The folders to share. */
  shares: string[];
  registry: URL;
  /** The port to listen on; 0 takes a free one. */
  port: number;
  /** The address to listen on. Default: every address of the machine. */
  host?: string | undefined;
  /** The address to be reached at. Default: as the registry sees this machine. */
  advertise?: string | undefined;
  /** What people call this peer. */
  displayName?: string | undefined;
  /** Default: true, changes are learnt from the system's notifications. Otherwise by polling. */
  notifications?: boolean | undefined;
  /** How long a client may take to say what it wants, or that it is done, in milliseconds. Default: 10,000. */
  openingTimeoutMs?: number | undefined;
  /** How long a client may take nothing of its answer, in milliseconds. Default: 30,000. */
  stalledAfterMs?: number | undefined;
  /** How often a registry of the exercise is asked whether it still knows this peer. Default: 30,000. */
  lookEveryMs?: number | undefined;
  log: Logger;
  onState?: (state: AnnouncerState) => void;
}

export class Peer implements Startable {
  readonly #options: PeerOptions;
  readonly #catalogue: Catalogue;
  readonly #listener: Listener;
  #announcer: Announcer | undefined;

  constructor(options: PeerOptions) {
    const { shares, log, notifications } = options;
    this.#options = options;
    this.#catalogue = new Catalogue({
      folders: shares,
      onChange: (names) => this.#announcer?.changed(names),
      log,
      notifications,
    });
    this.#listener = new Listener({ ...options, offers: offersOf(this.#catalogue) });
  }

  /**
   * Resolves when everything that is shared is catalogued and served; the registry is told from then on.
   *
   * @throws CodedError `bad-share`, `port-taken`, `cannot-listen`
   */
  async start(): Promise<void> {
    const { registry, advertise, displayName, lookEveryMs, log, onState } = this.#options;
    try {
      await this.#listener.start();
      await this.#catalogue.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    const catalogue = this.#catalogue;
    this.#announcer = new Announcer({
      registry,
      port: this.port,
      advertise,
      displayName,
      lookEveryMs,
      log,
      ...(onState && { onState }),
      offered: {
        entry: (name) => {
          const file = catalogue.find(name);
          return file && { name, size: file.state.size, modified: modifiedOf(file) };
        },
        get names() {
          return catalogue.names;
        },
      },
    });
    await this.#announcer.start();
  }

  /** Deregisters, then closes: nobody is sent to a peer that is no longer there. */
  async stop(): Promise<void> {
    await this.#announcer?.stop();
    await this.#listener.stop();
    await this.#catalogue.stop();
  }

  get port(): number {
    return this.#listener.port;
  }

  /** The smallest file that is offered and not empty: what a first try may fetch. */
  get smallestFile(): { name: string; path: string; size: number } | undefined {
    let smallest: SharedFile | undefined;
    for (const name of this.#catalogue.names) {
      const file = this.#catalogue.find(name);
      if (file && file.state.size > 0 && file.state.size < (smallest?.state.size ?? Infinity))
        smallest = file;
    }
    return smallest && { name: smallest.name, path: smallest.realPath, size: smallest.state.size };
  }

  /** How many files are offered, and how many bytes they have. */
  get offered(): { files: number; bytes: number; unnameable: number } {
    const { names, unnameable } = this.#catalogue;
    const bytes = names.reduce(
      (sum, name) => sum + (this.#catalogue.find(name)?.state.size ?? 0),
      0,
    );
    return { files: names.length, bytes, unnameable };
  }
}

function offersOf(catalogue: Catalogue): Offers {
  const offered = (file: SharedFile): OfferedFile => ({
    name: file.name,
    size: file.state.size,
    modified: modifiedOf(file),
    tag: tagOf(file),
  });
  return {
    open: async (name) => {
      const found = await catalogue.open(name);
      return found && Object.assign(found.opened, { file: offered(found.file) });
    },
    page: (after, limit) => catalogue.page(after, limit).map(offered),
    get count() {
      return catalogue.names.length;
    },
  };
}
