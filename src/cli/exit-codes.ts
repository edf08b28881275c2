// The one place where a failure becomes an exit code.
import { CodedError, type ErrorCode } from '../protocol/errors.ts';

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notKnown: 3,
  noSource: 4,
  interrupted: 130,
} as const;

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  'bad-usage': EXIT.usage,
  'bad-name': EXIT.usage,
  'bad-root': EXIT.usage,
  'bad-join-link': EXIT.usage,
  'several-versions': EXIT.usage,
  'not-known': EXIT.notKnown,
  'no-source': EXIT.noSource,
  interrupted: EXIT.interrupted,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof CodedError ? (BY_CODE[error.code] ?? EXIT.failed) : EXIT.failed;
}
