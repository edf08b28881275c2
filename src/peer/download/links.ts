// The links of a download to its sources, one each, and what they are told of the pieces that came.
import type { Access } from './access.ts';
import { Link } from './link.ts';
import type { Patience } from './patience.ts';
import type { BookedSource } from './source-book.ts';
import type { SourceFailure } from './source-failure.ts';
import { Telling } from './telling.ts';

/** A holder cuts who says too much: of so many changes of the order it is told at once, of others later. */
const MAX_ORDERS_TOLD = 100;

export interface LinksOptions {
  /** 64 hex digits. */
  root: string;
  /** Where this peer listens; undefined: it does not serve. */
  port: number | undefined;
  access: Access;
  patience: Patience;
  /** The pieces that are here, in ascending order. */
  has: () => Iterable<number>;
  /** The piece from which on they are wanted in order; undefined: in any order. */
  readsAt: () => number | undefined;
  onOffer: (source: BookedSource, pieces: number[], link: Link) => void;
  /** A source knows no links: it can be asked for pieces all the same. */
  onPlain: (source: BookedSource) => void;
  onFailure: (source: BookedSource, failure: SourceFailure) => void;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #links = new Map<BookedSource, Link>();
  readonly #plain = new WeakSet<BookedSource>();
  readonly #telling = new Telling();
  /** Whom each link tells. */
  readonly #listeners = new Map<BookedSource, { tell: (pieces: number[]) => void }>();
  #ordersTold = 0;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  /** Whether a source knows no links. */
  isPlain(source: BookedSource): boolean {
    return this.#plain.has(source);
  }

  /** Makes a link to a source, unless there is one. */
  open(source: BookedSource): void {
    if (this.#links.has(source)) return;
    const { root, port, access, patience, has, readsAt, onOffer, onPlain, onFailure } =
      this.#options;
    const link = new Link({
      ...{ source, access, root, port, patience },
      onOpen: (opened) => {
        let wasInOrder = false;
        const listener = {
          tell: (pieces: number[]) => {
            const at = readsAt();
            opened.tell(pieces, at ?? (wasInOrder ? null : undefined));
            wasInOrder = at !== undefined;
          },
        };
        listener.tell([...has()]);
        this.#listeners.set(source, listener);
        this.#telling.join(listener);
      },
      onOffer: (pieces) => {
        onOffer(source, pieces, link);
      },
      onOver: (reason) => {
        this.#forget(source);
        if (reason === 'none') {
          this.#plain.add(source);
          onPlain(source);
        } else onFailure(source, reason);
      },
    });
    this.#links.set(source, link);
  }

  /** A piece has come. @param from who sent it */
  gain(piece: number, bytes: number, from: BookedSource): void {
    this.#telling.gain(piece, bytes, this.#listeners.get(from));
  }

  /** What a source offered is not asked for after all. */
  later(source: BookedSource): void {
    this.#links.get(source)?.later();
  }

  /** Pieces are wanted in another order: everyone is told. */
  reorder(): void {
    if (this.#ordersTold++ < MAX_ORDERS_TOLD)
      for (const listener of this.#listeners.values()) listener.tell([]);
  }

  /** Everyone is told of everything. */
  flush(): void {
    this.#telling.flush();
  }

  close(source: BookedSource): void {
    this.#links.get(source)?.close();
    this.#forget(source);
  }

  closeAll(): void {
    for (const source of [...this.#links.keys()]) this.close(source);
  }

  #forget(source: BookedSource): void {
    this.#links.delete(source);
    const listener = this.#listeners.get(source);
    if (!listener) return;
    this.#listeners.delete(source);
    this.#telling.leave(listener);
  }
}
