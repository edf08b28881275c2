// The parsers of bytes, and of what is said over a link.
import { isDeepStrictEqual } from 'node:util';
import { sha256 } from '../../src/lib/sha256.ts';
import { parseAnswerHead } from '../../src/peer/download/answer-head.ts';
import { parseFollowerWord, parseHolderWord } from '../../src/protocol/link.ts';
import {
  HASH_BYTES,
  hexOf,
  pieceAt,
  pieceCountOf,
  pieceHash,
  pieceLengthOf,
  rootOfLayer,
  BLOCK_BYTES,
} from '../../src/protocol/merkle.ts';
import { lineRequest, recogniseOpening } from '../../src/protocol/opening.ts';
import { PieceSet, rangesText } from '../../src/protocol/piece-set.ts';
import { answerOf, must, textParser, type Parser } from './parser.ts';

const opening: Parser = {
  name: 'opening',
  good: [
    'GET a.txt\r\n',
    '\ufeffget a b.txt\n',
    'GET /files/a.txt HTTP/1.1\r\nHost: p\r\n\r\n',
    'get x HTTP/1.1\n',
    Buffer.from('160301020001000000', 'hex'),
    `GET ${'x'.repeat(16_380)}\n`,
  ],
  judge: (input) => {
    const whole = recogniseOpening(input);
    const ended = recogniseOpening(input, true);
    must(ended.voice !== 'undecided', 'undecided at the end', ended);
    if (whole.voice !== 'undecided')
      must(isDeepStrictEqual(whole, ended), 'the end changes it', whole, ended);
    if (ended.voice === 'line') {
      must(!ended.name.includes('\n'), 'more than a line', ended);
      const again = recogniseOpening(Buffer.from(lineRequest(ended.name)));
      // What ends in a carriage return loses it, as it is part of the line's end.
      if (!ended.name.endsWith('\r') && again.voice === 'line')
        must(again.name === ended.name, 'another name', ended, again);
    }
    for (let length = 0; length < input.length; length += 1 + (input.length >> 4)) {
      const part = recogniseOpening(input.subarray(0, length));
      if (part.voice !== 'undecided')
        must(isDeepStrictEqual(part, whole), 'more bytes change it', part, whole);
    }
  },
};

