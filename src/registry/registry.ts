// The registry put together: index, routes, upkeep. Nothing else constructs its long-lived parts.
import type { AddressInfo } from 'node:net';
import { CodedError } from '../protocol/errors.ts';
import { systemClock, type Clock } from '../lib/clock.ts';
import { pause, Repeating, type Startable } from '../lib/lifecycle.ts';
import type { PageFiles } from '../lib/http/page-files.ts';
import type { Logger } from '../lib/log.ts';
import { Access } from './access/access.ts';
import { AuditTrail } from './access/audit-trail.ts';
import { PrivateNetwork, settleNetwork, type PrivateOptions } from './access/private-network.ts';
import { basesOf, createApp } from './app.ts';
import { ChangeFeed } from './change-feed.ts';
import { DialBack, type Dial } from './dial-back.ts';
import type { RegistryServer } from './context.ts';
import { Load } from './load.ts';
import { Prober } from './probe.ts';
import { Readiness } from './readiness.ts';
import { Reports } from './reports.ts';
import type { Store } from './store/store.ts';

/** Below the 30 s after which a dead peer must be in no answer, with room for the way there. */
export const DEFAULT_LEASE_SECONDS = 25;
/** A catalogue outlives its lease by this much: who comes back meanwhile need not send it again. */
const KEEP_EXPIRED_MS = 15 * 60 * 1000;
/** How late followers may be told that a lease has ended. */
const NOTICE_EVERY_MS = 2_000;
const UPKEEP_EVERY_MS = 60 * 1000;
/** The pause between two tries to reach a database that is away; each try has a deadline of its own. */
const OPEN_EVERY_MS = 2_000;
/** So long a request that has not arrived whole, or is not read, has to end when the registry stops. */
const LAST_REQUESTS_MS = 1_000;
/** And so long the registry has for what it answers then. */
const LAST_ANSWERS_MS = 10_000;
/**
 * So many connections may wait to be accepted, where the system allows it (net.core.somaxconn). Ten thousand peers
 * that come back within one heartbeat are more than Node's 511 while the loop is busy; whom the system drops waits
 * for seconds, or is reset.
 */
const BACKLOG = 4_096;

export interface RegistryOptions {
  store: Store;
  log: Logger;
  /** The address to listen on. Default: 0.0.0.0, every IPv4 address. */
  host?: string;
  /** Default: 7770; 0 takes a free one. */
  port?: number;
  /** Further bases of the exercise's contract, beside `api/Registers`. */
  bases?: string[];
  /** For labs: anyone may register any endpoint. Default: false. */
  anyAddress?: boolean;
  /** Where others reach this machine: endpoints on its loopback are kept so. Default: as loopback. */
  advertise?: string | undefined;
  /** Default: true, a native peer is dialled before it is listed; never with `anyAddress`. */
  dialBack?: boolean;
  /** Default: 25. */
  leaseSeconds?: number;
  /** Proxies whose X-Forwarded-For is believed: addresses and CIDR ranges. Default: none. */
  trustProxy?: string[];
  /** Requests a minute of one address, 0 for no limit. Default: 30,000. */
  rateLimit?: number;
  /** How many requests may wait for their answers at once. Default: 1,000. */
  maxUnderWay?: number;
  /** The page that it serves at `/`. Default: none. */
  page?: PageFiles | undefined;
  /** For a private network. Default: it is open. */
  private?: PrivateOptions | undefined;
  /** The pause between two rounds of probes. Default: 8,000. */
  probeEveryMs?: number;
  /** How long a whole request may take to arrive. Default: 20,000. */
  requestTimeoutMs?: number;
  /** How long nothing may move on a connection. Default: 60,000. */
  silenceMs?: number;
  clock?: Clock;
}

