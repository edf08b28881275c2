// Whether a peer can be reached where it says that it is: it is dialled there before it is listed, and has to
// prove that it is the one (lib/reach-proof). Only endpoints at the caller's own address come here.
import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { isReachProof, REACH_PATH } from '../lib/reach-proof.ts';
import { endpointText, type Endpoint } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';

const WITHIN_MS = 3_000;
const AT_ONCE = 256;
/** The proof, and the JSON around it. */
const MAX_ANSWER_BYTES = 1024;
const NONCE_BYTES = 16;

/** A connection to a peer: what is written to it is sent once it is known to be the one, as far as that is looked at. */
export type Dial = (peer: { endpoint: Endpoint; peerId: string }) => Duplex;

export class DialBack {
  readonly #dial: Dial;
  #underWay = 0;

  /** @param dial Default: whoever listens there is asked */
  constructor(dial: Dial = ({ endpoint: { ipAddress: host, port } }) => connect({ host, port })) {
    this.#dial = dial;
  }

  /**
   * Resolves when the peer has answered.
   *
   * @throws CodedError `peer-unreachable`; `busy`: too many are dialled at the moment
   */
  async prove(peerId: string, endpoint: Endpoint): Promise<void> {
    if (this.#underWay >= AT_ONCE)
      throw new CodedError('busy', 'Too many peers come at once; try again in a second.');
    this.#underWay++;
    try {
      const nonce = randomBytes(NONCE_BYTES).toString('hex');
      const path = `${REACH_PATH}?nonce=${nonce}`;
      const answer = await answerOf(endpoint, path, () => this.#dial({ endpoint, peerId }));
      if (!isReachProof(answer, peerId, nonce))
        throw unreachable(endpoint, 'another program answers there');
    } finally {
      this.#underWay--;
    }
  }
}

function answerOf(
  endpoint: Endpoint,
  path: string,
  createConnection: () => Duplex,
): Promise<unknown> {
  const { ipAddress: host, port } = endpoint;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(WITHIN_MS);
    const fail = (error: NodeJS.ErrnoException) => {
      const why = signal.aborted
        ? `nothing answered within ${WITHIN_MS / 1000} s`
        : (error.code ?? error.message);
      reject(unreachable(endpoint, why));
    };
    get({ host, port, path, createConnection, signal }, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('error', fail)
        .on('data', (chunk: string) => {
          text += chunk;
          if (text.length > MAX_ANSWER_BYTES) response.destroy(new Error('it says too much'));
        })
        .on('end', () => {
          resolve(parsed(text));
        });
    }).on('error', fail);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable(endpoint: Endpoint, why: string): CodedError {
  return new CodedError(
    'peer-unreachable',
    `This peer cannot be reached at ${endpointText(endpoint)} (${why}), so it is not listed. Let port ${endpoint.port} through the firewall, have the router forward it, or name the address that others reach with --advertise.`,
  );
}
