// What the server needs to know of the catalogue, and no more.
import type { FileHandle } from 'node:fs/promises';

/** A file as it is listed. */
export interface OfferedFile {
  name: string;
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
  /** A strong entity tag (RFC 9110 section 8.8.1). */
  tag: string;
}

/** A file that is open, in the state that its tag stands for. */
export interface OpenedOffer extends AsyncDisposable {
  file: OfferedFile;
  handle: FileHandle;
  /** Whether the file is still as it was when it was opened. */
  isUnchanged(): Promise<boolean>;
}

export interface Offers {
  /** Undefined: nothing is offered under this name. @throws CodedError `not-found` */
  open(name: string): Promise<OpenedOffer | undefined>;
  /** Up to `limit` files whose names come after `after`, in order. */
  page(after: string, limit: number): OfferedFile[];
  readonly count: number;
}
