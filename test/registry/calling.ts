// Calls to a registry as they go over the wire: the path exactly as it is given, the answer whole.
import {
  request as requestPlain,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http';
import { request as requestOverTls } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { bodyDigest, peerProof, PROOF_HEADER } from '../../src/lib/peer-proof.ts';
import { identityWithId } from '../harness/identities.ts';

const DEADLINE_MS = 20_000;

export interface Answered {
  /** The beginning of what was asked, for the message of a failure. */
  asked: string;
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Undefined for a body that is not JSON. */
  json: unknown;
}

interface CallOptions {
  body?: unknown;
  headers?: OutgoingHttpHeaders;
  overTls?: boolean;
}

/**
 * A call in the name of a peer of which the identity is known here (harness/identities.ts) proves that it is
 * that one when it is asked to.
 *
 * @param options.body text goes as it is, anything else as JSON; no content type unless it is given
 */
export async function call(
  port: number,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answered> {
  const answer = await callOnce(port, method, path, options);
  const [, peerId = ''] = /^\/api\/v1\/peers\/(\w+)/.exec(path) ?? [];
  const identity = identityWithId(peerId);
  const nonce = nonceIn(answer);
  if (!identity || nonce === undefined) return answer;
  const digest = bodyDigest(textOf(options.body));
  const proof = await peerProof(identity, { method, path, nonce, digest });
  const headers = { ...options.headers, [PROOF_HEADER]: proof };
  return callOnce(port, method, path, { ...options, headers });
}

/** What a registry wants signed. */
export function nonceIn({ status, json }: Answered): string | undefined {
  const { code, nonce } = (json ?? {}) as { code?: string; nonce?: string };
  return status === 401 && code === 'proof-wanted' ? nonce : undefined;
}

function textOf(body: unknown): string | undefined {
  return typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
}

/** As `call`, and nothing is proven. */
export async function callOnce(
  port: number,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answered> {
  const { body, headers = {}, overTls = false } = options;
  // Whose certificate it is, other tests look at.
  const request = overTls ? requestOverTls : requestPlain;
  const sent = textOf(body);
  return new Promise((resolve, reject) => {
    const length =
      sent === undefined || headers['transfer-encoding'] !== undefined
        ? {}
        : { 'content-length': Buffer.byteLength(sent) };
    const asked = `${method} ${path} ${sent ?? ''}`.slice(0, 200);
    request({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...length, ...headers },
      agent: false,
      ...(overTls && { rejectUnauthorized: false }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    })
      .on('response', (response) => {
        text(response).then((body) => {
          const { statusCode: status = 0, headers } = response;
          resolve({ asked, status, headers, text: body, json: parsed(body) });
        }, reject);
      })
      .on('error', reject)
      .end(sent);
  });
}

/** Sends bytes that need not be HTTP, and no more; answers all that comes until the registry closes. */
export function sendRaw(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', signal: AbortSignal.timeout(DEADLINE_MS) });
  socket.end(bytes);
  return text(socket);
}

/** The answer is a problem document of that status and code, and tells nothing of what is inside. */
export function expectProblem(answer: Answered, status: number, code: string): void {
  expect(answer, answer.asked).toMatchObject({ status, json: { status, code } });
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json(;|$)/);
  expect(answer.text, answer.asked).not.toMatch(/\\n\s+at |node:|node_modules|\.ts\b/);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
