// How many requests of one connection may wait for their answers. Node reads 64 KiB of them at a time
// and begins them all: with long answers, more than memory holds.
import type { FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { CodedError } from '../../protocol/errors.ts';
import type { HttpApp } from './app.ts';
import { sendProblem } from './problems.ts';

/** Clients that send ahead at all send a few. */
const MAX_WAITING = 16;

/** Answers what has to be told of each request that has come to its end. */
export function boundPipelining(app: HttpApp): (request: FastifyRequest) => void {
  const waiting = new WeakMap<Socket, number>();
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const now = (waiting.get(socket) ?? 0) + 1;
    waiting.set(socket, now);
    if (now <= MAX_WAITING) done();
    else
      sendProblem(
        reply.header('connection', 'close'),
        new CodedError('busy', `Over one connection at most ${MAX_WAITING} requests at once.`),
      );
  });
  return ({ raw: { socket } }) => {
    waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
  };
}
