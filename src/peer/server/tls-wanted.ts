// What is said in a private network to HTTP that is not encrypted: how to come, and nothing else.
import type { Socket } from 'node:net';
import { CodedError, PROBLEM_TYPE, problemOf } from '../../protocol/errors.ts';

const BODY = JSON.stringify(
  problemOf(
    new CodedError('tls-wanted', 'This is a private network: come over TLS, on this port.'),
  ),
);
const ANSWER =
  'HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.3, HTTP/1.1\r\nConnection: Upgrade, close\r\n' +
  `Content-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${BODY.length}\r\nCache-Control: no-store\r\n\r\n${BODY}`;

/** @param closingTimeoutMs how long a client may take to close its side then, in milliseconds */
export function answerTlsWanted(socket: Socket, closingTimeoutMs: number): void {
  // What it goes on to send is not looked at.
  socket.resume().end(ANSWER);
  const closing = setTimeout(() => socket.destroy(), closingTimeoutMs);
  socket.once('close', () => {
    clearTimeout(closing);
  });
}
