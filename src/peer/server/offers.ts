// What the server needs to know of the catalogue, and no more.
import type { FileHandle } from 'node:fs/promises';
import type { PieceSet } from '../../protocol/piece-set.ts';

/** A file as it is listed. */
export interface OfferedFile {
  name: string;
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
  /** The root of its content. */
  root: string;
}

/** A file that is open, in the state in which its content has that root. */
export interface OpenedOffer extends AsyncDisposable {
  file: OfferedFile;
  handle: FileHandle;
  /** Whether the file is still as it was when it was opened. */
  isUnchanged(): Promise<boolean>;
  /** Whether the bytes from `start` to `end`, inclusive, are there; undefined: all are. */
  holds?: ((start: number, end: number) => boolean) | undefined;
}

/** Which pieces of a content are here: all, or more and more of them. */
export interface Holding {
  /** Bytes of the content. */
  readonly size: number;
  readonly has: PieceSet;
  /** Tells of each piece that came to `has`. Answers how to stop that. */
  onGain(tell: (piece: number) => void): () => void;
}

export interface Offers {
  /** Undefined: nothing is offered under this name. @throws CodedError `not-found` */
  open(name: string): Promise<OpenedOffer | undefined>;
  /** A file that holds a content, whatever it is called. Undefined: none is offered. */
  openContent(root: string): Promise<OpenedOffer | undefined>;
  /** Size and piece layer of a content. Undefined: it is not offered. */
  shapeOf(root: string): Promise<{ size: number; layer: Uint8Array } | undefined>;
  /** Which pieces of a content are here. Undefined: it is not offered. */
  holding(root: string): Promise<Holding | undefined>;
  /** Up to `limit` files whose names come after `after`, in order. */
  page(after: string, limit: number): OfferedFile[];
  readonly count: number;
}
