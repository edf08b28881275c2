// Keeps one registry true to the catalogue: renews the lease, tells changes soon after they happen,
// and after any failure tries again, telling everything anew where that is needed.
import { ExerciseRegistry, connectRegistry } from '../../client/registry-client.ts';
import type { Network } from '../../client/network.ts';
import type { Identity } from '../../lib/identity.ts';
import { isStopping, pause, type Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import { endpointText, type Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import type { Announcement, Offered } from './announcement.ts';
import { ExerciseAnnouncement } from './exercise-announcement.ts';
import { NativeAnnouncement } from './native-announcement.ts';
import { Retries } from './retries.ts';

/** Changes that come together are told together. */
const GATHER_MS = 100;
/** At the end the registry is given so long to take everything back. */
const WITHDRAW_WITHIN_MS = 15_000;

export type AnnouncerState =
  | { at: 'connecting' }
  | { at: 'announced'; endpoint: Endpoint; contract: 'native' | 'exercise' }
  | { at: 'away'; error: CodedError };

export interface AnnouncerOptions {
  network: Network;
  identity: Identity;
  offered: Offered;
  /** What is held under no name, by root: whether it is the whole. Default: nothing. */
  held?: ReadonlyMap<string, boolean>;
  /** The port that the peer listens on. */
  port: number;
  /** The address to be reached at. Default: as the registry sees this machine. */
  advertise?: string | undefined;
  displayName?: string | undefined;
  /** How often a registry of the exercise is asked whether it still knows this peer. Default: 30,000. */
  lookEveryMs?: number | undefined;
  log: Logger;
  /** Told whenever the registry is found, lost, or found to refuse. */
  onState?: (state: AnnouncerState) => void;
}

export class Announcer implements Startable {
  readonly #options: AnnouncerOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #announcement: Announcement | undefined;
  #contract: 'native' | 'exercise' = 'native';
  /** Names whose state the registry has yet to be told. */
  #changed = new Set<string>();
  #toldAll = false;
  /** What the registry was told to be held; undefined: or may have been. */
  readonly #toldHeld = new Map<string, boolean | undefined>();
  #hasHeldChanged = false;
  #wake: () => void = () => undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#running = this.#run(this.#stopping.signal);
    return Promise.resolve();
  }

  /** Takes back all that was announced, as far as the registry is there to be told. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#running;
    this.#stopping.abort();
    this.#running = this.#running.then(async () => {
      try {
        await this.#announcement?.withdraw(AbortSignal.timeout(WITHDRAW_WITHIN_MS));
      } catch (err) {
        this.#options.log.warn({ err }, 'could not deregister; the registry will find out');
      }
    });
    return this.#running;
  }

  /** Names that came, changed or went; they are looked up in the catalogue when they are told. */
  changed(names: Iterable<string>): void {
    for (const name of names) this.#changed.add(name);
    this.#wake();
  }

  /** What is held under no name is another now. */
  heldChanged(): void {
    this.#hasHeldChanged = true;
    this.#wake();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const retries = new Retries();
    this.#options.onState?.({ at: 'connecting' });
    while (!signal.aborted) {
      try {
        const renewAfterMs = await this.#renewAndTell(signal);
        retries.succeeded();
        await this.#pauseTellingChanges(renewAfterMs, signal);
      } catch (error) {
        if (isStopping(signal)) return;
        this.#lost(error);
        await pause(retries.nextPauseMs(error), signal);
      }
    }
  }

  async #renewAndTell(signal: AbortSignal): Promise<number> {
    const { offered, log } = this.#options;
    this.#announcement ??= await this.#connect(signal);
    const { renewAfterMs, isForgotten } = await this.#announcement.renew(signal);
    if (isForgotten || !this.#toldAll) {
      this.#toldAll = false;
      this.#changed.clear();
      await this.#announcement.tellAll(offered, signal);
      this.#toldAll = true;
      log.info({ names: offered.names.length }, 'announced');
    }
    // Every time: the registry may have lost it, and the calls are few and small.
    for (const root of this.#toldHeld.keys()) this.#toldHeld.set(root, undefined);
    await this.#tellHeld(this.#announcement, signal);
    const { endpoint } = this.#announcement;
    if (endpoint) this.#options.onState?.({ at: 'announced', endpoint, contract: this.#contract });
    return renewAfterMs;
  }

  async #pauseTellingChanges(ms: number, signal: AbortSignal): Promise<void> {
    const until = performance.now() + ms;
    while (!signal.aborted && performance.now() < until) {
      if (this.#changed.size === 0 && !this.#hasHeldChanged) {
        const woken = new AbortController();
        this.#wake = () => {
          woken.abort();
        };
        await pause(until - performance.now(), AbortSignal.any([signal, woken.signal]));
        this.#wake = () => undefined;
        await pause(GATHER_MS, signal);
        continue;
      }
      const names = this.#changed;
      this.#changed = new Set();
      // Should this fail, which of them arrived is not known: then everything is told anew.
      this.#toldAll = false;
      if (!this.#announcement) return;
      await this.#announcement.tell(names, this.#options.offered, signal);
      this.#toldAll = true;
      // Behind the names: what is offered under one now was held without until then.
      await this.#tellHeld(this.#announcement, signal);
    }
  }

  /** What cannot be told now is told with the next renewal. */
  async #tellHeld(announcement: Announcement, signal: AbortSignal): Promise<void> {
    const { held = new Map<string, boolean>(), log } = this.#options;
    this.#hasHeldChanged = false;
    try {
      for (const [root, isWhole] of held) {
        if (this.#toldHeld.get(root) === isWhole) continue;
        // Before it is told: should the answer get lost, it is taken back all the same.
        this.#toldHeld.set(root, undefined);
        await announcement.hold(root, isWhole, signal);
        this.#toldHeld.set(root, isWhole);
      }
      for (const root of this.#toldHeld.keys()) {
        if (held.has(root)) continue;
        await announcement.letGo(root, signal);
        this.#toldHeld.delete(root);
      }
    } catch (err) {
      if (isStopping(signal)) throw err;
      log.info({ err }, 'the registry could not be told what is held');
    }
  }

  async #connect(signal: AbortSignal): Promise<Announcement> {
    const { network, identity, port, advertise, displayName, lookEveryMs, log } = this.#options;
    const registry = await connectRegistry(network, signal);
    this.#contract = registry.contract;
    return registry instanceof ExerciseRegistry
      ? new ExerciseAnnouncement(registry, { url: network.url, port, advertise, lookEveryMs, log })
      : new NativeAnnouncement(registry, { identity, port, advertise, displayName });
  }

  #lost(error: unknown): void {
    this.#options.log.info({ err: error }, 'the registry could not be told');
    const coded =
      error instanceof CodedError
        ? error
        : new CodedError('internal', error instanceof Error ? error.message : String(error));
    this.#options.onState?.({ at: 'away', error: coded });
  }
}

/** The state in a sentence, for the person who shares. */
export function stateText(state: AnnouncerState, { url }: Network): string {
  switch (state.at) {
    case 'connecting':
      return `Looking for the registry at ${url.href}…`;
    case 'announced':
      return `Registered as ${endpointText(state.endpoint)} at ${url.href}${state.contract === 'exercise' ? ' (a registry of the exercise: a name at a time)' : ''}.`;
    case 'away':
      return `${state.error.message} Trying again until it works; what is shared can be fetched meanwhile by those who know the address.`;
  }
}
