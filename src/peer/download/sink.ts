// Where fetched bytes go, and which state of which content they are from. A source begins a content or
// goes on with it; the sink knows how far it is.
import type { Writable } from 'node:stream';
import { CodedError } from '../../protocol/errors.ts';
import { SourceFailure } from './source-failure.ts';

/** What a source says of a content. Over the line it says nothing. */
export interface ContentState {
  /** A strong entity tag. */
  tag?: string | undefined;
  /** Bytes. */
  size?: number | undefined;
}

export interface Sink {
  /** How many bytes it holds, from the first on. */
  readonly length: number;
  /** What those bytes are from. */
  readonly state: ContentState;
  /** Forgets what it holds and begins anew. @throws SourceFailure for a source with which it cannot */
  begin(state: ContentState): Promise<void>;
  /** Goes back to an earlier length: what comes next is written from there on. */
  rewindTo(length: number): void;
  /** The chunk is good until this resolves. @throws CodedError `disk-full`, `cannot-write` */
  write(chunk: Buffer): Promise<void>;
}

/** A pipe, to stdout for example: what went in cannot be taken back. */
export class PipeSink implements Sink {
  length = 0;
  state: ContentState = {};
  readonly #pipe: Writable;
  /** Bytes that will come once more, and went into the pipe already. */
  #repeated = 0;

  constructor(pipe: Writable) {
    this.#pipe = pipe;
  }

  begin(state: ContentState): Promise<void> {
    const isTheSame = state.tag !== undefined && state.tag === this.state.tag;
    // From the first byte on, but those that are in the pipe already are left out.
    if (isTheSame && state.size === this.state.size) this.rewindTo(0);
    else if (this.length > 0)
      return Promise.reject(
        // The source that it began with may still be able to go on.
        new SourceFailure(
          'wrong-answer',
          `it cannot go on behind the ${this.length} bytes that are in the pipe already`,
        ),
      );
    this.state = state;
    return Promise.resolve();
  }

  rewindTo(length: number): void {
    this.#repeated = this.length - length;
  }

  write(chunk: Buffer): Promise<void> {
    const skipped = Math.min(this.#repeated, chunk.length);
    this.#repeated -= skipped;
    return skipped < chunk.length ? this.#write(chunk.subarray(skipped)) : Promise.resolve();
  }

  #write(chunk: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      // A copy: the reader of the pipe may hold on to it, and the chunk's memory is used again.
      this.#pipe.write(Buffer.from(chunk), (cause) => {
        if (cause) {
          reject(
            new CodedError('cannot-write', `The pipe is broken: ${cause.message}.`, { cause }),
          );
          return;
        }
        this.length += chunk.length;
        resolve();
      });
    });
  }
}
