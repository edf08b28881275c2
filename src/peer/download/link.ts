// The downloader's end of a link (see protocol/link): says what is here, hears what is offered.
import { WebSocket, type RawData } from 'ws';
import { endpointText } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import {
  LINK_PROTOCOL,
  MAX_LINK_TEXT,
  parseHolderWord,
  type FollowerWord,
} from '../../protocol/link.ts';
import { rangesText } from '../../protocol/piece-set.ts';
import type { Access, Whereabouts } from './access.ts';
import type { Patience } from './patience.ts';
import { isNotThere, SourceFailure } from './source-failure.ts';

/** A holder that does not read has so many bytes waiting, and is left. */
const MAX_WAITING_BYTES = 256 * 1024;

export interface LinkOptions {
  source: Whereabouts;
  access: Access;
  /** 64 hex digits. */
  root: string;
  /** Where this peer listens; undefined: it does not serve. */
  port: number | undefined;
  patience: Patience;
  /** There is a link: what is here can be told. */
  onOpen: (link: Link) => void;
  /** Some of these pieces may be asked for, one of them; to be answered at once. */
  onOffer: (pieces: number[]) => void;
  /** Once. `none`: there are no links at that source, and may be contents all the same. */
  onOver: (reason: SourceFailure | 'none') => void;
}

export class Link {
  readonly #options: LinkOptions;
  /** Undefined: it is not known yet what is to be shown there. */
  #socket: WebSocket | undefined;
  /** What to send with a request for a piece. */
  id: string | undefined;
  #isOver = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    options.access.authorization(options.root).then(
      (authorization) => {
        if (!this.#isOver) this.#connect(authorization);
      },
      (error: unknown) => {
        const why = `not let in: ${(error as Error).message}`;
        this.#end(new SourceFailure('closed-early', why));
      },
    );
  }

  #connect(authorization: string | undefined): void {
    const { source, access, root, port, patience } = this.#options;
    const query = port === undefined ? '' : `?port=${port}`;
    this.#socket = new WebSocket(
      `ws://${endpointText(source.endpoint)}/contents/${root}/link${query}`,
      LINK_PROTOCOL,
      {
        headers: { ...(authorization !== undefined && { authorization }) },
        createConnection: () => access.connect(source, { timeout: patience.stalledAfterMs }),
        handshakeTimeout: patience.stalledAfterMs,
        maxPayload: MAX_LINK_TEXT,
        perMessageDeflate: false,
        followRedirects: false,
      },
    );
    this.#socket
      .on('message', (data) => {
        this.#hear(data);
      })
      .once('unexpected-response', (request, { statusCode }) => {
        request.destroy();
        this.#end(
          statusCode === 401
            ? new SourceFailure('closed-early', 'it lets nobody in like that (401)')
            : 'none',
        );
      })
      .once('error', (error: NodeJS.ErrnoException) => {
        this.#end(failureOf(error));
      })
      .once('close', () => {
        this.#end(new SourceFailure('closed-early', 'it closed the link'));
      });
  }

  /**
   * Says that these pieces are here now, in ascending order.
   *
   * @param at from which piece on they are wanted in order; null: in any order again
   */
  tell(pieces: Iterable<number>, at?: number | null): void {
    this.#say({ have: rangesText(pieces), ...(at !== undefined && { at }) });
  }

  /** None of what was offered last is wanted. */
  pass(): void {
    this.#say({ pass: true });
  }

  /** What was offered last is not taken, because nothing can be taken now. */
  later(): void {
    this.#say({ later: true });
  }

  /** Ends it, without a word to the owner. */
  close(): void {
    this.#isOver = true;
    this.#socket?.close();
  }

  #say(word: FollowerWord): void {
    if (this.#isOver || this.#socket?.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_WAITING_BYTES)
      this.#end(new SourceFailure('stalled', 'it does not read what it is told'));
    else this.#socket.send(JSON.stringify(word));
  }

  #hear(data: RawData): void {
    if (this.#isOver) return;
    try {
      const { link, offer } = parseHolderWord((data as Buffer).toString());
      if (link !== undefined && this.id === undefined) {
        this.id = link;
        this.#options.onOpen(this);
      }
      if (offer) this.#options.onOffer(offer);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#end(new SourceFailure('wrong-answer', 'it says what is nothing over a link'));
    }
  }

  #end(reason: SourceFailure | 'none'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket?.terminate();
    this.#options.onOver(reason);
  }
}

/** What is no WebSocket may be a source all the same, and is asked as one. */
function failureOf(error: NodeJS.ErrnoException): SourceFailure | 'none' {
  if (isNotThere(error)) return new SourceFailure('unreachable', error.message);
  if (error.message.includes('handshake has timed out'))
    return new SourceFailure('stalled', 'no answer to a link in time');
  if (error.code?.startsWith('WS_ERR') === true)
    return new SourceFailure('wrong-answer', 'it says what is nothing over a link');
  return 'none';
}
