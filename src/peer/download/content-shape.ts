// The size and the piece layer of a content, from a source that proves both: the layer hashes to the
// root, and the last piece, which ends where the content ends, hashes to what the layer says.
import { request, type IncomingMessage } from 'node:http';
import type { RateLimit } from '../../lib/rate-limit.ts';
import { sha256 } from '../../lib/sha256.ts';
import {
  HASH_BYTES,
  hashInLayer,
  hashOfPiece,
  hexOf,
  isSameHash,
  pieceAt,
  pieceCountOf,
  pieceLengthOf,
  rootOfLayer,
  SIZE_HEADER,
} from '../../protocol/merkle.ts';
import type { Access, Whereabouts } from './access.ts';
import type { Patience } from './patience.ts';
import { SourceConnection, type Ask } from './source-connection.ts';
import { isNotThere, SourceFailure } from './source-failure.ts';

/** Layers of contents up to 4 TiB; a larger one would take long to check, and is not believed. */
const MAX_LAYER_BYTES = 8 * 1024 * 1024;
/**
 * The root proves every size but this one: an inner node of the tree is the hash of 64 bytes, the two
 * hashes below it, and so is a block of 64 bytes. Those two hashes can be passed off as the content.
 */
const AMBIGUOUS_BYTES = 2 * HASH_BYTES;
const NOT_HTTP = 'its answer is not HTTP';
/** A layer is small beside its content: the whole of it must have come within so many stalls. */
const LAYER_WITHIN_STALLS = 3;

export interface ContentShape {
  size: number;
  layer: Uint8Array;
}

export interface FetchingShape {
  source: Whereabouts;
  access: Access;
  root: string;
  /** What the registry says: bytes, null where it does not know, undefined where it was not asked. */
  told: number | null | undefined;
  signal: AbortSignal;
  patience: Patience;
  /** For the last piece; a layer is next to nothing. */
  downloadLimit: RateLimit | undefined;
}

/**
 * @throws SourceFailure, with `wrong-answer` for a layer that does not fit the root
 * @throws CodedError why nobody lets us in
 */
export async function fetchLayer(options: FetchingShape): Promise<ContentShape> {
  const { source, access, root, told, signal, patience } = options;
  const { stalledAfterMs } = patience;
  const authorization = await access.authorization(root);
  const deadline = AbortSignal.timeout(LAYER_WITHIN_STALLS * stalledAfterMs);
  const shape = await new Promise<ContentShape>((resolve, reject) => {
    const call = request({
      host: source.endpoint.ipAddress,
      port: source.endpoint.port,
      path: `/contents/${root}/layer`,
      headers: { ...(authorization !== undefined && { authorization }) },
      createConnection: () => access.connect(source, { timeout: stalledAfterMs }),
      timeout: stalledAfterMs,
      signal: AbortSignal.any([signal, deadline]),
    });
    call
      .on('timeout', () => {
        const kind = call.socket?.connecting === true ? 'unreachable' : 'stalled';
        call.destroy(new SourceFailure(kind, `nothing for ${stalledAfterMs / 1000} s`));
      })
      .on('error', (error: NodeJS.ErrnoException) => {
        reject(
          deadline.aborted ? new SourceFailure('stalled', 'no layer in time') : asFailure(error),
        );
      })
      .on('upgrade', (_response, socket) => {
        socket.destroy();
        reject(new SourceFailure('wrong-answer', 'another protocol (101)'));
      })
      .on('response', (response) => {
        readLayer(response).then(resolve, (error: unknown) => {
          response.destroy();
          reject(
            error instanceof SourceFailure
              ? error
              : new SourceFailure('closed-early', 'the layer ended too soon'),
          );
        });
      })
      .end();
  });
  if (hexOf(rootOfLayer(shape.layer, shape.size, sha256)) !== root)
    throw new SourceFailure('wrong-answer', 'its piece layer does not fit the root');
  if (shape.size === AMBIGUOUS_BYTES && told !== undefined && told !== AMBIGUOUS_BYTES)
    throw new SourceFailure('wrong-answer', 'a size that the registry does not say of it');
  return shape;
}

function asFailure(error: NodeJS.ErrnoException): SourceFailure {
  if (error instanceof SourceFailure) return error;
  // What the parser of node:http does not take.
  if (error.code?.startsWith('HPE_')) return new SourceFailure('wrong-answer', NOT_HTTP);
  return new SourceFailure(isNotThere(error) ? 'unreachable' : 'closed-early', error.message);
}

async function readLayer(response: IncomingMessage): Promise<ContentShape> {
  const { statusCode = 0, headers } = response;
  const size = Number(headers[SIZE_HEADER] ?? NaN);
  const length = Number(headers['content-length'] ?? NaN);
  if (statusCode === 404) throw new SourceFailure('refused', 'it does not have it (404)');
  if (statusCode === 401)
    throw new SourceFailure('closed-early', 'it lets nobody in like that (401)');
  if (statusCode === 503) throw new SourceFailure('closed-early', 'it is busy (503)');
  if (statusCode !== 200 || !Number.isSafeInteger(size) || size < 0)
    throw new SourceFailure('wrong-answer', `no piece layer (status ${statusCode})`);
  if (length > MAX_LAYER_BYTES || length !== pieceCountOf(size) * HASH_BYTES)
    throw new SourceFailure('wrong-answer', `a layer of ${length} bytes for a content of ${size}`);
  const layer = new Uint8Array(length);
  let filled = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    layer.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < length) throw new SourceFailure('closed-early', 'the layer ended too soon');
  return { size, layer };
}

/**
 * The last piece of a content, verified: its hash is right only where the size is. Undefined for an
 * empty content, of which there is nothing to fetch.
 *
 * @throws SourceFailure, with `wrong-answer` for a size or a piece that is not the content's
 */
export async function fetchLastPiece(
  { size, layer }: ContentShape,
  { source, access, root, signal, patience, downloadLimit }: FetchingShape,
): Promise<{ ask: Ask; memory: SharedArrayBuffer } | undefined> {
  if (size === 0) {
    if (isSameHash(hashOfPiece(new Uint8Array(0), 0, sha256), layer)) return undefined;
    throw new SourceFailure(
      'wrong-answer',
      'it says that the content is empty, and the root does not',
    );
  }
  const piece = pieceCountOf(size) - 1;
  const ask = { piece, ...pieceAt(piece, size) };
  const memory = await new Promise<SharedArrayBuffer>((resolve, reject) => {
    const connection = new SourceConnection({
      source,
      access,
      root,
      size,
      patience,
      downloadLimit,
      // As large as all others, so that it can be used again like them.
      memoryFor: () => new SharedArrayBuffer(pieceLengthOf(size)),
      onBytes: () => undefined,
      onPiece: (_ask, bytes) => {
        resolve(bytes);
        connection.close();
      },
      onOver: (failure) => {
        signal.removeEventListener('abort', onAbort);
        reject(failure);
      },
    });
    const onAbort = () => {
      connection.close();
    };
    signal.addEventListener('abort', onAbort);
    connection.ask(ask);
    if (signal.aborted) onAbort();
  });
  const bytes = new Uint8Array(memory, 0, ask.length);
  if (!isSameHash(hashOfPiece(bytes, size, sha256), hashInLayer(layer, piece)))
    throw new SourceFailure('bad-piece', 'its last piece is not what the root says, or its size');
  return { ask, memory };
}
