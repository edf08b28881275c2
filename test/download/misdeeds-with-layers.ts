// What a source may do wrong with the piece layer of a content and with its size.
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  contentOf,
  drip,
  headText,
  PIECE,
  type Answer,
  type Behaviour,
  type TestContent,
} from './content-source.ts';
import { status, withHeaders, writeEndlessly, type Misdeed } from './misdeeds.ts';

/** Of the layer alone: nobody should even ask for a piece. */
function ofLayer(change: (honest: Answer, socket: Socket) => Answer | undefined): Behaviour {
  return (honest, { piece, socket }) => (piece === 'layer' ? change(honest, socket) : honest);
}

/** The layer of another content of that size, or of another size. */
function layerOf(content: TestContent, size = content.bytes.length): Answer {
  const headers = { 'content-length': content.layer.length, 'sp2p-size': size };
  return { status: 200, headers, body: content.layer };
}

function bytesLike(content: TestContent, length = content.bytes.length): TestContent {
  return contentOf(Buffer.alloc(length, 'other'));
}

export function misdeedsWithLayers(content: TestContent): Record<string, Misdeed> {
  const { bytes, root, layer } = content;
  const { length } = bytes;
  const sends = (answer: Answer): Behaviour => ofLayer(() => answer);
  const nodes = [0, 32].map((at) => layer.subarray(at, at + 32));
  return {
    'has the layer of another content': {
      answers: sends(layerOf(bytesLike(content))),
      says: /wrong-answer: its piece layer does not fit the root/,
      isLie: true,
    },
    'has a hash of the layer wrong': {
      answers: ofLayer((honest) => {
        const body = Buffer.from(honest.body);
        body[40] = ~(body[40] ?? 0);
        return { ...honest, body };
      }),
      says: /wrong-answer: its piece layer does not fit the root/,
      isLie: true,
    },
    'has a layer that is too short': {
      answers: sends({ ...layerOf({ ...content, layer: layer.subarray(32) }) }),
      says: /wrong-answer: a layer of \d+ bytes for a content of \d+/,
      isLie: true,
    },
    'has a layer that is too long': {
      answers: sends({
        ...layerOf({ ...content, layer: Buffer.concat([layer, layer.subarray(0, 32)]) }),
      }),
      says: /wrong-answer: a layer of \d+ bytes for a content of \d+/,
      isLie: true,
    },
    'says one byte more': {
      answers: sends(layerOf(content, length + 1)),
      says: /wrong-answer: not the range that was asked for|bad-piece/,
      isLie: true,
    },
    'says one byte more, and sends it': {
      answers: saysSize(content, length + 1),
      says: /bad-piece: its last piece/,
      isLie: true,
    },
    'says one byte less, and sends no more': {
      answers: saysSize(content, length - 1),
      says: /bad-piece: its last piece/,
      isLie: true,
    },
    'says a piece more, and has a layer for it': {
      answers: sends({
        ...layerOf({ ...content, layer: Buffer.concat([layer, Buffer.alloc(32)]) }, length + PIECE),
      }),
      says: /wrong-answer/,
      isLie: true,
    },
    'says that it is empty, with the root for a layer': {
      answers: sends(layerOf({ ...content, layer: Buffer.from(root, 'hex') }, 0)),
      says: /wrong-answer: it says that the content is empty, and the root does not/,
      isLie: true,
    },
    'says that it is empty, with the layer of that': {
      answers: sends(layerOf(contentOf(Buffer.alloc(0)), 0)),
      says: /wrong-answer: its piece layer does not fit the root/,
      isLie: true,
    },
    'takes the upper levels of the tree for bytes': {
      answers: takingHashesForBytes(content),
      says: /wrong-answer|bad-piece/,
      isLie: true,
    },
    'takes hashes of the layer for a smaller content': {
      answers: sends(layerOf({ ...content, layer: Buffer.concat(nodes) }, PIECE + 1)),
      says: /wrong-answer/,
      isLie: true,
    },
    ...Object.fromEntries(
      ['', 'much', '-1', '1e3', '1.5', String(2 ** 53), '99999999999999999999'].map((size) => [
        `says "${size}" for a size`,
        {
          answers: ofLayer((honest) => withHeaders(honest, { 'sp2p-size': size })),
          says: /wrong-answer/,
          isLie: true,
        },
      ]),
    ),
    'does not say the size': {
      answers: sends({ status: 200, headers: { 'content-length': layer.length }, body: layer }),
      says: /wrong-answer: no piece layer \(status 200\)/,
      isLie: true,
    },
    'has no layer': { answers: sends(status(404)), says: /refused: it does not have it \(404\)/ },
    'is too busy for the layer': { answers: sends(status(503)), says: /it is busy \(503\)/ },
    'fails at the layer': { answers: sends(status(500)), says: /status 500/ },
    'redirects from the layer': {
      answers: sends(status(302, { location: '/files/other' })),
      says: /wrong-answer: no piece layer \(status 302\)/,
      isLie: true,
    },
    'switches to another protocol at the layer': {
      answers: sends(status(101, { connection: 'upgrade', upgrade: 'other' })),
      says: /wrong-answer|closed-early/,
    },
    'sends the layer chunked': {
      answers: ofLayer((_honest, socket) => {
        const headers = { 'transfer-encoding': 'chunked', 'sp2p-size': length };
        socket.write(headText({ status: 200, headers, body: layer }));
        socket.write(`${layer.length.toString(16)}\r\n`);
        socket.write(layer);
        socket.write('\r\n0\r\n\r\n');
        return undefined;
      }),
      says: /wrong-answer/,
      isLie: true,
    },
    'closes within the layer': {
      answers: ofLayer((honest, socket) => {
        socket.end(Buffer.concat([Buffer.from(headText(honest)), honest.body.subarray(0, 40)]));
        return undefined;
      }),
      says: /closed-early: the layer ended too soon/,
    },
    'says nothing of the layer': { answers: ofLayer(() => undefined), says: /stalled/ },
    'stops within the layer': {
      answers: ofLayer((honest, socket) => {
        socket.write(Buffer.concat([Buffer.from(headText(honest)), honest.body.subarray(0, 40)]));
        return undefined;
      }),
      says: /stalled/,
    },
    'sends a byte of the layer now and then': {
      answers: ofLayer((honest, socket) => {
        void drip(socket, Buffer.from(headText(honest)), 1);
        return undefined;
      }),
      says: /stalled/,
    },
    'sends a head without an end in place of the layer': {
      answers: ofLayer((_honest, socket) => {
        writeEndlessly(socket);
        return undefined;
      }),
      says: /wrong-answer/,
      isLie: true,
    },
  };
}

