// The one place where a failure becomes an answer: a problem document (RFC 9457).
import { errorCodes, type FastifyReply } from 'fastify';
import type { Logger } from '../log.ts';
import {
  CodedError,
  PROBLEM_TYPE,
  problemOf,
  type Audience,
  type ErrorCode,
} from '../../protocol/errors.ts';
import type { HttpApp } from './app.ts';

/** What fastify finds wrong with a request, by its own code or by status. */
function codedOf(error: unknown): unknown {
  if (error instanceof CodedError || !(error instanceof Error)) return error;
  const { statusCode, validation } = error as Error & { statusCode?: number; validation?: unknown };
  const coded = (code: ErrorCode) => new CodedError(code, `${error.message}.`, { cause: error });
  if (validation !== undefined) return coded('bad-request');
  if (error instanceof errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE)
    return coded('unsupported-media-type');
  // fastify's own words speak of a content type, which has no part in it here.
  if (error instanceof errorCodes.FST_ERR_CTP_INVALID_JSON_BODY)
    return new CodedError('bad-body', 'The body is not JSON, or has a key such as __proto__.');
  if (statusCode === 413) return coded('body-too-large');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return coded('bad-body');
  return error;
}

/** When to try again, in seconds, where nothing better is known. */
const RETRY_AFTER_S = 1;

export function sendProblem(
  reply: FastifyReply,
  error: unknown,
  audience: Audience = 'strangers',
): FastifyReply {
  const problem = problemOf(codedOf(error), audience);
  if (problem.status === 503 && !reply.hasHeader('retry-after'))
    void reply.header('retry-after', RETRY_AFTER_S);
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}

export function answerWithProblems(
  app: HttpApp,
  log: Logger,
  audience: Audience = 'strangers',
): void {
  app.setErrorHandler((error, request, reply) => {
    sendProblem(reply, error, audience);
    // Without a cause a 503 is no fault, and a crowd would fill the log with it; what the owner is told of
    // need not be in the log as well.
    const isRefusal = reply.statusCode === 503 && !(error instanceof Error && error.cause);
    const isTold = audience === 'owner' && reply.statusCode !== 500;
    // Whoever asked has gone, or this process goes.
    const isOver = error instanceof CodedError && error.code === 'interrupted';
    if (reply.statusCode >= 500 && !isRefusal && !isTold && !isOver)
      log.error({ requestId: request.id, err: error }, 'a request failed here');
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    return sendProblem(
      reply,
      new CodedError(
        'not-found',
        `${request.method} ${path.slice(0, 200)}: there is no such route.`,
      ),
    );
  });
}
