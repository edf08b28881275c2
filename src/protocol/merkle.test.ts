// The tree against roots and piece layers that libtorrent computed (test/vectors/make-roots.py).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  BLOCK_BYTES,
  hexOf,
  pieceAt,
  pieceCountOf,
  pieceHash,
  pieceLengthOf,
  rootOfLayer,
} from './merkle.ts';

const vectors = JSON.parse(
  readFileSync(new URL('../../test/vectors/roots.json', import.meta.url), 'utf8'),
) as { size: number; root: string; layer: string }[];

function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function layerOf(content: Uint8Array): Buffer {
  return Buffer.concat(
    Array.from({ length: pieceCountOf(content.length) }, (_, index) => {
      const { start, length } = pieceAt(index, content.length);
      const blocks: Uint8Array[] = [];
      for (let at = start; at < start + length || blocks.length === 0; at += BLOCK_BYTES)
        blocks.push(sha256(content.subarray(at, Math.min(at + BLOCK_BYTES, start + length))));
      return pieceHash(Buffer.concat(blocks), content.length, sha256);
    }),
  );
}

function contentOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => 31 * i + (i >> 10) + 7 * (i >> 18));
}

test.each(vectors)('a content of $size bytes has the root that libtorrent gives it', (vector) => {
  const { size, root } = vector;
  const ours = hexOf(rootOfLayer(layerOf(contentOf(size)), size, sha256));
  // BEP 52 has no root for an empty file; here it is the hash of its one, empty block.
  expect(ours).toBe(size === 0 ? hexOf(sha256()) : root);
});

// BEP 52 leaves out a layer of one hash: that hash is the root.
test.each(vectors.filter(({ layer }) => layer !== ''))(
  'a content of $size bytes has the piece layer that libtorrent gives it',
  ({ size, layer }) => {
    expect(hexOf(layerOf(contentOf(size)))).toBe(layer);
    expect(layer.length).toBe(64 * pieceCountOf(size));
  },
);

test('pieces are powers of two from 256 KiB to 16 MiB, at most 1,024 where that is possible', () => {
  const KiB = 1024;
  const GiB = 1024 ** 3;
  expect(pieceLengthOf(0)).toBe(256 * KiB);
  expect(pieceLengthOf(256 * 1024 * KiB)).toBe(256 * KiB);
  expect(pieceLengthOf(256 * 1024 * KiB + 1)).toBe(512 * KiB);
  expect(pieceLengthOf(GiB)).toBe(1024 * KiB);
  expect(pieceLengthOf(16 * GiB)).toBe(16 * 1024 * KiB);
  expect(pieceLengthOf(2 ** 53)).toBe(16 * 1024 * KiB);
});