/** Honest but for the size: of what is asked there, it sends what there is. */
function saysSize({ bytes, root, layer }: TestContent, size: number): Behaviour {
  const padded = Buffer.concat([bytes, Buffer.alloc(PIECE)]);
  return (honest, { piece }) => {
    if (piece === 'layer') return layerOf({ bytes, root, layer }, size);
    const { 'content-range': range = '', 'content-length': count = 0 } = honest.headers;
    const start = piece * PIECE;
    return {
      ...withHeaders(honest, { 'content-range': String(range).replace(/\d+$/, String(size)) }),
      body: padded.subarray(start, start + Number(count)),
    };
  };
}

/**
 * An inner node of the tree is the hash of 64 bytes, and so is a block of 64 bytes: what is below the
 * root, taken for a content of its own.
 */
function takingHashesForBytes({ bytes, root, layer }: TestContent): Behaviour {
  const below = belowRoot(layer);
  return (_honest, { piece }) => {
    if (piece === 'layer')
      return layerOf({ bytes, root, layer: Buffer.from(root, 'hex') }, below.length);
    const headers = {
      'content-length': below.length,
      'content-range': `bytes 0-${below.length - 1}/${below.length}`,
      etag: `"${root}"`,
    };
    return { status: 206, headers, body: below };
  };
}

/** The two hashes that hash to the root. */
function belowRoot(layer: Buffer): Buffer {
  const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();
  let pad = Buffer.alloc(32);
  for (let width = PIECE / (16 * 1024); width > 1; width /= 2)
    pad = sha256(Buffer.concat([pad, pad]));
  let level = layer;
  while (level.length > 64) {
    const above: Buffer[] = [];
    if (level.length % 64 !== 0) level = Buffer.concat([level, pad]);
    for (let at = 0; at < level.length; at += 64) above.push(sha256(level.subarray(at, at + 64)));
    level = Buffer.concat(above);
    pad = sha256(Buffer.concat([pad, pad]));
  }
  return level;
}
