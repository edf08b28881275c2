// Whether a peer can be reached where it says that it is: it is dialled there before it is listed, and has to
// prove that it is the one (lib/reach-proof). Only endpoints at the caller's own address come here.
import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { reachProof, REACH_PATH } from '../lib/reach-proof.ts';
import { endpointText, type Endpoint } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';

const WITHIN_MS = 3_000;
const AT_ONCE = 256;
/** The proof, and the JSON around it. */
const MAX_ANSWER_BYTES = 1024;
const NONCE_BYTES = 16;

export class DialBack {
  #underWay = 0;

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
      const answer = await answerOf(endpoint, `${REACH_PATH}?nonce=${nonce}`);
      if (answer !== reachProof(peerId, nonce))
        throw unreachable(endpoint, 'another program answers there');
    } finally {
      this.#underWay--;
    }
  }
}

function answerOf({ ipAddress, port }: Endpoint, path: string): Promise<unknown> {
  const endpoint = { ipAddress, port };
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(WITHIN_MS);
    const fail = (error: NodeJS.ErrnoException) => {
      const why = signal.aborted
        ? `nothing answered within ${WITHIN_MS / 1000} s`
        : (error.code ?? error.message);
      reject(unreachable(endpoint, why));
    };
    get({ host: ipAddress, port, path, agent: false, signal }, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('error', fail)
        .on('data', (chunk: string) => {
          text += chunk;
          if (text.length > MAX_ANSWER_BYTES) response.destroy(new Error('it says too much'));
        })
        .on('end', () => {
          resolve(proofIn(text));
        });
    }).on('error', fail);
  });
}

function proofIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { proof?: unknown } | null)?.proof;
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
