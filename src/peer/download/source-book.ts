// What is known of the sources of one content: how quick they are, who failed and may be tried again,
// who lied and is not asked any more. The time comes in as an argument.
import { endpointText, type Endpoint } from '../../protocol/endpoints.ts';
import { PATIENCE, type Patience } from './patience.ts';
import type { FailureKind, SourceFailure } from './source-failure.ts';

/** A source that failed so often in a row, without a piece in between, is left alone for a while. */
const MAX_FAILURES = 4;
/** Weight of the newest measurement in the rate of a source. */
const RATE_WEIGHT = 0.4;
/** Sources used at once; a registry may name any number. */
const MAX_SOURCES = 50;
/** So many places are left to those who hold the whole. */
const KEPT_FOR_WHOLE = 5;
/** Sources that are remembered, so that a registry that names ever new ones fills no memory. */
const MAX_REMEMBERED = 10_000;

/** It sent something that it should not have: it is not asked again for this content. */
const LIES: ReadonlySet<FailureKind> = new Set(['wrong-answer', 'bad-piece', 'not-http']);

/** A source as somebody names it. */
export interface NamedSource extends Endpoint {
  /** Whether it holds the whole content; default: true. */
  complete?: boolean;
  /** Who it is; undefined or null: nobody has told. */
  peerId?: string | null | undefined;
}

export interface BookedSource {
  readonly endpoint: Endpoint;
  readonly peerId: string | null;
  /** Whether it is said to hold the whole content. */
  isWhole: boolean;
  /** When it was last taken in. */
  since: number;
  /** The endpoint as text: what tells it from the others. */
  readonly key: string;
  /** Verified bytes that came from it. */
  bytes: number;
  /** Bytes that came since the rate was last taken. */
  bytesSinceRate: number;
  /** Bytes a second. */
  rate: number;
  failuresInARow: number;
  /** Not to be tried before that moment. */
  retryAt: number;
  /** `away`: it failed too often to be counted on; `dropped`: it lied. */
  state: 'live' | 'away' | 'dropped';
  /** Of the last failure. */
  reason: string | undefined;
}

export class SourceBook {
  readonly #sources = new Map<string, BookedSource>();
  readonly #patience: Patience;

  constructor(patience = PATIENCE) {
    this.#patience = patience;
  }

  /** Takes in endpoints that are new here, or were left alone for long enough. Answers whether any was. */
  join(named: Iterable<NamedSource>, now: number): boolean {
    let room = MAX_SOURCES - this.live.length;
    const before = room;
    // Those of the whole first.
    const wholeFirst = [...named].sort(
      (a, b) => Number(b.complete ?? true) - Number(a.complete ?? true),
    );
    for (const { ipAddress, port, complete = true, peerId = null } of wholeFirst) {
      const endpoint = { ipAddress, port };
      const key = endpointText(endpoint);
      const atEndpoint = this.#sources.get(key);
      // Where one was that is gone, another one may have come.
      const isAnother = atEndpoint?.peerId !== peerId && atEndpoint?.state !== 'live';
      const known = isAnother ? undefined : atEndpoint;
      if (known && complete) known.isWhole = true;
      if (room <= (complete ? 0 : KEPT_FOR_WHOLE)) continue;
      if (known ? known.state !== 'away' || known.retryAt > now : this.#isFull) continue;
      room--;
      if (known) Object.assign(known, { state: 'live', since: now });
      else this.#sources.set(key, newSource({ endpoint, key, peerId }, complete, now));
    }
    return room < before;
  }

  get(key: string): BookedSource | undefined {
    return this.#sources.get(key);
  }

  /** Those that may still deliver. */
  get live(): BookedSource[] {
    return [...this.#sources.values()].filter(({ state }) => state === 'live');
  }

  /** Those who have sent nothing since they were taken in so long ago, where others wait for their place. */
  idlers(now: number, idleMs: number): BookedSource[] {
    const { live } = this;
    if (live.length < MAX_SOURCES) return [];
    return live.filter(({ bytes, since }) => bytes === 0 && now - since > idleMs);
  }

  /** Verified bytes by source, of those that sent any. */
  get delivered(): { endpoint: string; bytes: number }[] {
    return [...this.#sources.values()]
      .filter(({ bytes }) => bytes > 0)
      .map(({ key, bytes }) => ({ endpoint: key, bytes }));
  }

  /** Who lied or went away, and why. */
  get failed(): { endpoint: string; reason: string }[] {
    return [...this.#sources.values()].flatMap(({ key, state, reason }) =>
      state === 'live' ? [] : [{ endpoint: key, reason: reason ?? '' }],
    );
  }

  /** A source failed: it may be tried again in a while, unless it lied. */
  fail(source: BookedSource, { kind, message }: SourceFailure, now: number): void {
    if (source.state === 'dropped') return;
    source.failuresInARow++;
    source.rate = 0;
    source.reason = `${kind}: ${message}`;
    if (LIES.has(kind)) source.state = 'dropped';
    else if (isHopeless(source, kind)) {
      source.state = 'away';
      source.failuresInARow = 0;
      source.retryAt = now + this.#patience.awayMs;
    } else source.retryAt = now + this.#patience.firstRetryMs * 2 ** (source.failuresInARow - 1);
  }

  /** A piece of a source was verified. @param bytes that nobody else had delivered before */
  deliver(source: BookedSource, bytes: number): void {
    source.bytes += bytes;
    source.failuresInARow = 0;
  }

  /**
   * Takes the rates over the time since it was last called, in seconds.
   *
   * @param isBusy whether a source is asked for something now, and may send it
   */
  takeRates(seconds: number, isBusy: (source: BookedSource) => boolean): void {
    for (const source of this.live) {
      const rate = source.bytesSinceRate / seconds;
      source.bytesSinceRate = 0;
      // It was asked for a part of that time: it is at least so quick.
      if (!isBusy(source)) source.rate = Math.max(source.rate, rate);
      else if (source.rate === 0) source.rate = rate;
      else source.rate += RATE_WEIGHT * (rate - source.rate);
    }
  }

  get #isFull(): boolean {
    return this.#sources.size >= MAX_REMEMBERED;
  }
}

/** Who says that it does not have it knows; and who is not there, and never was, is not waited for again. */
function isHopeless({ bytes, failuresInARow }: BookedSource, kind: FailureKind): boolean {
  if (kind === 'refused' || failuresInARow >= MAX_FAILURES) return true;
  return bytes === 0 && (kind === 'unreachable' || kind === 'stalled');
}

function newSource(
  who: Pick<BookedSource, 'endpoint' | 'key' | 'peerId'>,
  isWhole: boolean,
  since: number,
): BookedSource {
  return {
    ...who,
    isWhole,
    since,
    bytes: 0,
    bytesSinceRate: 0,
    rate: 0,
    failuresInARow: 0,
    retryAt: 0,
    state: 'live',
    reason: undefined,
  };
}
