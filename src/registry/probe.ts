// Nobody renews an exercise registration, so the registry looks for itself: an endpoint that refuses
// a TCP connection several times in a row is dropped. It dials only what is registered, and sends nothing.
import { connect } from 'node:net';
import { endpointText, networkOf, type Endpoint } from '../protocol/endpoints.ts';
import { forEachOf } from '../lib/concurrency.ts';
import { isStopping, Repeating, type Startable } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/log.ts';
import type { Store } from './store/store.ts';

/** With these a peer that was killed is gone from every answer within 22 s. */
const PROBE_EVERY_MS = 8_000;
const PROBE_TIMEOUT_MS = 2_000;
const FAILURES_TO_DROP = 2;
/** Connections under way at once. */
const PROBES_AT_ONCE = 64;
/** Of one address so many endpoints are probed in a round: one that registers all its ports holds up nobody. */
const PROBES_OF_ADDRESS = 256;

export class Prober implements Startable {
  readonly #store: Pick<Store, 'exerciseEndpoints' | 'dropExerciseEndpoint'>;
  readonly #log: Logger;
  readonly #repeating: Repeating;
  #rounds = 0;
  /** Failures in a row by endpoint; what is not in it was reached the last time. */
  #failures = new Map<string, number>();

  constructor(
    store: Pick<Store, 'exerciseEndpoints' | 'dropExerciseEndpoint'>,
    log: Logger,
    pauseMs = PROBE_EVERY_MS,
  ) {
    this.#store = store;
    this.#log = log;
    this.#repeating = new Repeating({
      work: (signal) => this.#round(signal),
      pauseMs,
      onError: (err) => {
        log.error({ err }, 'a round of probes failed');
      },
    });
  }

  start(): Promise<void> {
    return this.#repeating.start();
  }

  stop(): Promise<void> {
    return this.#repeating.stop();
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { now, later } = turnsOf(await this.#store.exerciseEndpoints(), this.#rounds++);
    const failures = new Map<string, number>();
    for (const text of later.map(endpointText)) {
      const inARow = this.#failures.get(text);
      if (inARow !== undefined) failures.set(text, inARow);
    }
    await forEachOf(now, PROBES_AT_ONCE, async (endpoint) => {
      if (isStopping(signal) || (await answers(endpoint, signal)) || isStopping(signal)) return;
      const text = endpointText(endpoint);
      const inARow = (this.#failures.get(text) ?? 0) + 1;
      if (inARow < FAILURES_TO_DROP) {
        failures.set(text, inARow);
        return;
      }
      await this.#store.dropExerciseEndpoint(endpoint);
      this.#log.info({ endpoint: text }, 'dropped: it cannot be reached');
    });
    this.#failures = failures;
  }
}

/** Whose turn it is in a round: first one of each address, then a second one, up to so many; all in a few rounds. */
function turnsOf(endpoints: Endpoint[], round: number): Record<'now' | 'later', Endpoint[]> {
  const byAddress = Map.groupBy(endpoints, ({ ipAddress }) => networkOf(ipAddress));
  const turns: Endpoint[][] = [];
  const later: Endpoint[] = [];
  for (const ofAddress of byAddress.values()) {
    const parts = Math.ceil(ofAddress.length / PROBES_OF_ADDRESS);
    ofAddress.forEach((endpoint, at) => {
      if (at % parts === round % parts) (turns[Math.floor(at / parts)] ??= []).push(endpoint);
      else later.push(endpoint);
    });
  }
  return { now: turns.flat(), later };
}

/** Whether a TCP connection comes about; nothing is sent. False, too, once the signal has come. */
export function answers({ ipAddress, port }: Endpoint, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: ipAddress, port, timeout: PROBE_TIMEOUT_MS, signal });
    const end = (reached: boolean) => () => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
}
