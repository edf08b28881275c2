// What is counted, for Prometheus. Labels are route patterns, known methods and statuses, never what
// a caller wrote: their number is bounded.
import { collectDefaultMetrics, Counter, Gauge, Registry as Register } from 'prom-client';
import type { Clock } from '../lib/clock.ts';
import { withinTime } from '../lib/deadline.ts';
import { VERSION } from '../lib/version.ts';
import type { RegistryServer } from './context.ts';
import { RequestCounts } from './request-counts.ts';
import type { Counts, Store } from './store/store.ts';

/** Counts of the index are told again for so long, however often they are asked for. */
const COUNTS_KEPT_MS = 5_000;
/** Without an answer by then the counts are left out. */
const COUNTS_WITHIN_MS = 2_000;

/** The Prometheus text of one registry; two in one process have nothing to do with each other. */
export class Metrics {
  readonly #register = new Register();
  readonly #store: Pick<Store, 'counts'>;
  readonly #clock: Clock;
  readonly #requests = new RequestCounts();
  readonly #shed: Counter;
  readonly #counts: Record<keyof Counts, Gauge>;
  readonly #isEngineUp: Gauge;
  readonly #connections: Gauge;
  #counted: { at: number; counts: Promise<Counts> } | undefined;

  constructor(store: Pick<Store, 'counts' | 'engine'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    const registers = [this.#register];
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
    this.#shed = new Counter({
      name: 'sp2p_shed_total',
      help: 'Requests that were refused because there was too much to do.',
      registers,
    });
    this.#counts = {
      peers: gauge('sp2p_peers', 'Peers that are in answers now, of both contracts.'),
      names: gauge('sp2p_names', 'Names that are kept.'),
      leases: gauge('sp2p_leases', 'Native peers whose lease runs.'),
    };
    this.#isEngineUp = gauge('sp2p_engine_up', '1: the engine told the counts, 0: it did not.');
    this.#connections = gauge('sp2p_connections', 'Open connections.');
    new Gauge({
      name: 'sp2p_registry_info',
      help: 'What runs here; always 1.',
      labelNames: ['version', 'engine'],
      registers,
    }).set({ version: VERSION, engine: store.engine }, 1);
    collectDefaultMetrics({ register: this.#register });
  }

  get contentType(): string {
    return this.#register.contentType;
  }

  /** Counts the connections of an app. */
  watch(app: RegistryServer): void {
    app.server.on('connection', (socket) => {
      this.#connections.inc();
      socket.once('close', () => {
        this.#connections.dec();
      });
    });
  }

  /** @param route its pattern, undefined where there is none */
  answered(
    route: string | undefined,
    method: string | undefined,
    status: number,
    ms: number,
  ): void {
    this.#requests.add(route, method, status, ms);
  }

  shed(): void {
    this.#shed.inc();
  }

  async text(): Promise<string> {
    try {
      const counts = await withinTime(COUNTS_WITHIN_MS, this.#countsNow());
      for (const [name, gauge] of Object.entries(this.#counts))
        gauge.set(counts[name as keyof Counts]);
      this.#isEngineUp.set(1);
    } catch {
      // Better no figure than an old one. All the others are told: they say what is wrong.
      for (const gauge of Object.values(this.#counts)) gauge.remove();
      this.#isEngineUp.set(0);
    }
    return `${this.#requests.text()}\n${await this.#register.metrics()}`;
  }

  #countsNow(): Promise<Counts> {
    const now = this.#clock.now();
    // A clock that was set back makes it long ago, too.
    if (!this.#counted || Math.abs(now - this.#counted.at) >= COUNTS_KEPT_MS) {
      const counted = { at: now, counts: this.#store.counts(now) };
      this.#counted = counted;
      // A failure is not kept.
      counted.counts.catch(() => {
        if (this.#counted === counted) this.#counted = undefined;
      });
    }
    return this.#counted.counts;
  }
}
