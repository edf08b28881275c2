// Every way in which a request can fail, by a stable code. Made where the fact is known; turned into
// an HTTP answer by `problemOf` here, and into an exit code by cli/exit-codes.

/** Code → HTTP status (0: never crosses the wire) and the title of its problem document. */
const ERRORS = {
  'bad-name': [400, 'Not a name'],
  'bad-root': [400, 'Not a root'],
  'bad-endpoint': [400, 'Not an endpoint'],
  'bad-request': [400, 'The request does not fit the contract'],
  'bad-body': [400, 'The body is not the JSON that was asked for'],
  'endpoint-not-yours': [403, 'This endpoint is not at your address'],
  'cross-origin': [403, 'A web page of another origin may not change the registry'],
  'not-found': [404, 'Nothing is here'],
  'unknown-peer': [404, 'No such peer, or its lease has ended'],
  'method-not-allowed': [405, 'This method is not for this path'],
  'revision-mismatch': [409, 'The catalogue here is at another revision'],
  'precondition-failed': [412, 'The content is not the one that was meant'],
  'body-too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The body must be JSON'],
  'range-not-satisfiable': [416, 'The content ends before that range'],
  'peer-unreachable': [422, 'This peer cannot be reached where it says that it is'],
  'too-many-names': [422, 'A peer may not offer that many names'],
  'too-many-contents': [422, 'A peer may not hold that many contents under no name'],
  'head-too-large': [431, 'The request head is too large'],
  'request-timeout': [408, 'The request took too long to arrive'],
  internal: [500, 'The fault is on this side'],
  'too-many-requests': [429, 'Too many requests from this address'],
  'not-ready': [503, 'Not ready to serve'],
  busy: [503, 'Too much to do just now'],
  'engine-unavailable': [503, 'The database of the index does not serve just now'],

  'bad-usage': [0, 'Wrong usage'],
  'bad-share': [0, 'This folder cannot be shared'],
  'port-taken': [0, 'The port is taken'],
  'cannot-listen': [0, 'Cannot listen there'],
  'registry-unreachable': [0, 'The registry does not answer'],
  'registry-misbehaves': [0, 'The registry answered something that it should not'],
  'not-known': [0, 'Nothing of that name or root is known'],
  'several-versions': [0, 'Several contents have that name'],
  'no-source': [0, 'No source could deliver it'],
  'unsafe-file-name': [0, 'The name cannot be a file name here'],
  'file-exists': [0, 'A file is there already'],
  'download-in-progress': [0, 'Another process is downloading to the same place'],
  'disk-full': [0, 'The disk is full'],
  'cannot-write': [0, 'The file cannot be written'],
  'cannot-open-data': [0, 'The data cannot be opened'],
  interrupted: [0, 'Interrupted'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

/** Whether an answer may carry a code; the others tell of what happened on this side. */
export function crossesTheWire(code: ErrorCode): boolean {
  return ERRORS[code][0] !== 0;
}

/** A failure with a stable code. The message says what happened, to what, and what to do. */
export class CodedError extends Error {
  readonly code: ErrorCode;
  /** Further members of the problem document, for programs (RFC 9457 section 3.2). */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; facts?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CodedError';
    this.code = code;
    this.facts = options.facts ?? {};
  }
}

export const PROBLEM_TYPE = 'application/problem+json';

/** A problem document (RFC 9457) with the stable `code` that programs go by. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  [fact: string]: unknown;
}

/** The problem document of an error; anything that is not a CodedError is `internal` and says no more. */
export function problemOf(error: unknown): ProblemDocument {
  const coded =
    error instanceof CodedError && ERRORS[error.code][0] !== 0
      ? error
      : new CodedError('internal', 'Something failed here; the log has more.');
  const [status, title] = ERRORS[coded.code];
  return {
    ...coded.facts,
    type: 'about:blank',
    title,
    status,
    code: coded.code,
    detail: coded.message,
  };
}
