// The identity of a content: the BitTorrent v2 pieces root (BEP 52), a SHA-256 Merkle tree over blocks
// of 16 KiB, and its piece layer. The hash function comes in as an argument: this runs anywhere.
import { CodedError } from './errors.ts';

/** The leaf of the tree, in bytes. The last block of a content is shorter, and not padded. */
export const BLOCK_BYTES = 16 * 1024;
export const HASH_BYTES = 32;

const MIN_PIECE_BYTES = 256 * 1024;
const MAX_PIECE_BYTES = 16 * 1024 * 1024;
/** Pieces grow with the content so that there are about so many, until they are as large as they get. */
const WANTED_PIECES = 1024;

/** SHA-256 of the parts, one after the other. */
export type Sha256 = (...parts: Uint8Array[]) => Uint8Array;

/**
 * The piece length of a content: a power of two from 256 KiB to 16 MiB, the least that cuts the content
 * into at most 1,024 pieces. A pure function of the size, so every peer cuts a content alike.
 */
export function pieceLengthOf(size: number): number {
  let length = MIN_PIECE_BYTES;
  while (length < MAX_PIECE_BYTES && length * WANTED_PIECES < size) length *= 2;
  return length;
}

/** How many pieces a content has; an empty one has one, which is empty. */
export function pieceCountOf(size: number): number {
  return Math.max(1, Math.ceil(size / pieceLengthOf(size)));
}

/** Where a piece lies in a content of `size` bytes. */
export function pieceAt(index: number, size: number): { start: number; length: number } {
  const start = index * pieceLengthOf(size);
  return { start, length: Math.min(pieceLengthOf(size), size - start) };
}

/**
 * The hash of a piece from the hashes of its blocks: the root of the tree over them, filled up with
 * zeros to the width of a piece; where the content is a single piece, only to the next power of two
 * (BEP 52, "pieces root").
 *
 * @param blocks the hashes of the blocks, one after the other
 */
export function pieceHash(blocks: Uint8Array, size: number, sha256: Sha256): Uint8Array {
  const leaves = blocks.length / HASH_BYTES;
  const width = pieceCountOf(size) === 1 ? leaves : pieceLengthOf(size) / BLOCK_BYTES;
  return treeRoot(blocks, width, new Uint8Array(HASH_BYTES), sha256);
}

/** The hash of a piece from its bytes; see {@link pieceHash}. An empty piece is one empty block. */
export function hashOfPiece(bytes: Uint8Array, size: number, sha256: Sha256): Uint8Array {
  const blocks = new Uint8Array(Math.max(1, Math.ceil(bytes.length / BLOCK_BYTES)) * HASH_BYTES);
  for (let block = 0; block * HASH_BYTES < blocks.length; block++)
    blocks.set(
      sha256(bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)),
      block * HASH_BYTES,
    );
  return pieceHash(blocks, size, sha256);
}

/** The hash that a piece layer holds for a piece. */
export function hashInLayer(layer: Uint8Array, piece: number): Uint8Array {
  // A copy: to send a view to another thread would be to send the whole layer.
  return new Uint8Array(layer.subarray(piece * HASH_BYTES, (piece + 1) * HASH_BYTES));
}

/** Whether two hashes are the same. */
export function isSameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** The root of a content from its piece layer. */
export function rootOfLayer(layer: Uint8Array, size: number, sha256: Sha256): Uint8Array {
  let padding: Uint8Array = new Uint8Array(HASH_BYTES);
  for (let width = pieceLengthOf(size) / BLOCK_BYTES; width > 1; width /= 2)
    padding = sha256(padding, padding);
  return treeRoot(layer, layer.length / HASH_BYTES, padding, sha256);
}

/** The root of a tree over hashes, filled up with `padding` to the least power of two from `width` on. */
function treeRoot(
  hashes: Uint8Array,
  width: number,
  padding: Uint8Array,
  sha256: Sha256,
): Uint8Array {
  let level = Array.from({ length: hashes.length / HASH_BYTES }, (_, index) =>
    hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  );
  let pad = padding;
  for (let nodes = 1; nodes < width; nodes *= 2) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2)
      above.push(sha256(level[index] ?? pad, level[index + 1] ?? pad));
    level = above;
    pad = sha256(pad, pad);
  }
  return level[0] ?? pad;
}

/** The header in which a peer tells the size of a content, in bytes, beside its piece layer. */
export const SIZE_HEADER = 'sp2p-size';

/** A hash or root as text: 64 hex digits in lower case. */
export function hexOf(hash: Uint8Array): string {
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The root that a text spells, in lower case.
 *
 * @throws CodedError `bad-root` for anything but 64 hex digits
 */
export function parseRoot(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw new CodedError('bad-root', 'A root is 64 hex digits.');
}
