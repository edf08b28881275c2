// The roots and piece layers of contents, computed the plain way: all leaves in one list, as BEP 52
// says it. Nothing here is shared with the code under test. A content is its bytes, or their leaves.
import { createHash } from 'node:crypto';

const BLOCK = 16 * 1024;
const NOTHING = Buffer.alloc(32);

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The hashes of the blocks of some bytes. */
export function leavesOf(bytes: Uint8Array): Buffer[] {
  const leaves: Buffer[] = [];
  for (let at = 0; at < bytes.length || at === 0; at += BLOCK)
    leaves.push(sha256(bytes.subarray(at, at + BLOCK)));
  return leaves;
}

/** The root of a content, in hex. */
export function rootOf(content: Uint8Array | Buffer[]): string {
  return treeOf(content).at(-1)?.[0]?.toString('hex') ?? '';
}

/** The piece layer of a content, of which a piece has `pieceBytes`. */
export function layerOf(content: Uint8Array | Buffer[], pieceBytes: number): Buffer {
  const leaves = Array.isArray(content) ? content : leavesOf(content);
  const levels = treeOf(leaves);
  const level = levels[Math.log2(pieceBytes / BLOCK)] ?? levels.at(-1) ?? [];
  return Buffer.concat(
    level.slice(0, Math.max(1, Math.ceil((leaves.length * BLOCK) / pieceBytes))),
  );
}

/** Level 0 has the leaves, filled up to a power of two; the last one the root. */
function treeOf(content: Uint8Array | Buffer[]): Buffer[][] {
  const leaves = Array.isArray(content) ? [...content] : leavesOf(content);
  while (!Number.isInteger(Math.log2(leaves.length))) leaves.push(NOTHING);
  const levels = [leaves];
  for (let level = leaves; level.length > 1; levels.push(level))
    level = Array.from({ length: level.length / 2 }, (_, node) =>
      sha256(level[2 * node] ?? NOTHING, level[2 * node + 1] ?? NOTHING),
    );
  return levels;
}
