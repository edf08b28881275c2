// Somebody who asks a peer of a private network, with whatever certificate and ticket a test says.
import { request, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Identity } from '../../src/lib/identity.ts';
import { credentialsOf, tlsConnect } from '../../src/lib/tls.ts';
import type { Holder } from './private-network.ts';

export interface Asked {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Asking {
  /** Default: no certificate is shown. */
  identity?: Identity;
  ticket?: string;
  method?: string;
}

/** @throws Error where the connection ends before the answer does */
export async function ask(
  { endpoint, member }: Holder,
  path: string,
  { identity, ticket, method = 'GET' }: Asking = {},
): Promise<Asked> {
  const credentials = identity && (await credentialsOf(identity));
  const { peerId } = member.identity;
  return new Promise((resolve, reject) => {
    request({
      ...{ host: endpoint.ipAddress, port: endpoint.port, path, method },
      createConnection: () => tlsConnect({ endpoint, peerId, credentials }),
      headers: { ...(ticket !== undefined && { authorization: `Bearer ${ticket}` }) },
    })
      .on('response', (response) => {
        const { statusCode: status = 0, headers } = response;
        buffer(response).then((body) => {
          resolve({ status, headers, body });
        }, reject);
      })
      .on('error', reject)
      .end();
  });
}

/** The code of a refusal. */
export function codeOf({ body }: Asked): unknown {
  return (JSON.parse(body.toString()) as { code?: unknown }).code;
}
