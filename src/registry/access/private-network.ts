// What a private network has beside an open one when its registry starts: an index that is no other's, a
// certificate, and at first a key for its administrator.
import { X509Certificate } from 'node:crypto';
import { CodedError } from '../../protocol/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { tlsConnect } from '../../lib/tls.ts';
import type { RegistryServer } from '../context.ts';
import type { Dial } from '../dial-back.ts';
import type { Store } from '../store/store.ts';
import { TlsPort, type Certificate } from '../tls-port.ts';
import { newKey } from './keys.ts';
import { ownCertificate } from './own-certificate.ts';

export interface PrivateOptions {
  /** Default: one of its own, made at first start and kept in the index. */
  certificate?: Certificate | undefined;
  /** Names and addresses for that one, beside those of this machine. */
  names?: string[];
  /** Whether anybody may use the exercise's contract, without a key and without TLS. Default: false. */
  openExercise?: boolean;
  /** Given the key of the first administrator, once it listens: it is known nowhere else. */
  onFirstKey: (key: string, certificate: X509Certificate) => void;
}

export class PrivateNetwork {
  readonly #options: PrivateOptions & { store: Store; clock: Clock };
  readonly #port: TlsPort;
  #certificate: Certificate | undefined;
  #connect: typeof tlsConnect | undefined;
  #firstKey: string | undefined;
  #isListening = false;

  constructor(app: RegistryServer, options: PrivateOptions & { store: Store; clock: Clock }) {
    this.#options = options;
    this.#port = new TlsPort(app);
    // It holds whether or not there is an index yet.
    if (options.certificate) this.#use(options.certificate);
  }

  /** Once the index is open. */
  async open(): Promise<void> {
    const { store, clock, certificate, names = [] } = this.#options;
    // An open network does not wait for it to load.
    this.#connect = (await import('../../lib/tls.ts')).tlsConnect;
    if (!certificate) this.#use(await ownCertificate(store.access, names));
    const now = clock.now();
    const [key, text] = newKey({ name: 'administrator', role: 'admin' }, now);
    if (await store.access.addFirstAdmin(key, now)) this.#firstKey = text;
    this.#tell();
  }

  /** A connection to a peer: nothing is sent before it has shown that it is that one. */
  readonly dial: Dial = (peer) => {
    if (!this.#connect) throw new CodedError('not-ready', 'The index is not open yet.');
    return this.#connect(peer);
  };

  /** Once it listens. */
  listens(): void {
    this.#isListening = true;
    this.#tell();
  }

  #use(certificate: Certificate): void {
    this.#port.use(certificate);
    this.#certificate = certificate;
  }

  #tell(): void {
    const key = this.#firstKey;
    if (!this.#isListening || key === undefined || !this.#certificate) return;
    this.#firstKey = undefined;
    this.#options.onFirstKey(key, new X509Certificate(this.#certificate.cert));
  }
}

/**
 * An index stays what it was at first: one of a private network never opens as one that anybody may read.
 *
 * @throws CodedError `bad-usage`
 */
export async function settleNetwork(store: Store, wanted: 'open' | 'private'): Promise<void> {
  const kept = (await store.access.keep('network', Buffer.from(wanted))).toString();
  if (kept === wanted) return;
  throw new CodedError(
    'bad-usage',
    wanted === 'open'
      ? 'This index is that of a private network: start its registry with --private.'
      : 'This index is that of an open network, and stays one: a private network takes one of its own (--data, --database).',
  );
}
