// Tells followers what of the state changes: whole parts, gathered, so that a change costs the same however
// many there are of it. Who is slow gets fewer of them, never older ones.
import type { EventStream } from '../../lib/http/event-stream.ts';
import type { ControlState } from '../../protocol/control.ts';
import type { Controlled } from './controlled.ts';

type Part = keyof ControlState;

/** Followers are told at most four times a second. */
const GATHER_MS = 250;

interface Follower {
  stream: EventStream;
  /** What it has not been told of yet. */
  waiting: Set<Part>;
}

export class StateFeed {
  readonly #controlled: Controlled;
  readonly #followers = new Set<Follower>();
  #stopListening: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #toldAt = -Infinity;

  constructor(controlled: Controlled) {
    this.#controlled = controlled;
  }

  /** Tells all of it, and then what changes, until the stream ends. */
  follow(stream: EventStream): void {
    const follower: Follower = { stream, waiting: new Set() };
    if (this.#followers.size === 0)
      this.#stopListening = this.#controlled.onChange((part) => {
        for (const { waiting } of this.#followers) waiting.add(part);
        this.#tellSoon();
      });
    this.#followers.add(follower);
    stream.send('state', JSON.stringify(this.#controlled.state));
    stream.onReady(() => {
      this.#tellSoon();
    });
    stream.onClose(() => {
      this.#followers.delete(follower);
      if (this.#followers.size > 0) return;
      this.#stopListening();
      clearTimeout(this.#timer);
      this.#timer = undefined;
    });
  }

  #tellSoon(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#tell();
      },
      Math.max(0, this.#toldAt + GATHER_MS - performance.now()),
    );
  }

  #tell(): void {
    this.#toldAt = performance.now();
    const { state } = this.#controlled;
    /** Each part is written out once, for all. */
    const texts = new Map<Part, string>();
    for (const { stream, waiting } of this.#followers)
      // A stream may fall behind in the middle: the rest waits until it is ready again.
      for (const part of waiting) {
        if (stream.isBehind) break;
        const text = texts.get(part) ?? JSON.stringify(state[part]);
        texts.set(part, text);
        waiting.delete(part);
        stream.send(part, text);
      }
  }
}
