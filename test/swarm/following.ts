// The downloader's end of a link, word by word: what is said is what the test says, however wrong.
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { FollowerWord, HolderWord } from '../../src/protocol/link.ts';

export interface Following {
  socket: WebSocket;
  /** What to send with requests as `sp2p-link`. */
  id: string;
  /** Pieces that were offered, an array for each offer. */
  offers: number[][];
  /** Resolves when so many offers have come. */
  hasOffers: (count: number) => Promise<void>;
  say: (word: FollowerWord) => void;
  /** Resolves when the link is over. */
  closed: Promise<void>;
}

export interface FollowingOptions {
  /** Where it is called from. Default: 127.0.0.1. */
  localAddress?: string;
  /** Default: the link's. */
  protocols?: string[];
  /** What stands behind the path, with its `?`. */
  query?: string;
  /** Told of each offer. */
  onOffer?: (pieces: number[]) => void;
}

/** @throws Error `refused with 503` and the like, or what the connection fails with */
export async function follow(
  { port }: { port: number },
  root: string,
  { localAddress, protocols = ['sp2p-link'], query = '', onOffer }: FollowingOptions = {},
): Promise<Following> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/contents/${root}/link${query}`, protocols, {
    ...(localAddress !== undefined && { localAddress }),
    perMessageDeflate: false,
  });
  onTestFinished(() => {
    socket.on('error', () => undefined).terminate();
  });
  const offers: number[][] = [];
  const waiting = new Set<() => void>();
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
  const greeted = new Promise<string>((resolve, reject) => {
    socket.once('unexpected-response', (_request, { statusCode }) => {
      reject(new Error(`refused with ${statusCode ?? 0}`));
    });
    socket.on('error', reject);
    socket.on('message', (data: Buffer) => {
      const { link, offer } = JSON.parse(data.toString()) as HolderWord;
      if (link !== undefined) resolve(link);
      if (!offer) return;
      offers.push(offer);
      for (const look of waiting) look();
      onOffer?.(offer);
    });
  });
  const id = await greeted;
  return {
    socket,
    id,
    offers,
    hasOffers: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (offers.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    say: (word) => {
      socket.send(JSON.stringify(word));
    },
    closed,
  };
}

/** An answer to a request with whatever headers, on a connection of its own. */
export async function asked(
  { port }: { port: number },
  path: string,
  headers: Record<string, string> = {},
  options: { method?: string; localAddress?: string } = {},
): Promise<{ status: number; headers: IncomingMessage['headers']; bytes: Buffer }> {
  const call = request({ host: '127.0.0.1', port, path, headers, agent: false, ...options });
  call.end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    bytes: Buffer.concat(chunks),
  };
}
