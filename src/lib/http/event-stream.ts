// Server-sent events (HTML Standard, section 9.2) as the answer to a request: signs of life, and an end
// for who does not read. What is told, and when, is the routes' to say.
import type { FastifyReply } from 'fastify';
import type { ServerResponse } from 'node:http';

export const EVENT_STREAM_TYPE = 'text/event-stream';

/** So that proxies see that the connection lives, and who has gone is found out. */
const SIGN_OF_LIFE_MS = 15_000;
/** Who does not read has so many bytes waiting, and is cut; as is who takes nothing from one sign to the next. */
const MAX_WAITING_BYTES = 1024 * 1024;

export class EventStream {
  readonly #raw: ServerResponse;
  /** Whether it has been behind since the last sign. */
  #isLate = false;

  /**
   * Begins the answer, with the headers that the reply has.
   *
   * @param words the first thing that comes, as a comment
   */
  constructor(reply: FastifyReply, words: string, signOfLifeMs = SIGN_OF_LIFE_MS) {
    reply.hijack();
    const { raw } = reply;
    this.#raw = raw;
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': `${EVENT_STREAM_TYPE}; charset=utf-8`,
    });
    this.#write(`: ${words}\n\n`);
    raw.on('drain', () => {
      this.#isLate = false;
    });
    const signs = setInterval(() => {
      this.#giveSign();
    }, signOfLifeMs);
    this.onClose(() => {
      clearInterval(signs);
    });
  }

  /** @param data JSON, or other text of one line */
  send(event: string, data: string, id?: number): void {
    this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
  }

  /** Whether it has not taken all that was sent; `onReady` is called when it has. */
  get isBehind(): boolean {
    return this.#raw.writableNeedDrain;
  }

  onReady(tell: () => void): void {
    this.#raw.on('drain', tell);
  }

  /** Called once when it is over, whoever ended it; at once where that has happened. */
  onClose(tell: () => void): void {
    if (this.#raw.closed || this.#raw.destroyed) tell();
    else this.#raw.once('close', tell);
  }

  end(): void {
    this.#raw.end();
  }

  /** Breaks it off, so that who follows sees that it is no orderly end. */
  cut(): void {
    this.#raw.destroy();
  }

  #write(text: string): void {
    if (this.#raw.writableEnded) return;
    if (this.#raw.writableLength > MAX_WAITING_BYTES) this.#raw.destroy();
    else this.#raw.write(text);
  }

  #giveSign(): void {
    if (this.isBehind && this.#isLate) this.#raw.destroy();
    else if (this.isBehind) this.#isLate = true;
    else this.#write(': still here\n\n');
  }
}
