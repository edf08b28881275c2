// Asks sources for the proof of a content's size and layer, one after the other, and the next one beside
// those that take their time, until one of them has given it.
import { isStopping, pause } from '../../lib/lifecycle.ts';
import type { RateLimit } from '../../lib/rate-limit.ts';
import type { Access } from './access.ts';
import { fetchLastPiece, fetchLayer, type ContentShape } from './content-shape.ts';
import type { Patience } from './patience.ts';
import type { BookedSource, SourceBook } from './source-book.ts';
import type { Ask } from './source-connection.ts';
import { SourceFailure } from './source-failure.ts';

/** A source that has not proven it within so long gets company. */
const NEXT_AFTER_MS = 1_000;
const ASKED_AT_ONCE = 12;
/** Where there is nobody to ask, somebody is looked for so often. */
const LOOK_EVERY_MS = 50;

export interface ProofOptions {
  /** 64 hex digits. */
  root: string;
  /** What the registry says of the size (see content-shape). */
  told: number | null | undefined;
  book: SourceBook;
  access: Access;
  patience: Patience;
  downloadLimit: RateLimit | undefined;
  signal: AbortSignal;
  onFailure: (source: BookedSource, failure: SourceFailure) => void;
}

export interface Proof {
  shape: ContentShape;
  /** Who gave it. */
  source: BookedSource;
  /** The last piece, which came with it; undefined where the content is empty, or the registry says its size. */
  last: { ask: Ask; memory: SharedArrayBuffer } | undefined;
}

/** Undefined: the signal came first. */
export async function proveContent(options: ProofOptions): Promise<Proof | undefined> {
  const { root, told, book, access, patience, downloadLimit, onFailure } = options;
  const proven = new AbortController();
  const signal = AbortSignal.any([options.signal, proven.signal]);
  const asked = new Set<BookedSource>();
  let proof: Proof | undefined;
  const askInTurn = async (turn: number): Promise<void> => {
    await pause(turn * NEXT_AFTER_MS, signal);
    while (!isStopping(signal)) {
      const now = performance.now();
      const source = book.live.find((each) => !asked.has(each) && each.retryAt <= now);
      // Where it is our own limit that takes time, company would make it worse.
      const isEnough = asked.size > 0 && downloadLimit?.isHoldingUp;
      if (!source || isEnough) {
        await pause(LOOK_EVERY_MS, signal);
        continue;
      }
      asked.add(source);
      const fetching = { source, access, root, told, signal, patience, downloadLimit };
      try {
        const shape = await fetchLayer(fetching);
        // Two who say the same are believed; should both be wrong, the last piece will not fit.
        const isTold = shape.size === told && shape.size > 0;
        const last = isTold ? undefined : await fetchLastPiece(shape, fetching);
        proof ??= { shape, source, last };
        proven.abort();
      } catch (error) {
        if (!(error instanceof SourceFailure)) throw error;
        if (!isStopping(signal)) onFailure(source, error);
      } finally {
        asked.delete(source);
      }
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, (_, turn) => askInTurn(turn)));
  return proof;
}
