// A network as its callers know it: where its registry is, which certificate that has, and the key that is
// shown to it. And the connections to it: kept for the next call, and silent until the certificate is right.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { pinOf } from '../lib/pin.ts';
import { CodedError } from '../protocol/errors.ts';

export interface Network {
  /** Of the registry; a path in it is the base of the exercise's contract there. */
  url: URL;
  /** Of the registry's certificate: base64url of the SHA-256 of its public key. Default: the system knows it. */
  pin?: string | undefined;
  /** What lets its holder in. Default: it is open to all. */
  key?: string | undefined;
}

/** Kept connections towards one registry; a peer asks hardly more at once. */
const MAX_IDLE = 16;
/** An idle one is closed before the registry closes it, where that has not said when it would. */
const IDLE_MS = 15_000;
/** A certificate that is not there by then does not come. */
const HANDSHAKE_WITHIN_MS = 10_000;

const KEPT = { keepAlive: true, maxFreeSockets: MAX_IDLE, timeout: IDLE_MS };

const plain = new HttpAgent(KEPT);
const validated = new HttpsAgent({ ...KEPT, minVersion: 'TLSv1.2' });
const pinned = new Map<string, PinnedAgent>();

/** The connections over which a network is called: those of one pin serve no other. */
export function agentOf({ url, pin }: Network): HttpAgent {
  if (url.protocol !== 'https:') return plain;
  if (pin === undefined) return validated;
  const agent = pinned.get(pin) ?? new PinnedAgent(pin);
  pinned.set(pin, agent);
  return agent;
}

/** Host and port; an IPv6 address without the brackets that it has in a URL. */
export function placeOf({ hostname, port, protocol }: URL): { host: string; port: number } {
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
  };
}

/** Hands a connection out only after the certificate's key was found to be the one that was named. */
class PinnedAgent extends HttpsAgent {
  readonly #pin: string;

  constructor(pin: string) {
    super(KEPT);
    this.#pin = pin;
  }

  override createConnection(
    options: AgentOptions & ConnectionOptions,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const socket = connect({
      ...options,
      minVersion: 'TLSv1.2',
      // Who signed it, and for which names, says nothing here: its key has to be the very one.
      rejectUnauthorized: false,
    });
    const late = () => socket.destroy(new Error('no TLS was spoken'));
    const settle = (error: Error | null) => {
      socket.setTimeout(0).off('timeout', late).off('error', settle);
      if (error) socket.destroy();
      callback?.(error, socket);
    };
    socket
      .setTimeout(HANDSHAKE_WITHIN_MS)
      .once('timeout', late)
      .once('error', settle)
      .once('secureConnect', () => {
        settle(this.#isRight(socket) ? null : wrongCertificate());
      });
    return undefined;
  }

  #isRight(socket: TLSSocket): boolean {
    const certificate = socket.getPeerX509Certificate();
    return certificate !== undefined && pinOf(certificate.publicKey) === this.#pin;
  }
}

function wrongCertificate(): CodedError {
  return new CodedError(
    'wrong-certificate',
    'Whoever answers there has another certificate than the one that the join link named, and was told nothing. Somebody may be in between; if the registry was set up anew, ask for a new link.',
  );
}
