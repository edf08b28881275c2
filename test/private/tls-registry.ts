// What stands at a registry's port and speaks TLS: with a certificate made for it, and its own idea of what
// to answer. It keeps every byte that it was told.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';
import { pinOf } from '../../src/lib/pin.ts';
import { selfSigned } from '../../src/lib/certificate.ts';

export const KEY = `sp2p_0123456789abcdef_${'s'.repeat(42)}A`;
export const ANNS = {
  service: 'sp2p-registry',
  private: true,
  you: { name: 'Ann', role: 'member' },
};

export interface TlsRegistry {
  url: URL;
  pin: string;
  port: number;
  /** What came inside of TLS, in all. */
  told: () => string;
  /** Connections that were made, whatever became of them. */
  connections: () => number;
}

export interface Certified {
  key: KeyObject;
  pin: string;
  cert: string;
}

export async function certified(names = ['127.0.0.1']): Promise<Certified> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { key: privateKey, pin: pinOf(publicKey), cert: await selfSigned(privateKey, names) };
}

/** @param answer to each request, by its head; the connection goes on */
export async function startTlsRegistry(
  answer: (head: string, socket: TLSSocket) => { status?: number; json: unknown },
  { certificate, ...options }: { certificate?: Certified } & TlsOptions = {},
): Promise<TlsRegistry> {
  const { key, cert, pin } = certificate ?? (await certified());
  const pem = key.export({ type: 'pkcs8', format: 'pem' });
  let told = '';
  let connections = 0;
  const server = createServer({ ...options, key: pem, cert }, (socket) => {
    let head = '';
    socket
      .on('error', () => undefined)
      .on('data', (bytes: Buffer) => {
        told += bytes.toString();
        head += bytes.toString();
        if (!head.includes('\r\n\r\n')) return;
        const { status = 200, json } = answer(head, socket);
        head = '';
        const body = JSON.stringify(json);
        if (!socket.destroyed)
          socket.write(
            `HTTP/1.1 ${status} x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
          );
      });
  });
  server.on('connection', () => connections++).on('tlsClientError', () => undefined);
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`https://127.0.0.1:${port}`),
    ...{ pin, port, told: () => told, connections: () => connections },
  };
}
