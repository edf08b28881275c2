// Where the verified pieces of a content go.

export interface PieceStore {
  /**
   * An open file into which pieces are written by those who verify them; undefined: the store takes
   * their bytes itself.
   */
  readonly descriptor: number | undefined;
  /** What is written to, for people. */
  readonly path: string;
  /** Pieces from this one on are not to be asked for yet. */
  readonly horizon: number;
  /**
   * To be called once, before all else. Answers a byte for each piece, 1 where an earlier run says that
   * it is there: that is looked at before it is believed.
   *
   * @param windowPieces so many pieces there is memory for, beside those that are on their way twice
   * @throws CodedError `cannot-write`, `disk-full`
   */
  prepare(size: number, windowPieces: number): Promise<Uint8Array>;
  /** A piece is verified. Resolves when its bytes are no longer needed. @throws CodedError */
  take(piece: number, bytes: Uint8Array): Promise<void>;
  /** Nothing more will come: those who wait for `take` are let go. */
  abandon(): void;
}
