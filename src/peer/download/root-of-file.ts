// The root of a file that was downloaded without proof, to see afterwards which content it is.
import { open } from 'node:fs/promises';
import { sha256 } from '../../lib/sha256.ts';
import {
  HASH_BYTES,
  hashOfPiece,
  hexOf,
  pieceAt,
  pieceCountOf,
  rootOfLayer,
} from '../../protocol/merkle.ts';

/**
 * @param size bytes, which it is known to have
 * @throws the signal's reason, or what the file system fails with
 */
export async function rootOfFile(
  path: string,
  size: number,
  signal?: AbortSignal,
): Promise<string> {
  await using file = await open(path);
  const layer = new Uint8Array(pieceCountOf(size) * HASH_BYTES);
  for (let piece = 0; piece < pieceCountOf(size); piece++) {
    signal?.throwIfAborted();
    const { start, length } = pieceAt(piece, size);
    const bytes = Buffer.alloc(length);
    for (let filled = 0; filled < length;) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    layer.set(hashOfPiece(bytes, size, sha256), piece * HASH_BYTES);
  }
  return hexOf(rootOfLayer(layer, size, sha256));
}