const answerHead: Parser = {
  name: 'answer-head',
  good: [
    'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/26\r\nContent-Length: 5\r\nETag: "a"\r\n\r\nhello',
    'HTTP/1.0 200 \r\n\r\n',
    'HTTP/1.1 404\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  ],
  judge: (input) => {
    const head = parseAnswerHead(input);
    if (typeof head === 'string') {
      must(head !== 'incomplete' || input.length <= 16 * 1024, 'waits for ever', input.length);
      return;
    }
    const { status, headers, length } = head;
    must(status >= 100 && status < 600 && length <= input.length, 'no head', status, length);
    must(input.subarray(length - 4, length).toString() === '\r\n\r\n', 'no end of a head', length);
    must(parseAnswerHead(input.subarray(0, length - 1)) === 'incomplete', 'whole too soon', length);
    for (const [key, value] of headers)
      must(
        !/[\s:]/.test(key) && key === key.toLowerCase() && !value.includes('\r\n'),
        'no header',
        key,
        value,
      );
    const lines = [...headers].map(([key, value]) => `${key}: ${value}\r\n`);
    const again = parseAnswerHead(
      Buffer.from(`HTTP/1.1 ${status} x\r\n${lines.join('')}\r\n`, 'latin1'),
    );
    if (length < 12 * 1024)
      must(
        typeof again === 'object' && isDeepStrictEqual(again.headers, headers),
        'another head',
        lines,
      );
  },
};

/** Ends of pieces, and of what a piece length is for. */
const layer: Parser = {
  name: 'layer',
  good: [
    Buffer.concat([sizeBytes(1), Buffer.alloc(32, 7)]),
    Buffer.concat([sizeBytes(3 * 256 * 1024), Buffer.alloc(64, 9)]),
    Buffer.concat([sizeBytes(5 * 256 * 1024 + 17_000), Buffer.alloc(96, 3)]),
    Buffer.concat([sizeBytes(2 ** 40), Buffer.alloc(320, 1)]),
  ],
  judge: (input) => {
    const size = input.length < 6 ? 0 : input.readUIntBE(0, 6);
    const count = pieceCountOf(size);
    const last = pieceAt(count - 1, size);
    must(last.start + last.length === size, 'pieces that do not cover it', size, last);
    must(
      size === 0 || (last.length > 0 && last.length <= pieceLengthOf(size)),
      'a piece too long',
      size,
    );
    // Of any hashes the root is the same, whether by pieces or by all blocks at once.
    const small = size % (3 * 1024 * 1024);
    const blocks = Math.max(1, Math.ceil(small / BLOCK_BYTES));
    const hashes = Buffer.alloc(blocks * HASH_BYTES);
    input.copy(hashes);
    const inPiece = pieceLengthOf(small) / BLOCK_BYTES;
    const byPieces = Buffer.concat(
      Array.from({ length: pieceCountOf(small) }, (_, piece) =>
        pieceHash(
          hashes.subarray(piece * inPiece * HASH_BYTES, (piece + 1) * inPiece * HASH_BYTES),
          small,
          sha256,
        ),
      ),
    );
    must(
      hexOf(rootOfLayer(byPieces, small, sha256)) === hexOf(plainRoot(hashes)),
      'another root',
      small,
    );
    // Bytes that are no layer give a root, too: never an exception.
    must(rootOfLayer(input, size, sha256).length <= HASH_BYTES, 'no root', size);
  },
};

/** The tree as BEP 52 tells it, in one go. */
function plainRoot(hashes: Buffer): Uint8Array {
  let level: Uint8Array[] = [];
  for (let at = 0; at < hashes.length; at += HASH_BYTES)
    level.push(hashes.subarray(at, at + HASH_BYTES));
  while (level.length & (level.length - 1)) level.push(new Uint8Array(HASH_BYTES));
  while (level.length > 1)
    level = Array.from({ length: level.length / 2 }, (_, at) =>
      sha256(level[2 * at] ?? new Uint8Array(0), level[2 * at + 1] ?? new Uint8Array(0)),
    );
  return level[0] ?? new Uint8Array(HASH_BYTES);
}

function sizeBytes(size: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(size, 0, 6);
  return bytes;
}

/** Bytes are what is done to it: two bits what, the others to which piece. */
const bitfield: Parser = {
  name: 'bitfield',
  good: [
    Buffer.from([40, 1, 2, 3, 64, 65, 255]),
    Buffer.from([255, 10, 20, 30, 31, 32, 33, 94, 95]),
    Buffer.alloc(40, 1),
  ],
  judge: (input) => {
    const [length = 0, ...steps] = input;
    const set = new PieceSet(length);
    const model = new Set<number>();
    for (const step of steps) {
      const piece = (step & 127) - 10 + (length > 127 ? 128 : 0);
      const isIn = model.has(piece);
      if (step & 128)
        must(set.delete(piece) === (isIn && model.delete(piece)), 'another deletion', piece);
      else {
        const fits = piece >= 0 && piece < length;
        must(set.add(piece) === (fits && !isIn), 'another addition', piece);
        if (fits) model.add(piece);
      }
    }
    const ordered = [...model].sort((a, b) => a - b);
    must([...set].join() === ordered.join() && set.count === model.size, 'another set', ordered);
    must(set.isFull === (model.size === length), 'another fullness', length);
    must(rangesText(set) === rangesText(ordered), 'another text', ordered);
  },
};

const follower = textParser({
  name: 'follower-word',
  good: [{ have: '0-5,7' }, { pass: true }, { later: true }, { have: '', at: 17 }, { at: null }],
  refuses: ['bad-request'],
  parse: parseFollowerWord,
  format: (word) => JSON.stringify(word),
  check: (word) => {
    must(
      Object.keys(word).every((key) => /^(have|pass|later|at)$/.test(key)),
      'further members',
      word,
    );
  },
});

const holder: Parser = {
  name: 'holder-word',
  good: [{ link: '3f' }, { offer: [12, 90, 3] }, { offer: [] }],
  judge: (input) => {
    const word = answerOf(['bad-request'], () => parseHolderWord(input.toString()));
    if (!word) return;
    must(
      Object.keys(word).every((key) => /^(link|offer)$/.test(key)),
      'further members',
      word,
    );
    must(isDeepStrictEqual(parseHolderWord(JSON.stringify(word)), word), 'another word', word);
    must(
      word.offer?.every((piece) => Number.isSafeInteger(piece) && piece >= 0) ?? true,
      'no piece',
      word,
    );
  },
};

export const BYTES: readonly Parser[] = [opening, answerHead, layer, bitfield, follower, holder];
