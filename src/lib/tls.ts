// TLS between peers (RFC 8446): each shows a certificate that it made for its own key, and who connects knows
// the peer id that has to follow from it. No authority has a say, and nothing else in a certificate has.
import type { NetConnectOpts, OnReadOpts, Socket } from 'node:net';
import {
  connect,
  createServer,
  type ConnectionOptions,
  type SecureVersion,
  type Server,
  type TLSSocket,
} from 'node:tls';
import { endpointText, type Endpoint } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';
import { selfSigned } from './certificate.ts';
import { peerIdOf, type Identity } from './identity.ts';

/** Both ends are ours: no older version is needed. The quickest cipher of those that have no known weakness first. */
const VERSION = {
  minVersion: 'TLSv1.3' as SecureVersion,
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
  // No certificate has an authority here: who it is follows from its key, and is looked at below.
  rejectUnauthorized: false,
};
/** So many sessions are kept; of more the oldest are forgotten. */
const MAX_SESSIONS = 1_000;

/** What a peer shows of itself, as PEM. */
export interface Credentials {
  key: string;
  cert: string;
}

export async function credentialsOf(identity: Identity): Promise<Credentials> {
  return { key: identity.pem, cert: await selfSigned(identity.privateKey, [identity.peerId]) };
}

/** Sessions of one's own connections, to resume them: of an endpoint and a peer id, and good for both alone. */
export class Sessions {
  readonly #sessions = new Map<string, Buffer>();

  of(key: string): Buffer | undefined {
    return this.#sessions.get(key);
  }

  keep(key: string, session: Buffer): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    if (this.#sessions.size <= MAX_SESSIONS) return;
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined) this.#sessions.delete(oldest);
  }
}

export interface TlsTarget {
  endpoint: Endpoint;
  /** Who has to be there. */
  peerId: string;
}

export interface TlsConnectOptions extends TlsTarget {
  /** Who connects; undefined: nobody that the other one could know. */
  credentials?: Credentials | undefined;
  /** Those of these credentials. Default: none is resumed. */
  sessions?: Sessions | undefined;
  onread?: OnReadOpts | undefined;
  signal?: AbortSignal | undefined;
  /** After so many milliseconds without a byte there is a `timeout`. */
  timeout?: number | undefined;
}

/**
 * A connection to a peer, as `net.connect` gives one: it can be written to at once, and nothing of that is sent
 * before the other end has shown that it is that peer. Who gives it up before that destroys it.
 *
 * Another one there: `error` with a CodedError `wrong-certificate`.
 */
export function tlsConnect(options: TlsConnectOptions): TLSSocket {
  const { endpoint, peerId, credentials, sessions, onread, signal, timeout } = options;
  const key = `${endpointText(endpoint)} ${peerId}`;
  // A session was kept of this very peer, and nobody else can resume it (RFC 8446 section 2.2).
  const session = sessions?.of(key);
  const connecting: ConnectionOptions & Pick<NetConnectOpts, 'noDelay' | 'onread'> = {
    ...{ ...VERSION, ...credentials, host: endpoint.ipAddress, port: endpoint.port },
    noDelay: true,
    ...(session && { session }),
    ...(onread && { onread }),
    ...(signal && { signal }),
    ...(timeout !== undefined && { timeout }),
  };
  const socket = connect(connecting);
  // Held back here, not in TLS: that would send it as soon as there is anybody.
  socket.cork();
  socket.once('secureConnect', () => {
    if (!socket.isSessionReused() && peerIdOfOther(socket) !== peerId) {
      const where = endpointText(endpoint);
      socket.destroy(
        new CodedError('wrong-certificate', `Another one than peer ${peerId} is at ${where}.`),
      );
      return;
    }
    socket.on('session', (next) => {
      sessions?.keep(key, next);
    });
    socket.uncork();
  });
  return socket;
}

/**
 * The server's end, for connections that somebody else accepts: `emit('connection', socket)`, with the bytes that
 * were read pushed back. A caller may show a certificate; see {@link peerIdOfOther}.
 *
 * @param handshakeTimeoutMs how long a caller may take to come to the end of the handshake, in milliseconds
 */
export function tlsServer(
  credentials: Credentials,
  handshakeTimeoutMs: number,
  onConnection: (socket: TLSSocket) => void,
): Server {
  const options = { ...VERSION, ...credentials, requestCert: true };
  const server = createServer({ ...options, handshakeTimeout: handshakeTimeoutMs }, onConnection);
  // Of one whose handshake takes too long Node.js only tells.
  return server.on('tlsClientError', (_error, socket) => socket.destroy());
}

/** Who is at the other end of a connection, by the key that it has shown; undefined: it has shown none. */
export function peerIdOfOther(socket: Socket): string | undefined {
  try {
    const certificate = (socket as Partial<TLSSocket>).getPeerX509Certificate?.();
    return certificate && peerIdOf(certificate.publicKey);
  } catch {
    // A key that cannot be read is nobody's.
    return undefined;
  }
}
