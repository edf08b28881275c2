// One port, several voices: reads the first bytes of a connection once and hands it on to the voice
// that they ask for, with the bytes pushed back.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { Connections } from '../../lib/connections.ts';
import type { Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import { RateLimit } from '../../lib/rate-limit.ts';
import { tlsServer, type Credentials } from '../../lib/tls.ts';
import { CodedError } from '../../protocol/errors.ts';
import { recogniseOpening, type Opening } from '../../protocol/opening.ts';
import { OPEN_GATE, type Gate } from './gate.ts';
import { httpVoice, type HttpVoiceOptions } from './http-voice.ts';
import { isLink, LinkVoice, type LinkVoiceOptions } from './link-voice.ts';
import { answerLine } from './line-voice.ts';
import type { Offers } from './offers.ts';
import { addressOf } from './receiver.ts';
import type { SendLimits } from './send-file.ts';
import { answerTlsWanted } from './tls-wanted.ts';
import { Uploads } from './uploads.ts';

/** Each costs one or two chunks of memory (lib/chunk-pool): 512 cost 44 MiB where all are slow, 256 MiB at most. */
export const MAX_CONNECTIONS = 512;
/**
 * So many may wait to be accepted, where the system allows it (net.core.somaxconn): of a storm of strangers the most are
 * let go of at once, and whom the system drops tries again after a second.
 */
const BACKLOG = 4_096;
/** One address has so large a part of them at most: it cannot keep all others out. */
const PART_OF_ONE_ADDRESS = 0.5;
/** The first line, and the whole of an HTTP head, must have come by then; behind a line's answer, the end. */
const OPENING_TIMEOUT_MS = 10_000;
/** A kept-alive connection on which nothing is asked is closed. */
const KEEP_ALIVE_MS = 30_000;
/** A client that takes nothing of its answer for so long is cut. */
const STALLED_AFTER_MS = 30_000;

/** What a peer has in a private network: all it says is said over TLS, to those whom its gate lets in. */
export interface Privacy {
  gate: Gate;
  credentials: () => Promise<Credentials>;
  /** Whether the line protocol is open to everybody all the same. */
  openExercise: boolean;
}

export interface ListenerOptions {
  offers: Offers;
  /** Default: the network is open. */
  privacy?: Privacy | undefined;
  /** What to say to a registry that dials this peer to see whether it is here. */
  proofOf: HttpVoiceOptions['proofOf'];
  log: Logger;
  port: number;
  /** Default: every address of the machine, IPv6 and IPv4. */
  host?: string | undefined;
  /** How long a client may take to say what it wants, or that it is done, in milliseconds. Default: 10,000. */
  openingTimeoutMs?: number | undefined;
  /** How long a client may take nothing of its answer, in milliseconds. Default: 30,000. */
  stalledAfterMs?: number | undefined;
  onNeighbour?: LinkVoiceOptions['onNeighbour'];
  /** Connections at once; of more the idle ones go first (lib/connections). Default: {@link MAX_CONNECTIONS}. */
  maxConnections?: number | undefined;
  /** What all files that are sent share. Default: no limit. */
  uploadLimit?: RateLimit | undefined;
  /** What is sent counts there. */
  uploads?: Uploads | undefined;
}

export class Listener implements Startable {
  readonly #options: ListenerOptions & { openingTimeoutMs: number; uploads: Uploads };
  readonly #limits: SendLimits;
  readonly #server: Server;
  readonly #links: LinkVoice;
  readonly #connections: Connections;
  readonly #hearHttp: (socket: Socket) => void;
  #secure: TlsServer | undefined;
  #stopping: Promise<void> | undefined;
  #port = 0;

  constructor(options: ListenerOptions) {
    const {
      offers,
      proofOf,
      privacy,
      log,
      openingTimeoutMs = OPENING_TIMEOUT_MS,
      stalledAfterMs = STALLED_AFTER_MS,
      maxConnections = MAX_CONNECTIONS,
      uploadLimit = new RateLimit(),
      uploads = new Uploads(),
    } = options;
    this.#options = { ...options, openingTimeoutMs, uploads };
    this.#limits = { stalledAfterMs, uploadLimit };
    const gate = privacy?.gate ?? OPEN_GATE;
    this.#links = new LinkVoice({ ...options, gate });
    this.#server = createServer(
      {
        headersTimeout: openingTimeoutMs,
        requestTimeout: openingTimeoutMs,
        connectionsCheckingInterval: Math.min(1_000, openingTimeoutMs),
        keepAliveTimeout: KEEP_ALIVE_MS,
        // Who asks for another upgrade, as curl does with --http2, gets an answer in HTTP/1.1.
        shouldUpgradeCallback: (request: IncomingMessage) => isLink(request),
      },
      httpVoice({
        ...{ offers, gate, log, proofOf, uploads },
        receiverOf: (request) => this.#links.neighbourOf(request) ?? addressOf(request.socket),
        limits: this.#limits,
        claim: (request) => this.#links.claim(request),
        onAdmitted: (request, until) => {
          this.#links.prolong(request, until);
        },
      }),
    );
    this.#server.on('upgrade', (request, socket, head) => {
      this.#links.upgrade(request, socket, head);
    });
    const mostOfAddress = Math.ceil(maxConnections * PART_OF_ONE_ADDRESS);
    this.#connections = new Connections(maxConnections, mostOfAddress);
    this.#connections.watch(this.#server);
    // Whatever the answer is: send-file watches over files, and this over all else.
    this.#server.timeout = stalledAfterMs;
    // A client that says "no more requests" by closing its side still gets its answers, as in
    // `printf 'GET / HTTP/1.0\r\n\r\n' | nc`. Not in the documentation of Node.js; net has allowHalfOpen.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    // The HTTP server is the one that listens, so that its own deadlines hold; its connections pass
    // by here first.
    const [hear] = this.#server.listeners('connection') as ((socket: Socket) => void)[];
    this.#hearHttp = (hear as (this: Server, socket: Socket) => void).bind(this.#server);
    this.#server.removeAllListeners('connection');
    this.#server.on('connection', (socket: Socket) => {
      if (!this.#connections.admit(socket)) return;
      socket.on('error', (err) => {
        log.debug({ err }, 'a connection broke');
      });
      this.#recognise(socket);
    });
  }

  /** @throws CodedError `port-taken`, `cannot-listen` */
  async start(): Promise<void> {
    const { port, host, privacy, openingTimeoutMs, log } = this.#options;
    if (privacy)
      this.#secure = tlsServer(await privacy.credentials(), openingTimeoutMs, this.#hearHttp).on(
        'tlsClientError',
        (err) => {
          log.debug({ err }, 'a handshake failed');
        },
      );
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          error.code === 'EADDRINUSE'
            ? new CodedError('port-taken', `Port ${port} is taken; --port 0 takes a free one.`)
            : new CodedError('cannot-listen', `Cannot listen on port ${port}: ${error.message}.`),
        );
      });
      this.#server.listen({ port, backlog: BACKLOG, ...(host !== undefined && { host }) }, resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
    await this.#links.start();
    this.#server.on('error', (err) => {
      log.error({ err }, 'a connection could not be accepted');
    });
  }

  async stop(): Promise<void> {
    await this.#links.stop();
    this.#stopping ??= new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#connections.destroyAll();
    });
    await this.#stopping;
  }

  /** The port it listens on, once started. */
  get port(): number {
    return this.#port;
  }

  #recognise(socket: Socket): void {
    let bytes: Buffer = Buffer.alloc(0);
    const { openingTimeoutMs } = this.#options;
    const deadline = setTimeout(() => socket.destroy(), openingTimeoutMs);
    const decide = (ended: boolean) => {
      const opening = recogniseOpening(bytes, ended);
      if (opening.voice === 'undecided') return;
      clearTimeout(deadline);
      socket.off('data', onData).off('end', onEnd).pause();
      this.#handOn(socket, opening, bytes);
    };
    const onData = (chunk: Buffer) => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      decide(false);
    };
    const onEnd = () => {
      decide(true);
    };
    socket
      .on('data', onData)
      .once('end', onEnd)
      .once('close', () => {
        clearTimeout(deadline);
      });
  }

  /** Gives a connection to the voice that it asks for. @param bytes what was read of it */
  #handOn(socket: Socket, opening: Opening, bytes: Buffer): void {
    const { offers, log, openingTimeoutMs, uploads, privacy } = this.#options;
    if (opening.voice === 'tls' && this.#secure) {
      socket.unshift(bytes);
      this.#secure.emit('connection', socket);
    } else if (opening.voice === 'http' && privacy) answerTlsWanted(socket, openingTimeoutMs);
    else if (opening.voice === 'http') {
      socket.unshift(bytes);
      this.#hearHttp(socket);
      socket.resume();
    } else if (opening.voice === 'line' && (!privacy || privacy.openExercise)) {
      this.#connections.begin(socket);
      const limits = { ...this.#limits, closingTimeoutMs: openingTimeoutMs };
      answerLine(socket, opening.name, offers, limits, uploads).catch((err: unknown) => {
        log.error({ err }, 'a line could not be answered');
        socket.destroy();
      });
    } else socket.destroy();
  }
}
