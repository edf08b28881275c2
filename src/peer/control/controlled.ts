// What the control interface needs of the peer, and no more. The peer keeps it; the wire's shapes are
// protocol/control's.
import type {
  ControlState,
  Download,
  DownloadChange,
  Limits,
  NewDownload,
  OfferedPage,
  Pieces,
  PiecesChange,
  Settings,
  ShareState,
} from '../../protocol/control.ts';

/** A download's bytes, of which some may still have to come. */
export interface ReadableContent {
  name: string;
  /** Bytes. */
  size: number;
  /**
   * The bytes from `start` to `end`, inclusive, as they come: pieces near them are fetched first. Ends with
   * an error when the download is paused, cancelled or fails meanwhile.
   */
  read(start: number, end: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface Controlled {
  /** As it is now. */
  readonly state: ControlState;
  /** Tells which part of the state is another one now, as often as that happens. Answers how to stop. */
  onChange(tell: (part: keyof ControlState) => void): () => void;

  /** Adds it, and starts it as soon as its turn comes; what is there already is answered as it is. @throws CodedError */
  addDownload(wanted: NewDownload): Promise<Download>;
  /** @throws CodedError `not-found` */
  changeDownload(id: string, change: DownloadChange): Promise<Download>;
  /** Cancels it, and removes what came unless it is whole; a finished file stays. @throws CodedError `not-found` */
  removeDownload(id: string): Promise<void>;
  /**
   * Which pieces are there, of whom; then whatever changes, until stopped. Undefined: not known before size
   * and layer are proven.
   *
   * @throws CodedError `not-found`
   */
  followPieces(
    id: string,
    tell: (change: PiecesChange) => void,
  ): { pieces: Pieces | undefined; stop: () => void };
  /** @throws CodedError `not-found`, `not-ready` as long as its size is not known */
  readDownload(id: string): Promise<ReadableContent>;

  /** Shares one more folder from now on, also after a restart. @throws CodedError `bad-share` */
  addShare(folder: string): Promise<ShareState>;
  /** @throws CodedError `not-found` */
  removeShare(id: string): Promise<void>;
  /** What is offered whose name holds the text, by name, and how often it was fetched. */
  offered(text: string, after: string, limit: number): OfferedPage;

  setLimits(limits: Limits): Promise<void>;
  /** @throws CodedError `cannot-write` when the folder cannot be made or written to */
  setSettings(settings: Settings): Promise<void>;
}
