// Why a source did not deliver. It ends the attempt with that source, not the download.

export type FailureKind =
  | 'unreachable'
  | 'silent'
  | 'not-http'
  | 'refused'
  | 'stalled'
  | 'closed-early'
  | 'wrong-answer'
  | 'bad-piece';

export class SourceFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.name = 'SourceFailure';
    this.kind = kind;
  }
}
