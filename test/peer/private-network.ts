// A private network in the test's own process: a registry's calls as far as peers need them, over TLS with a pin,
// which signs whatever ticket a test wants; and holders of a content in it.
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { exportJWK, SignJWT, type JWTPayload } from 'jose';
import { onTestFinished } from 'vitest';
import type { Network } from '../../src/client/network.ts';
import { pinOf } from '../../src/lib/pin.ts';
import { selfSigned } from '../../src/lib/certificate.ts';
import { Identity } from '../../src/lib/identity.ts';
import { reachProof } from '../../src/lib/reach-proof.ts';
import { ServedParts } from '../../src/peer/download-host.ts';
import { membershipOf, type Membership } from '../../src/peer/membership.ts';
import { ServedPart } from '../../src/peer/served-part.ts';
import { Listener, type ListenerOptions } from '../../src/peer/server/listener.ts';
import type { Endpoint } from '../../src/protocol/endpoints.ts';
import { contentOf, type TestContent } from '../download/content-source.ts';
import { silent } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';

/** What the tickets of the registry are, until a test says otherwise. */
const HEADER = { alg: 'EdDSA', typ: 'sp2p-ticket+jwt' };
const TICKET_SECONDS = 240;

export interface HeldBy {
  endpoint: Endpoint;
  peerId: string;
  complete: boolean;
}

export class PrivateNetwork {
  readonly network: Network;
  /** Who holds the content, as the registry says. */
  readonly sources: HeldBy[] = [];
  /** Tickets that were asked for. */
  readonly asked: { root: string; asker: string }[] = [];
  /** How often the keys of the tickets were asked for. */
  keysAsked = 0;
  /** Why it gives no tickets. */
  refuses: { code: string; detail: string } | undefined;
  /** Those who sign, the first of them new tickets. */
  signers = [newSigner()];

  constructor(network: Network) {
    this.network = network;
  }

  /** A ticket as it should be, but for what the test says. @param ago when it was signed, in seconds */
  async ticket(
    root: string,
    asker: string,
    { ago = 0, claims = {}, header = {}, key = this.signer.privateKey }: TicketOptions = {},
  ): Promise<string> {
    const iat = Math.floor(Date.now() / 1000) - ago;
    const said = { sub: asker, root, iat, exp: iat + TICKET_SECONDS, ...claims };
    return new SignJWT(said as JWTPayload)
      .setProtectedHeader({ ...HEADER, kid: this.signer.kid, ...header })
      .sign(key);
  }

  get signer() {
    const signer = this.signers[0];
    if (!signer) throw new Error('nobody signs');
    return signer;
  }

  async answer(request: IncomingMessage): Promise<[number, unknown]> {
    const { method = '', url = '', headers } = request;
    const body = await text(request);
    if (headers.authorization !== `Bearer ${this.network.key ?? ''}`)
      return [401, { code: 'no-key', detail: 'no' }];
    if (method === 'GET' && url === '/api/v1')
      return [200, { service: 'sp2p-registry', version: '1.0.0', leaseSeconds: 25 }];
    if (method === 'GET' && url === '/api/v1/ticket-keys') {
      this.keysAsked++;
      const keys = this.signers.map(async ({ kid, publicKey }) => ({
        ...(await exportJWK(publicKey)),
        kid,
      }));
      return [200, { keys: await Promise.all(keys) }];
    }
    if (method === 'POST' && url === '/api/v1/tickets') {
      if (this.refuses) return [403, this.refuses];
      const { root, asker } = JSON.parse(body) as { root: string; asker: string };
      this.asked.push({ root, asker });
      const expires = Date.now() + TICKET_SECONDS * 1_000;
      return [200, { ticket: await this.ticket(root, asker), expires }];
    }
    const root = /^\/api\/v1\/contents\/([0-9a-f]{64})/.exec(url)?.[1];
    if (method === 'GET' && root !== undefined) {
      const counts = { holders: this.sources.length, partial: 0, size: null, names: [] };
      return [200, { root, ...counts, sources: this.sources }];
    }
    return [404, { code: 'not-found', detail: 'no' }];
  }
}

export interface TicketOptions {
  ago?: number;
  claims?: { [name in keyof JWTPayload]?: JWTPayload[name] | undefined };
  header?: Partial<{ alg: string; typ: string; kid: string }>;
  key?: KeyObject;
}

export function newSigner() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey, kid: randomBytes(8).toString('hex') };
}

export async function startPrivateNetwork(): Promise<PrivateNetwork> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const server = createServer({ key, cert: await selfSigned(privateKey, ['127.0.0.1']) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const inside = new PrivateNetwork({
    url: new URL(`https://127.0.0.1:${port}`),
    pin: pinOf(publicKey),
    key: `sp2p_${randomBytes(8).toString('hex')}_${randomBytes(32).toString('base64url')}`,
  });
  server.on('request', (request, response) => {
    inside.answer(request).then(
      ([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      },
      () => {
        response.destroy();
      },
    );
  });
  return inside;
}

export function memberOf({ network }: { network: Network }, openExercise = false): Membership {
  const identity = Identity.fresh();
  return membershipOf({ network, identity: () => identity, openExercise, log: silent });
}

export interface Holder extends TestContent {
  member: Membership;
  endpoint: Endpoint;
  port: number;
  listener: Listener;
}

/** A peer that holds a content under the name `a b.bin`, and that the registry knows. */
export async function startHolder(
  inside: PrivateNetwork,
  bytes: Buffer,
  options: Partial<ListenerOptions> = {},
  member = memberOf(inside),
): Promise<Holder> {
  const content = contentOf(bytes);
  const path = join(await temporaryFolder(), 'held');
  await writeFile(path, bytes);
  const { root, layer } = content;
  const shape = { size: bytes.length, layer };
  const part = await ServedPart.open({ root, name: 'a b.bin', shape }, path);
  for (let piece = 0; piece < part.has.length; piece++) part.gain(piece);
  const parts = new ServedParts();
  parts.add(part, () => undefined);
  const listener = new Listener({
    offers: {
      ...parts.offers,
      open: (name) => Promise.resolve(name === 'a b.bin' ? part.opened() : undefined),
    },
    proofOf: (nonce) => reachProof(member.identity, nonce),
    privacy: member.privacy,
    ...{ log: silent, host: '127.0.0.1', port: 0 },
    ...options,
  });
  onTestFinished(async () => {
    await listener.stop();
    await part.close();
  });
  await listener.start();
  const { port } = listener;
  const endpoint = { ipAddress: '127.0.0.1', port };
  inside.sources.push({ endpoint, peerId: member.identity.peerId, complete: true });
  return { ...content, member, endpoint, port, listener };
}
