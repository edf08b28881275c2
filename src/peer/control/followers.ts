// All streams of events that are open: bounded, and ended when the server stops.
import type { FastifyReply } from 'fastify';
import type { HttpApp } from '../../lib/http/app.ts';
import { EventStream } from '../../lib/http/event-stream.ts';
import { CodedError } from '../../protocol/errors.ts';

/** A page has three at most; this is several windows of several browsers. */
export const MAX_FOLLOWERS = 100;

export class Followers {
  readonly #open = new Set<() => void>();

  constructor(app: HttpApp) {
    app.addHook('preClose', (done) => {
      for (const end of this.#open) end();
      done();
    });
  }

  /** Begins a stream of events. @throws CodedError `busy` */
  begin(reply: FastifyReply, words: string): EventStream {
    this.requireRoom();
    const stream = new EventStream(reply, words);
    this.add(stream, () => {
      stream.end();
    });
    return stream;
  }

  /** @throws CodedError `busy` */
  requireRoom(): void {
    if (this.#open.size >= MAX_FOLLOWERS)
      throw new CodedError('busy', `At most ${MAX_FOLLOWERS} may follow at once.`);
  }

  /** Counts an answer that goes on, until it is over. */
  add(answer: { onClose: (tell: () => void) => void }, end: () => void): void {
    this.#open.add(end);
    answer.onClose(() => this.#open.delete(end));
  }
}
