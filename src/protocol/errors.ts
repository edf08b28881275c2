// Every way in which a request can fail, by a stable code. Made where the fact is known; turned into
// an HTTP answer by `problemOf` here, and into an exit code by cli/exit-codes.

/**
 * Code → HTTP status (0: never crosses the wire) and the title of its problem document; then the status
 * where whoever runs this peer is told, over its control interface.
 */
const ERRORS = {
  'bad-name': [400, 'Not a name'],
  'bad-root': [400, 'Not a root'],
  'bad-endpoint': [400, 'Not an endpoint'],
  'bad-request': [400, 'The request does not fit the contract'],
  'bad-body': [400, 'The body is not the JSON that was asked for'],
  'no-key': [401, 'This network is for those who have a key'],
  'bad-key': [401, 'This key is unknown, revoked or expired'],
  'proof-wanted': [401, 'A peer has to prove that it is the one'],
  'bad-ticket': [401, 'No ticket that holds here'],
  'not-allowed': [403, 'This key may not do that'],
  removed: [403, 'An administrator took this off the network'],
  'endpoint-not-yours': [403, 'This endpoint is not at your address'],
  'cross-origin': [403, 'A web page of another origin may not do this'],
  'not-found': [404, 'Nothing is here'],
  'unknown-key': [404, 'No such key'],
  'unknown-peer': [404, 'No such peer, or its lease has ended'],
  'method-not-allowed': [405, 'This method is not for this path'],
  'revision-mismatch': [409, 'The catalogue here is at another revision'],
  'precondition-failed': [412, 'The content is not the one that was meant'],
  'body-too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The body must be JSON'],
  'range-not-satisfiable': [416, 'The content ends before that range'],
  'peer-unreachable': [422, 'This peer cannot be reached where it says that it is'],
  'too-many-names': [422, 'A peer may not offer that many names'],
  'too-many-keys': [422, 'A network may not have that many keys'],
  'too-many-contents': [422, 'A peer may not hold that many contents under no name'],
  'tls-wanted': [426, 'This network is spoken to over TLS'],
  'head-too-large': [431, 'The request head is too large'],
  'request-timeout': [408, 'The request took too long to arrive'],
  internal: [500, 'The fault is on this side'],
  'too-many-requests': [429, 'Too many requests from this address'],
  'not-ready': [503, 'Not ready to serve'],
  busy: [503, 'Too much to do just now'],
  'engine-unavailable': [503, 'The database of the index does not serve just now'],

  'bad-usage': [0, 'Wrong usage'],
  'bad-join-link': [0, 'Not a join link'],
  'wrong-certificate': [0, 'Not the certificate that was named', 502],
  'wrong-host': [0, 'This is not the address of this page', 421],
  'bad-token': [0, 'The token is missing or wrong', 401],
  'not-native': [0, 'The registry knows the exercise’s contract alone', 501],
  'no-preview': [0, 'Files of this kind are not shown', 422],
  'no-file-manager': [0, 'No file manager could be started', 501],
  'not-running': [0, 'No peer runs here'],
  'bad-share': [0, 'This folder cannot be shared', 422],
  'port-taken': [0, 'The port is taken'],
  'cannot-listen': [0, 'Cannot listen there'],
  'registry-unreachable': [0, 'The registry does not answer', 502],
  'registry-misbehaves': [0, 'The registry answered something that it should not', 502],
  'not-known': [0, 'Nothing of that name or root is known', 404],
  'several-versions': [0, 'Several contents have that name'],
  'no-source': [0, 'No source could deliver it', 502],
  'unsafe-file-name': [0, 'The name cannot be a file name here', 422],
  'file-exists': [0, 'A file is there already', 409],
  'download-in-progress': [0, 'Another process is downloading to the same place', 409],
  'disk-full': [0, 'The disk is full', 507],
  'cannot-write': [0, 'The file cannot be written', 422],
  'data-in-use': [0, 'Another process has this data'],
  'cannot-open-data': [0, 'The data cannot be opened'],
  interrupted: [0, 'Interrupted'],
} as const satisfies Record<string, readonly [status: number, title: string, here?: number]>;

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

/** Who gets to read of a failure: anybody, or whoever runs this very peer. */
export type Audience = 'strangers' | 'owner';

/** The problem document of an error; one that is not for the audience is `internal` and says no more. */
export function problemOf(error: unknown, audience: Audience = 'strangers'): ProblemDocument {
  const coded =
    error instanceof CodedError && statusOf(error.code, audience) !== 0
      ? error
      : new CodedError('internal', 'Something failed here; the log has more.');
  return {
    ...coded.facts,
    type: 'about:blank',
    title: ERRORS[coded.code][1],
    status: statusOf(coded.code, audience),
    code: coded.code,
    detail: coded.message,
  };
}

/** 0: it is not told. */
function statusOf(code: ErrorCode, audience: Audience): number {
  const [status, , here = 0] = ERRORS[code] as readonly [number, string, number?];
  return audience === 'owner' && status === 0 ? here : status;
}