export class Registry implements Startable {
  readonly #options: RegistryOptions;
  readonly #app: RegistryServer;
  readonly #readiness: Readiness;
  readonly #load: Load;
  readonly #upkeep: Startable[];
  readonly #private: PrivateNetwork | undefined;
  readonly #trail: AuditTrail | undefined;
  readonly #ending = new AbortController();
  #opening: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(options: RegistryOptions) {
    const { store, log, clock = systemClock, leaseSeconds = DEFAULT_LEASE_SECONDS } = options;
    const reports = new Reports(store, clock, log);
    const changes = new ChangeFeed(store, log);
    const anyAddress = options.anyAddress ?? false;
    this.#options = options;
    this.#readiness = new Readiness(store);
    this.#load = new Load(log, options.maxUnderWay);
    const openExercise = options.private?.openExercise ?? false;
    const access =
      options.private &&
      new Access({
        ...{ store, clock, trail: new AuditTrail(store.access, log) },
        openedBases: openExercise ? basesOf(options.bases ?? []) : [],
      });
    this.#trail = access?.trail;
    this.#app = createApp({
      access,
      exercise: !options.private || openExercise,
      store,
      log,
      clock,
      leaseSeconds,
      bases: options.bases ?? [],
      anyAddress,
      advertise: options.advertise,
      dialBack:
        anyAddress || options.dialBack === false
          ? undefined
          : new DialBack(options.private && ((peer) => this.#dialPrivate(peer))),
      changes,
      unreachable: (endpoint) => reports.unreachable(endpoint),
      trustProxy: options.trustProxy,
      rateLimit: options.rateLimit,
      page: options.page,
      readiness: this.#readiness,
      load: this.#load,
      requestTimeoutMs: options.requestTimeoutMs,
      silenceMs: options.silenceMs,
    });
    this.#private =
      options.private && new PrivateNetwork(this.#app, { ...options.private, store, clock });
    this.#upkeep = [
      ...(access ? [access.trail] : []),
      this.#load,
      new Prober(store, log, options.probeEveryMs),
      reports,
      changes,
      new Repeating({
        work: () => store.noticeEndedLeases(clock.now()),
        pauseMs: NOTICE_EVERY_MS,
        onError: (err) => {
          log.error({ err }, 'looking for ended leases failed');
        },
      }),
      new Repeating({
        work: async () => {
          await store.dropExpired(clock.now() - KEEP_EXPIRED_MS);
        },
        pauseMs: UPKEEP_EVERY_MS,
        onError: (err) => {
          log.error({ err }, 'forgetting expired peers failed');
        },
      }),
    ];
  }

  /**
   * Resolves once it listens. Where the database is away just now it is not ready until that is back.
   *
   * @throws CodedError `cannot-open-data`, `port-taken`, `cannot-listen`; `bad-usage` where the index is that
   * of a private network, and this is none, or the other way round
   */
  async start(): Promise<void> {
    const { store, log, host = '0.0.0.0', port = 7770 } = this.#options;
    try {
      await this.#open();
    } catch (error) {
      if (!isAway(error)) {
        await store.stop();
        throw error;
      }
      log.warn({ why: error.message }, 'the index is not open: trying again until it is');
      this.#readiness.waiting();
    }
    try {
      await this.#app.listen({ host, port, backlog: BACKLOG });
    } catch (error) {
      await this.stop();
      const code = (error as NodeJS.ErrnoException).code ?? '';
      throw code === 'EADDRINUSE'
        ? new CodedError('port-taken', `Port ${port} is taken; --port 0 takes a free one.`)
        : new CodedError('cannot-listen', `Cannot listen on ${host} port ${port}: ${code}.`, {
            cause: error,
          });
    }
    log.info(this.address, 'the registry serves');
    this.#private?.listens();
    if (this.#readiness.isOpen) await this.#keepUp();
    else this.#opening = this.#openLater();
  }

  #dialPrivate(peer: Parameters<Dial>[0]) {
    if (!this.#private) throw new Error('The network is open.');
    return this.#private.dial(peer);
  }

  async #open(): Promise<void> {
    const { store } = this.#options;
    await store.start();
    await settleNetwork(store, this.#private ? 'private' : 'open');
    await this.#private?.open();
  }

  /** Tries until the index is open. */
  async #openLater(): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#ending;
    while (!this.#readiness.isOpen) {
      await pause(OPEN_EVERY_MS, signal);
      if (signal.aborted) return;
      try {
        await this.#open();
        log.warn('the index is open now');
        this.#readiness.opened();
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (isAway(error)) log.info({ why }, 'the index is not open yet');
        else log.error({ err: error }, 'the index cannot be opened');
      }
    }
    await this.#keepUp();
  }

  async #keepUp(): Promise<void> {
    for (const part of this.#upkeep) await part.start();
  }

  /** Says at `/readyz` that it is about to stop, and goes on serving. */
  drain(): void {
    this.#readiness.drain();
  }

  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      this.drain();
      this.#ending.abort();
      await this.#opening;
      for (const part of this.#upkeep) await part.stop();
      const since = performance.now();
      // A client that stays half way through a request would hold this up for ever.
      const late = setInterval(() => {
        const isAnswering = this.#load.underWay > 0 && performance.now() - since < LAST_ANSWERS_MS;
        if (!isAnswering) this.#app.server.closeAllConnections();
      }, LAST_REQUESTS_MS);
      await this.#app.close();
      clearInterval(late);
      // With the last answers.
      await this.#trail?.stop();
      await this.#options.store.stop();
    })();
    return this.#stopping;
  }

  /** Where it listens, once started. */
  get address(): AddressInfo {
    return this.#app.server.address() as AddressInfo;
  }

  /** The OpenAPI document of both contracts, once started. */
  get openapi(): object {
    return this.#app.swagger();
  }
}

/** Whether the database does not serve just now, but may in a moment. */
function isAway(error: unknown): error is CodedError {
  return error instanceof CodedError && error.code === 'engine-unavailable';
}
