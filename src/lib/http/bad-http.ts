// What is answered to bytes that are no request: the server never gets to see them, so that these
// problem documents are written by hand.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  CodedError,
  PROBLEM_TYPE,
  problemOf,
  type ErrorCode,
  type ProblemDocument,
} from '../../protocol/errors.ts';

const CLIENT_ERRORS: Record<string, [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['head-too-large', 'A request head has at most 16 KiB.'],
  HPE_INVALID_URL: [
    'bad-request',
    'This is no URL of HTTP: all but ASCII is percent-encoded in one.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'The whole request did not arrive in time.'],
};

/** For `onBadUrl` of fastify: a path that is not percent-encoded UTF-8. */
export function answerBadUrl(
  path: string,
  response: ServerResponse,
  headers: Record<string, string>,
): ProblemDocument {
  const problem = problemOf(
    new CodedError('bad-name', `${path.slice(0, 200)}: not percent-encoded UTF-8.`),
  );
  const body = JSON.stringify(problem);
  response.writeHead(problem.status, {
    ...headers,
    'content-type': PROBLEM_TYPE,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(body);
  return problem;
}

/** For `clientErrorHandler` of fastify. Undefined: nobody is there to be answered. */
export function answerBadHttp(
  error: { code: string },
  socket: Socket,
  headers: Record<string, string>,
): ProblemDocument | undefined {
  if (!socket.writable) {
    socket.destroy();
    return undefined;
  }
  const [code, detail] = CLIENT_ERRORS[error.code] ?? ['bad-request', 'This is not HTTP/1.1.'];
  const problem = problemOf(new CodedError(code, detail));
  const body = JSON.stringify(problem);
  const further = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\n${further.join('')}` +
      `Content-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
  // Not only this half of it: the other one is the client's, who may never close it.
  socket.destroySoon();
  return problem;
}
