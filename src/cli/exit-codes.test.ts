// Which failure ends the program with which code: scripts go by these.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CodedError, type ErrorCode } from '../protocol/errors.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';

test('the codes are those of the manual', () => {
  expect(EXIT).toEqual({
    done: 0,
    failed: 1,
    usage: 2,
    notKnown: 3,
    noSource: 4,
    interrupted: 130,
  });
});

const codes: [ErrorCode, number][] = [
  ['bad-usage', 2],
  ['bad-name', 2],
  ['not-known', 3],
  ['no-source', 4],
  ['interrupted', 130],
  ['internal', 1],
  ['registry-unreachable', 1],
  ['registry-misbehaves', 1],
  ['port-taken', 1],
  ['bad-share', 1],
  ['unsafe-file-name', 1],
  ['file-exists', 1],
  ['disk-full', 1],
  ['cannot-write', 1],
  ['download-in-progress', 1],
  ['not-found', 1],
  ['busy', 1],
  ['not-running', 1],
  ['data-in-use', 1],
];

test.each(codes)('%s ends with %d', (code, exit) => {
  expect(exitCodeOf(new CodedError(code, 'What happened.'))).toBe(exit);
});

test('anything else that is thrown is a failure, never a success', () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.record({ code: fc.constant('not-known') })), (error) => {
      expect(exitCodeOf(error)).toBe(1);
    }),
  );
});
