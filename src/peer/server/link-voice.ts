// The links of those who download from here (see protocol/link): hears what they have, and offers them
// pieces as the plan and the window of the uplink say. The pieces themselves go over HTTP.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import type { Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import { CodedError, type ErrorCode } from '../../protocol/errors.ts';
import {
  LINK_HEADER,
  LINK_PROTOCOL,
  MAX_LINK_TEXT,
  parseFollowerWord,
  type HolderWord,
} from '../../protocol/link.ts';
import { parseRoot, pieceAt, pieceLengthOf } from '../../protocol/merkle.ts';
import { parseRanges } from '../../protocol/piece-set.ts';
import { peerIdOfOther } from '../../lib/tls.ts';
import type { Gate } from './gate.ts';
import type { Holding, Offers } from './offers.ts';
import { receiverText } from './receiver.ts';
import { UNDER_WAY_EACH, UploadPlan, type Follower } from './upload-plan.ts';
import { UploadWindow } from './upload-window.ts';

const PATH = /^\/contents\/([^/?]*)\/link(?:\?(.*))?$/;
const PIECE_PATH = /^\/contents\/[^/?]*$/;
const RANGE = /^bytes=(\d+)-(\d+)$/;

const MAX_LINKS = 200;
const MAX_LINKS_PER_ADDRESS = 64;
/** Offers that are not answered, and pieces that do not arrive, are looked for so often. */
const LOOK_EVERY_MS = 250;
const ANSWER_WITHIN_MS = 10_000;
/** After so long without an answer an offer keeps no room on the uplink any more. */
const COUNTS_FOR_MS = 500;
/** Who does not answer is offered nothing for so long; twice as long each further time in a row. */
const REST_MS = 5_000;
const MOST_REST_MS = 300_000;
/** Who takes nothing more before something arrives is asked again after so long all the same. */
const LATER_MS = 1_000;
const ARRIVES_WITHIN_MS = 120_000;
/** A follower that does not read has so many bytes waiting, and is cut. */
const MAX_WAITING_BYTES = 256 * 1024;
/** Who has said so many things more than there was to say is cut. */
const SPARE_WORDS = 200;

interface UnderWay {
  since: number;
  /** Whether it keeps room on the uplink: not where its receiver holds it up. */
  counts: boolean;
}

interface Link {
  socket: WebSocket;
  content: Content;
  follower: Follower;
  address: string;
  /** The port at which it serves, where it says so. */
  port: number | undefined;
  /** What was offered and not answered, the oldest first. */
  offered: UnderWay[];
  /** Offers in a row that were not answered. */
  unanswered: number;
  underWay: Map<number, UnderWay>;
  words: number;
  /** Until when its owner is let in, in milliseconds since 1970. */
  until: number;
}

interface Content {
  plan: UploadPlan;
  holding: Holding;
  links: Map<Follower, Link>;
  forget: () => void;
}

/** Whether a request is to open a link. */
export function isLink({ url = '', headers }: IncomingMessage): boolean {
  return PATH.test(url) && headers.upgrade?.toLowerCase() === 'websocket';
}

/** Who downloads here, and serves there; by its certificate, where it has shown one. */
export interface Neighbour {
  ipAddress: string;
  port: number;
  peerId: string | undefined;
}

export interface LinkVoiceOptions {
  offers: Offers;
  gate: Gate;
  log: Logger;
  /** Somebody who downloads here, and listens on that port, would be a source, too. */
  onNeighbour?: ((root: string, neighbour: Neighbour) => void) | undefined;
}

/** What a refusal is answered with; whatever else is wrong with it, there is no link of that. */
const STATUS: Partial<Record<ErrorCode, number>> = { busy: 503, 'bad-ticket': 401 };

