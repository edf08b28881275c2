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

/** Whether an error of a connection means that the source is not where it should be: nobody is, or another one. */
export function isNotThere({ syscall, code }: NodeJS.ErrnoException): boolean {
  return syscall === 'connect' || code === 'wrong-certificate';
}

export class SourceFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.name = 'SourceFailure';
    this.kind = kind;
  }
}
