// The live picture of one download: follows its pieces, and hands on once a frame what changed.
import { signal } from '@preact/signals';
import type { Pieces, PiecesChange } from '../../../src/protocol/control.ts';
import { piecesPath } from '../api/control.ts';
import { follow } from '../api/follow.ts';
import { PiecePicture, SourceNumbers } from './pieces.ts';

export class PieceFeed {
  readonly picture = signal<PiecePicture | undefined>(undefined);
  readonly counts = signal({ verified: 0, sources: 0 });
  readonly isLive = signal(false);
  /** The colours' numbers: kept when the stream begins anew. */
  readonly numbers = new SourceNumbers();
  readonly #end = new AbortController();
  readonly #dirty = new Set<number>();
  readonly #painters = new Set<(pieces: ReadonlySet<number>) => void>();
  #frame = 0;

  constructor(id: string, token: string) {
    void follow(
      piecesPath(id),
      token,
      {
        onEvent: ({ kind, data }) => {
          if (kind === 'pieces') this.#begin(JSON.parse(data) as Pieces);
          else if (kind === 'change') this.#change(JSON.parse(data) as PiecesChange);
        },
        onLive: () => {
          this.isLive.value = true;
        },
        onAway: () => {
          this.isLive.value = false;
        },
        onRefused: () => {
          this.isLive.value = false;
        },
      },
      this.#end.signal,
    );
  }

  /** Calls once a frame with the pieces that look different; answers how to stop. */
  onDirty(paint: (pieces: ReadonlySet<number>) => void): () => void {
    this.#painters.add(paint);
    return () => {
      this.#painters.delete(paint);
    };
  }

  end(): void {
    this.#end.abort();
    cancelAnimationFrame(this.#frame);
  }

  #begin(pieces: Pieces): void {
    this.#dirty.clear();
    this.picture.value = new PiecePicture(pieces, this.numbers);
    this.#count();
  }

  #change(change: PiecesChange): void {
    const picture = this.picture.peek();
    if (!picture) return;
    for (const piece of picture.apply(change)) this.#dirty.add(piece);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      for (const paint of this.#painters) paint(this.#dirty);
      this.#dirty.clear();
      this.#count();
    });
  }

  #count(): void {
    const verified = this.picture.peek()?.verified ?? 0;
    const sources = this.numbers.endpoints.length;
    const { verified: before, sources: known } = this.counts.peek();
    if (before !== verified || known !== sources) this.counts.value = { verified, sources };
  }
}
