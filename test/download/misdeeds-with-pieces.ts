// What a source may do wrong with the pieces of a content, and with its connections; the layer is honest.
import type { Socket } from 'node:net';
import {
  drip,
  headText,
  PIECE,
  type Answer,
  type Behaviour,
  type TestContent,
} from './content-source.ts';
import { status, withHeaders, writeEndlessly, type Misdeed } from './misdeeds.ts';

/** Of pieces alone: the layer is honest. */
function ofPieces(change: (honest: Answer, piece: number, socket: Socket) => Answer | undefined) {
  const answers: Behaviour = (honest, { piece, socket }) =>
    piece === 'layer' ? honest : change(honest, piece, socket);
  return answers;
}

/** Every hundred thousandth byte of the content is another one. */
function corrupted(answer: Answer, piece: number): Answer {
  const body = Buffer.from(answer.body);
  for (let at = 99_999; at < (piece + 1) * PIECE; at += 100_000)
    if (at - piece * PIECE >= 0) body[at - piece * PIECE] = ~(body[at - piece * PIECE] ?? 0);
  return { ...answer, body };
}

export function misdeedsWithPieces({ bytes, root }: TestContent): Record<string, Misdeed> {
  const { length } = bytes;
  const stopped = new WeakSet<Socket>();
  const notTheRange = /wrong-answer: not the range that was asked for/;
  return {
    'has one byte in a hundred thousand wrong': {
      answers: ofPieces(corrupted),
      says: /bad-piece: piece \d is not what the root says/,
      isLie: true,
    },
    'has the last piece wrong': {
      answers: ofPieces((honest, piece) =>
        (piece + 1) * PIECE < length
          ? honest
          : { ...honest, body: Buffer.from(honest.body).fill(0) },
      ),
      says: /bad-piece: piece 4 is not what the root says/,
      isLie: true,
    },
    'sends a byte too few of each piece': {
      answers: ofPieces((honest, _piece, socket) => {
        socket.end(Buffer.concat([Buffer.from(headText(honest)), honest.body.subarray(1)]));
        return undefined;
      }),
      says: /closed-early: it closed the connection/,
    },
    'promises a byte too few of each piece': {
      answers: ofPieces((honest) =>
        withHeaders(
          { ...honest, body: honest.body.subarray(1) },
          {
            'content-length': honest.body.length - 1,
          },
        ),
      ),
      says: notTheRange,
      isLie: true,
    },
    'sends a byte too many with each piece': {
      answers: ofPieces((honest) => ({
        ...honest,
        body: Buffer.concat([honest.body, Buffer.from('x')]),
      })),
      says: /wrong-answer: its answer is not HTTP/,
      isLie: true,
    },
    'promises a byte too many with each piece': {
      answers: ofPieces((honest) =>
        withHeaders(
          { ...honest, body: Buffer.concat([honest.body, Buffer.from('x')]) },
          {
            'content-length': honest.body.length + 1,
          },
        ),
      ),
      says: notTheRange,
      isLie: true,
    },
    'sends the range of another piece': {
      answers: ofPieces((honest) =>
        withHeaders(honest, { 'content-range': `bytes 0-${honest.body.length - 1}/${length}` }),
      ),
      says: notTheRange,
      isLie: true,
    },
    'sends the bytes of another piece': {
      answers: ofPieces((honest) => ({
        ...honest,
        body: bytes.subarray(5, 5 + honest.body.length),
      })),
      says: /bad-piece/,
      isLie: true,
    },
    'sends the whole in place of a range': {
      answers: ofPieces(() => ({
        status: 200,
        headers: { 'content-length': length, etag: `"${root}"` },
        body: bytes,
      })),
      says: /wrong-answer: not the range that was asked for \(status 200\)/,
      isLie: true,
    },
    'does not call the range a range': {
      answers: ofPieces((honest) => ({ ...honest, status: 200 })),
      says: /wrong-answer: not the range that was asked for \(status 200\)/,
      isLie: true,
    },
    'calls the whole a range': {
      answers: ofPieces((honest) =>
        withHeaders(
          { ...honest, body: bytes },
          {
            'content-length': length,
            'content-range': `bytes 0-${length - 1}/${length}`,
          },
        ),
      ),
      says: notTheRange,
      isLie: true,
    },
    'sends several ranges': {
      answers: ofPieces((honest) =>
        withHeaders(honest, {
          'content-type': 'multipart/byteranges; boundary=x',
          'content-range': '',
        }),
      ),
      says: notTheRange,
      isLie: true,
    },
    'sends a head without an end': {
      answers: ofPieces((_honest, _piece, socket) => {
        writeEndlessly(socket);
        return undefined;
      }),
      says: /wrong-answer: its answer is not HTTP/,
      isLie: true,
    },
    'has another tag': {
      answers: ofPieces((honest) => withHeaders(honest, { etag: `"${'ab'.repeat(32)}"` })),
      says: notTheRange,
      isLie: true,
    },
    'has another tag from the third piece on': {
      answers: (honest, { turn }) =>
        turn < 3 ? honest : withHeaders(honest, { etag: `"${'ab'.repeat(32)}"` }),
      says: notTheRange,
      isLie: true,
    },
    'has a weak tag': {
      answers: ofPieces((honest) => withHeaders(honest, { etag: `W/"${root}"` })),
      says: notTheRange,
      isLie: true,
    },
    redirects: {
      answers: ofPieces(() => status(302, { location: `/contents/${root}?again` })),
      says: /wrong-answer: not the range that was asked for \(status 302\)/,
      isLie: true,
    },
    'compresses what it sends': {
      answers: ofPieces((honest) => withHeaders(honest, { 'content-encoding': 'gzip' })),
      says: notTheRange,
      isLie: true,
    },
    'sends chunks': {
      answers: ofPieces((honest) => withHeaders(honest, { 'transfer-encoding': 'chunked' })),
      says: notTheRange,
      isLie: true,
    },
    'sends a byte now and then': {
      answers: ofPieces((honest, _piece, socket) => {
        socket.write(headText(honest));
        void drip(socket, honest.body, 1);
        return undefined;
      }),
      says: /stalled: it sends next to nothing/,
    },
    'stops within a piece': {
      answers: ofPieces((honest, _piece, socket) => {
        // What is asked ahead gets no answer: its head would be taken for what is missing here.
        if (stopped.has(socket)) return undefined;
        stopped.add(socket);
        socket.write(headText(honest));
        socket.write(honest.body.subarray(1));
        return undefined;
      }),
      says: /stalled: nothing for 0.6 s/,
    },
    'says nothing of a piece': { answers: ofPieces(() => undefined), says: /stalled: nothing for/ },
    'resets the connection within a piece': {
      answers: ofPieces((honest, _piece, socket) => {
        socket.write(headText(honest), () => socket.resetAndDestroy());
        return undefined;
      }),
      says: /closed-early: /,
    },
    'does not have the pieces': {
      answers: ofPieces(() => status(404)),
      says: /refused: it does not have it \(404\)/,
    },
    'is busy': { answers: ofPieces(() => status(503)), says: /closed-early: it is busy \(503\)/ },
    fails: { answers: ofPieces(() => status(500)), says: /status 500/ },
    'knows no such range': {
      answers: ofPieces(() => status(416, { 'content-range': `bytes */${length}` })),
      says: /wrong-answer: not the range that was asked for \(status 416\)/,
      isLie: true,
    },
  };
}

export function misdeedsWithConnections(): Record<string, Misdeed> {
  return {
    'closes at once': { opens: (socket) => socket.end(), says: /closed-early/ },
    'resets at once': {
      opens: (socket) => void socket.resetAndDestroy(),
      says: /closed-early|unreachable/,
    },
    'accepts and says nothing': { opens: (socket) => void socket.resume(), says: /stalled/ },
    'accepts and does not even read': { opens: (socket) => void socket.pause(), says: /stalled/ },
    'does not speak HTTP': {
      opens: (socket) => void socket.write('\u0000garbage'.repeat(1000)),
      says: /wrong-answer/,
      isLie: true,
    },
    'floods with zeros': {
      opens: (socket) => {
        const zeros = Buffer.alloc(64 * 1024);
        const more = () => {
          while (!socket.destroyed && socket.write(zeros));
        };
        socket.on('drain', more);
        more();
      },
      says: /wrong-answer/,
      isLie: true,
    },
  };
}