export class LinkVoice implements Startable {
  readonly #options: LinkVoiceOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_LINK_TEXT,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(LINK_PROTOCOL) ? LINK_PROTOCOL : false),
  });
  readonly #window = new UploadWindow();
  readonly #links = new Map<string, Link>();
  readonly #contents = new Map<string, Content>();
  #looking: NodeJS.Timeout | undefined;

  constructor(options: LinkVoiceOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#looking = setInterval(() => {
      this.#lookForTheLate();
    }, LOOK_EVERY_MS);
    this.#looking.unref();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    clearInterval(this.#looking);
    for (const { socket } of this.#links.values()) socket.terminate();
    return Promise.resolve();
  }

  /** A request to upgrade a connection; whatever is no link is refused. Never throws. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#open(request, socket, head).catch((error: unknown) => {
      const status = (error instanceof CodedError && STATUS[error.code]) || 404;
      socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
  }

  /**
   * A request that has come in: where it is for a piece that was offered over a link, the piece is under
   * way from now. Answers what to call when the answer is over, undefined for all other requests.
   */
  claim({ method, url = '', headers }: IncomingMessage): ((isWhole: boolean) => void) | undefined {
    const link = this.#links.get(String(headers[LINK_HEADER] ?? ''));
    if (!link || method !== 'GET' || !PIECE_PATH.test(url)) return undefined;
    const { content, follower, underWay } = link;
    const piece = pieceOf(headers.range, content.holding);
    if (piece === undefined || underWay.has(piece) || follower.has.has(piece)) return undefined;
    const offer = link.offered.shift();
    // Of its own accord nobody gets more attention than by offers.
    if (!offer && underWay.size >= UNDER_WAY_EACH) return undefined;
    const since = offer?.since ?? performance.now();
    if (!offer?.counts) this.#window.begin();
    link.unanswered = 0;
    underWay.set(piece, { since, counts: true });
    content.plan.claim(follower, piece);
    return (isWhole) => {
      if (!isWhole) this.#fail(link, piece);
    };
  }

  /** Who asks over a link was let in anew: the link lives as long. */
  prolong({ headers }: IncomingMessage, until: number): void {
    const link = this.#links.get(String(headers[LINK_HEADER] ?? ''));
    if (link && until > link.until) link.until = until;
  }

  /** Where the one serves who asks for something that was offered over a link. */
  neighbourOf({ headers }: IncomingMessage): string | undefined {
    const { address, port } = this.#links.get(String(headers[LINK_HEADER] ?? '')) ?? {};
    return address === undefined || port === undefined ? undefined : receiverText(address, port);
  }

  async #open(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const [, text = '', query = ''] = PATH.exec(request.url ?? '') ?? [];
    const root = parseRoot(text);
    const admission = await this.#options.gate.admit(request);
    admission.requireFor(root);
    const holding = await this.#options.offers.holding(root);
    if (!holding) throw new CodedError('not-found', 'No content of this root is offered.');
    const address = request.socket.remoteAddress ?? '';
    const ofAddress = [...this.#links.values()].filter((link) => link.address === address).length;
    if (this.#links.size >= MAX_LINKS || ofAddress >= MAX_LINKS_PER_ADDRESS)
      throw new CodedError('busy', 'There are too many links.');
    const told = Number(new URLSearchParams(query).get('port') ?? NaN);
    const port = Number.isInteger(told) && told > 0 && told < 65536 ? told : undefined;
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#join(webSocket, root, holding, { address, port, until: admission.until });
    });
    const peerId = peerIdOfOther(request.socket);
    if (port !== undefined) this.#options.onNeighbour?.(root, { ipAddress: address, port, peerId });
  }

  #join(
    socket: WebSocket,
    root: string,
    holding: Holding,
    receiver: Pick<Link, 'address' | 'port' | 'until'>,
  ): void {
    const content = this.#contents.get(root) ?? this.#begin(root, holding);
    const id = randomBytes(8).toString('hex');
    const follower = content.plan.join();
    // Until it has said what it has.
    follower.restsUntil = Infinity;
    const link: Link = {
      ...{ socket, content, follower, ...receiver },
      ...{ offered: [], underWay: new Map(), words: 0, unanswered: 0 },
    };
    this.#links.set(id, link);
    content.links.set(follower, link);
    socket
      .on('message', (data) => {
        this.#hear(link, data);
      })
      .on('error', (err) => {
        this.#options.log.debug({ err }, 'a link broke');
        socket.terminate();
      })
      .once('close', () => {
        this.#links.delete(id);
        this.#leave(root, link);
      });
    say(socket, { link: id });
  }

  #begin(root: string, holding: Holding): Content {
    const plan = new UploadPlan(holding.has, Math.random);
    const forget = holding.onGain((piece) => {
      plan.gain(piece);
      this.#offer();
    });
    const content: Content = { plan, holding, links: new Map(), forget };
    this.#contents.set(root, content);
    return content;
  }

  #leave(root: string, link: Link): void {
    const { content, follower, offered, underWay } = link;
    for (const { counts } of [...offered, ...underWay.values()]) if (counts) this.#window.drop();
    offered.length = 0;
    underWay.clear();
    content.plan.leave(follower);
    content.links.delete(follower);
    if (content.links.size === 0) {
      content.forget();
      this.#contents.delete(root);
    }
    this.#offer();
  }

  #hear(link: Link, data: RawData): void {
    const { content, follower, socket } = link;
    const { length } = content.holding.has;
    const now = performance.now();
    try {
      // It has each piece once, and each offer is answered once.
      if (++link.words > 3 * length + SPARE_WORDS)
        throw new CodedError('bad-request', 'It says too much.');
      const word = parseFollowerWord((data as Buffer).toString());
      if (word.have !== undefined) {
        // The first word ends the wait for it; a rest for another reason goes on.
        if (follower.restsUntil === Infinity) follower.restsUntil = -Infinity;
        for (const piece of parseRanges(word.have, length)) this.#arrived(link, piece, now);
      }
      if (word.at !== undefined) follower.readsAt = word.at ?? undefined;
      const passed = (word.pass ?? word.later) && link.offered.shift();
      if (passed) {
        // It is an answer, and as many of them are right as there are offers.
        link.words--;
        link.unanswered = 0;
        if (passed.counts) this.#window.drop();
        if (word.pass) content.plan.pass(follower, now);
        else content.plan.rest(follower, now + LATER_MS);
      }
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#options.log.debug({ err: error }, 'a link said nonsense');
      socket.terminate();
    }
    this.#offer();
  }

  #arrived({ content, follower, underWay }: Link, piece: number, now: number): void {
    const one = underWay.get(piece);
    underWay.delete(piece);
    content.plan.learn(follower, piece);
    if (one?.counts) this.#window.end(now - one.since);
  }

  #fail({ content, follower, underWay }: Link, piece: number): void {
    const one = underWay.get(piece);
    if (!one) return;
    underWay.delete(piece);
    if (one.counts) this.#window.drop();
    content.plan.fail(follower, piece);
    this.#offer();
  }

  /** Offers as much as is to be under way. */
  #offer(): void {
    const now = performance.now();
    let idle = 0;
    while (this.#window.hasRoom && idle < this.#contents.size) {
      const [first] = this.#contents;
      if (!first) return;
      const [root, content] = first;
      // The next one's turn: contents are served in turn.
      this.#contents.delete(root);
      this.#contents.set(root, content);
      const next = content.plan.next(now);
      const link = next && content.links.get(next.follower);
      if (!link) {
        idle++;
        continue;
      }
      idle = 0;
      this.#window.begin();
      link.offered.push({ since: now, counts: true });
      say(link.socket, { offer: next.pieces });
    }
  }

  #lookForTheLate(): void {
    const now = performance.now();
    const today = Date.now();
    for (const link of this.#links.values()) {
      if (link.until <= today) link.socket.terminate();
      const { content, follower, offered, underWay } = link;
      for (const offer of offered)
        if (offer.counts && now - offer.since > COUNTS_FOR_MS) {
          offer.counts = false;
          this.#window.drop();
        }
      while (now - (offered[0]?.since ?? now) > ANSWER_WITHIN_MS) {
        offered.shift();
        const restMs = Math.min(MOST_REST_MS, REST_MS * 2 ** link.unanswered++);
        content.plan.rest(follower, now + restMs);
      }
      for (const [piece, one] of underWay) {
        if (one.counts && this.#window.isHeldUp(now - one.since)) {
          one.counts = false;
          this.#window.drop();
        }
        if (now - one.since > ARRIVES_WITHIN_MS) this.#fail(link, piece);
      }
    }
    this.#offer();
  }
}

/** The piece of which a range is exactly. */
function pieceOf(range: string | undefined, { size, has }: Holding): number | undefined {
  const [, first, last] = RANGE.exec(range ?? '') ?? [];
  const piece = Number(first ?? NaN) / pieceLengthOf(size);
  if (!Number.isInteger(piece) || piece >= has.length) return undefined;
  const { start, length } = pieceAt(piece, size);
  return Number(last) === start + length - 1 ? piece : undefined;
}

function say(socket: WebSocket, word: HolderWord): void {
  if (socket.bufferedAmount > MAX_WAITING_BYTES) socket.terminate();
  else socket.send(JSON.stringify(word));
}
