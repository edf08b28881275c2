// TLS and plain HTTP on one port: the first byte of a connection says which it is. What is answered to either is
// the app's to say.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { RegistryServer } from './context.ts';

/** The first byte of a TLS connection: a record of the handshake (RFC 8446 section 5.1). */
const HANDSHAKE = 0x16;
/** So long a connection may take to say something, and to agree on its keys then, in milliseconds. */
const OPENING_MS = 10_000;

/** PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

type Hear = (this: Server, socket: Socket) => void;

export class TlsPort {
  readonly #tls: TlsServer;
  /** Connections of which it is not known yet what they are. */
  readonly #opening = new Map<string, Socket>();
  #isReady = false;

  /** Takes over the connections of an app that does not listen yet. */
  constructor(app: RegistryServer, openingMs = OPENING_MS) {
    const { server } = app;
    this.#tls = createServer({
      handshakeTimeout: openingMs,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
    });
    // The one that the server was made with.
    const [hear] = server.listeners('connection') as Hear[];
    if (!hear) throw new Error('The server of the app hears nobody.');
    server.removeListener('connection', hear);
    server.on('connection', (socket: Socket) => {
      this.#open(socket, openingMs, () => {
        hear.call(server, socket);
      });
    });
    this.#tls
      .on('secureConnection', (socket: TLSSocket) => {
        this.#opening.delete(placeOf(socket));
        hear.call(server, socket);
      })
      .on('tlsClientError', (_error: Error, socket: TLSSocket) => {
        socket.destroy();
      });
    app.addHook('preClose', (done) => {
      for (const socket of this.#opening.values()) socket.destroy();
      done();
    });
  }

  /** From now on it is spoken with this certificate; before, nobody is heard over TLS. @throws Error for none */
  use(certificate: Certificate): void {
    this.#tls.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' });
    this.#isReady = true;
  }

  #open(socket: Socket, openingMs: number, hearPlain: () => void): void {
    const place = placeOf(socket);
    const late = () => socket.destroy();
    this.#opening.set(place, socket);
    socket
      .setTimeout(openingMs)
      .once('timeout', late)
      // Whoever hears it has something to say to errors; before that nobody has.
      .on('error', () => socket.destroy())
      .once('close', () => {
        if (this.#opening.get(place) === socket) this.#opening.delete(place);
      })
      .once('end', late)
      .once('data', (bytes: Buffer) => {
        socket.pause().setTimeout(0).off('timeout', late).off('end', late).unshift(bytes);
        if (bytes[0] !== HANDSHAKE) {
          this.#opening.delete(place);
          hearPlain();
          socket.resume();
        } else if (this.#isReady) this.#tls.emit('connection', socket);
        else socket.destroy();
      });
  }
}

/** Of its other end: no two connections to one port have the same. */
function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? 0}`;
}
