// What tests of misdeeds have in common: the misdeed itself, and answers that are easily said.
import type { Socket } from 'node:net';
import type { Answer, Behaviour } from './content-source.ts';

export interface Misdeed {
  answers?: Behaviour;
  opens?: (socket: Socket) => void;
  /** What is said of the source, where it is the only one. */
  says: RegExp;
  /** It sent something that it should not have: it is named even where the download went well. */
  isLie?: boolean;
}

export function withHeaders(answer: Answer, headers: Answer['headers']): Answer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

export function status(code: number, headers: Answer['headers'] = {}): Answer {
  return { status: code, headers: { 'content-length': 0, ...headers }, body: Buffer.alloc(0) };
}

/** A head that goes on for as long as somebody reads it. */
export function writeEndlessly(socket: Socket): void {
  const line = 'X-Much: much\r\n'.repeat(1000);
  const more = () => {
    while (!socket.destroyed && socket.write(line));
  };
  socket.write('HTTP/1.1 206 Partial Content\r\n');
  socket.on('drain', more);
  more();
}
