// Whether a load balancer should send anybody here: not while the registry drains, nor while its
// engine does not answer.
import { withinTime } from '../lib/deadline.ts';
import { CodedError } from '../protocol/errors.ts';
import type { Store } from './store/store.ts';

/** An engine that has not answered a trivial question by then is of no use to anybody. */
const ENGINE_WITHIN_MS = 2_000;
/** No peer has this id: the engine looks into one index and finds nothing. */
const NO_PEER = '';

export class Readiness {
  readonly #store: Pick<Store, 'endpointOfPeer'>;
  readonly #withinMs: number;
  #isDraining = false;
  #isOpen = true;
  /** The question that is under way: however many ask here, the engine is asked once at a time. */
  #asking: Promise<unknown> | undefined;

  constructor(store: Pick<Store, 'endpointOfPeer'>, withinMs = ENGINE_WITHIN_MS) {
    this.#store = store;
    this.#withinMs = withinMs;
  }

  /** From now on it is not ready any more, though it still serves. */
  drain(): void {
    this.#isDraining = true;
  }

  /** The index is not open yet: its database is away. */
  waiting(): void {
    this.#isOpen = false;
  }

  /** The index is open. */
  opened(): void {
    this.#isOpen = true;
  }

  /** Whether there is an index to ask. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @throws CodedError `not-ready` unless it is open */
  checkOpen(): void {
    if (!this.#isOpen)
      throw new CodedError('not-ready', 'The database of the index has not been reached yet.');
  }

  /** @throws CodedError `not-ready` */
  async check(): Promise<void> {
    this.checkOpen();
    this.#checkNotDraining();
    this.#asking ??= this.#store.endpointOfPeer(NO_PEER).finally(() => {
      this.#asking = undefined;
    });
    try {
      await withinTime(this.#withinMs, this.#asking);
    } catch (cause) {
      throw new CodedError('not-ready', 'The engine of the index does not answer.', { cause });
    }
    this.#checkNotDraining();
  }

  #checkNotDraining(): void {
    if (this.#isDraining)
      throw new CodedError('not-ready', 'The registry is about to stop: use another one.');
  }
}
