// Connections to a peer, byte by byte: what is sent is what the test says, and what comes is kept.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** All that came on a connection, and how it ended: `FIN`, or the code of an error. */
export interface Received {
  bytes: Buffer;
  ending: string;
}

/**
 * A connection to a peer that is open until the test has finished. Nothing is read from it yet.
 *
 * @param localAddress from where
 */
export async function connected(
  { port }: { port: number },
  localAddress = '127.0.0.1',
): Promise<Socket> {
  const there = { host: '127.0.0.1', port, localAddress };
  const socket = connect({ ...there, noDelay: true, allowHalfOpen: true });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.pause();
  await once(socket, 'connect');
  return socket;
}

/** Reads a connection to its end. */
export async function received(socket: Socket): Promise<Received> {
  const chunks: Buffer[] = [];
  let ending = 'closed';
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('end', () => {
    ending = 'FIN';
    socket.end();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ending = error.code ?? error.message;
  });
  // Not by `once` of node:events, which rejects at an error.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.resume();
  if (!socket.closed) await closed;
  return { bytes: Buffer.concat(chunks), ending };
}

/** What a peer answers to some bytes, until it ends the connection. */
export async function answerTo(
  peer: { port: number },
  sent: string | Uint8Array,
  options: {
    /** The bytes are sent one at a time, each after the peer could read the one before. */
    byteByByte?: boolean;
    /** Our side is closed behind the bytes. */
    halfClose?: boolean;
  } = {},
): Promise<Received> {
  const socket = await connected(peer);
  const answer = received(socket);
  const bytes = Buffer.from(sent);
  if (options.byteByByte)
    for (const byte of bytes) {
      socket.write(Buffer.of(byte));
      await setImmediate();
    }
  else socket.write(bytes);
  if (options.halfClose) socket.end();
  return answer;
}

/** Resolves when some bytes have come; the connection is paused then, with all else unread. */
export async function firstBytes(socket: Socket): Promise<Buffer> {
  socket.resume();
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  return chunk;
}
