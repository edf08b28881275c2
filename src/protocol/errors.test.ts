// The codes that programs go by, and what of a failure a stranger is told.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodedError, isErrorCode, problemOf, type ErrorCode } from './errors.ts';

/** Every code with the status of its answer; 500 for those that never cross the wire. */
const STATUS: Record<ErrorCode, number> = {
  'bad-name': 400,
  'bad-root': 400,
  'bad-endpoint': 400,
  'bad-request': 400,
  'bad-body': 400,
  'no-key': 401,
  'bad-key': 401,
  'proof-wanted': 401,
  'bad-ticket': 401,
  'not-allowed': 403,
  removed: 403,
  'endpoint-not-yours': 403,
  'cross-origin': 403,
  'not-found': 404,
  'unknown-key': 404,
  'unknown-peer': 404,
  'method-not-allowed': 405,
  'request-timeout': 408,
  'revision-mismatch': 409,
  'precondition-failed': 412,
  'body-too-large': 413,
  'unsupported-media-type': 415,
  'range-not-satisfiable': 416,
  'peer-unreachable': 422,
  'too-many-names': 422,
  'too-many-contents': 422,
  'too-many-keys': 422,
  'tls-wanted': 426,
  'head-too-large': 431,
  internal: 500,
  'too-many-requests': 429,
  'not-ready': 503,
  busy: 503,
  'engine-unavailable': 503,
  'bad-usage': 500,
  'bad-join-link': 500,
  'wrong-certificate': 500,
  'wrong-host': 500,
  'bad-token': 500,
  'not-native': 500,
  'no-preview': 500,
  'no-file-manager': 500,
  'not-running': 500,
  'bad-share': 500,
  'port-taken': 500,
  'cannot-listen': 500,
  'registry-unreachable': 500,
  'registry-misbehaves': 500,
  'not-known': 500,
  'several-versions': 500,
  'no-source': 500,
  'unsafe-file-name': 500,
  'file-exists': 500,
  'download-in-progress': 500,
  'disk-full': 500,
  'cannot-write': 500,
  'data-in-use': 500,
  'cannot-open-data': 500,
  interrupted: 500,
};
const CODES = Object.keys(STATUS) as ErrorCode[];
const INTERNAL = problemOf(new CodedError('internal', 'Something failed here; the log has more.'));

test.each(CODES)('%s has a stable code and a valid status', (code) => {
  expect(isErrorCode(code)).toBe(true);
  const crosses = STATUS[code] !== 500;
  const problem = problemOf(new CodedError(code, 'What happened.'));
  expect(problem).toEqual(
    crosses
      ? {
          type: 'about:blank',
          title: problem.title,
          status: STATUS[code],
          code,
          detail: 'What happened.',
        }
      : code === 'internal'
        ? { ...INTERNAL, detail: 'What happened.' }
        : INTERNAL,
  );
  expect(problem.title).not.toBe('');
});

test('what happened on this side is told to the owner, and to nobody else', () => {
  const error = new CodedError('bad-share', '/home/alice/music is no folder.');
  expect(problemOf(error)).toEqual(INTERNAL);
  expect(problemOf(error, 'owner')).toMatchObject({
    ...{ status: 422, code: 'bad-share', detail: '/home/alice/music is no folder.' },
  });
  expect(problemOf(new Error('/home/alice'), 'owner')).toEqual(INTERNAL);
  expect(problemOf(new CodedError('cannot-open-data', '/home/alice'), 'owner')).toEqual(INTERNAL);
});

test.each(['', 'toString', '__proto__', 'constructor', 'hasOwnProperty', 'Bad-Name', 'bad-name '])(
  '%j is no code',
  (text) => {
    expect(isErrorCode(text)).toBe(false);
  },
);

describe('the problem document', () => {
  test('of anything that is not a coded error is the same, and says nothing of it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.string().map((message) => new Error(message)),
          fc.record({ code: fc.constantFrom(...CODES), message: fc.string(), status: fc.nat() }),
          fc.string().map((message) => Object.assign(new TypeError(message), { code: 'bad-name' })),
        ),
        (error) => {
          expect(problemOf(error)).toEqual(INTERNAL);
        },
      ),
    );
  });

  test('does not tell the cause, the stack, or what is meant for this machine alone', () => {
    const cause = new Error('/home/alice/secret: EACCES');
    const told = JSON.stringify([
      problemOf(new CodedError('not-found', 'Nothing is here.', { cause })),
      problemOf(new CodedError('cannot-open-data', '/home/alice/secret is locked.', { cause })),
      problemOf(cause),
    ]);
    expect(told).not.toMatch(/alice|EACCES|errors\.test/);
  });

  test('carries the facts, which change nothing that programs go by', () => {
    const facts = { revision: 7, type: 'x', title: 'x', status: 200, code: 'busy', detail: 'x' };
    const problem = problemOf(new CodedError('revision-mismatch', 'Behind.', { facts }));
    expect(problem).toMatchObject({
      type: 'about:blank',
      status: 409,
      code: 'revision-mismatch',
      detail: 'Behind.',
      revision: 7,
    });
    expect(problem.title).not.toBe('x');
  });
});

test('a coded error is an error with a name, a code, a message, and its cause if there is one', () => {
  const cause = new Error('deeper');
  const error = new CodedError('disk-full', 'No room.', { cause, facts: { free: 0 } });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'CodedError',
    code: 'disk-full',
    message: 'No room.',
    cause,
  });
  expect(error.facts).toEqual({ free: 0 });
  expect(new CodedError('busy', 'Later.')).not.toHaveProperty('cause');
});
