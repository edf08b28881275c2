// How many requests of one connection may wait for their answers. Node reads 64 KiB of them at a time
// and begins them all: with long answers, more than memory holds.
import type { Socket } from 'node:net';
import { CodedError } from '../../protocol/errors.ts';
import type { HttpApp } from './app.ts';
import { sendProblem } from './problems.ts';

/** Clients that send ahead at all send a few. */
const MAX_WAITING = 16;

export function boundPipelining(app: HttpApp): void {
  const waiting = new WeakMap<Socket, number>();
  app.addHook('onRequest', async (request, reply) => {
    const { socket } = request.raw;
    const before = waiting.get(socket) ?? 0;
    if (before >= MAX_WAITING)
      return sendProblem(
        reply.header('connection', 'close'),
        new CodedError('busy', `Over one connection at most ${MAX_WAITING} requests at once.`),
      );
    waiting.set(socket, before + 1);
    reply.raw.once('close', () => {
      waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
    });
    return undefined;
  });
}
