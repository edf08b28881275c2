// What becomes of a download that fails: most of what goes wrong goes right again by itself.
import { CodedError, type ErrorCode } from '../../protocol/errors.ts';

/** Somebody is away: it waits for them. */
const WAITS_AFTER: ReadonlySet<string> = new Set<ErrorCode>([
  ...(['registry-unreachable', 'registry-misbehaves', 'no-source', 'not-known'] as const),
  ...(['busy', 'engine-unavailable', 'too-many-requests', 'not-ready'] as const),
]);
/** Something is to be put right on this machine; whether it was is looked at from time to time. */
const FAILS_FOR_NOW_AFTER: ReadonlySet<string> = new Set<ErrorCode>([
  ...(['cannot-write', 'disk-full', 'download-in-progress', 'file-exists'] as const),
]);

export interface Fault {
  code: string;
  message: string;
}

/** What went wrong, for programs and for people. */
export function faultOf(error: unknown): Fault {
  if (error instanceof CodedError) return { code: error.code, message: error.message };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

export function stateAfter({ code }: Fault): 'waiting' | 'failed' {
  return WAITS_AFTER.has(code) ? 'waiting' : 'failed';
}

/** Whether it is tried again by itself. */
export function isTriedAgain({ code }: Fault): boolean {
  return WAITS_AFTER.has(code) || FAILS_FOR_NOW_AFTER.has(code);
}

/** Whether it may go right as soon as the registry is there. */
export function isRegistryAway({ code }: Fault): boolean {
  return code.startsWith('registry-') || code === 'engine-unavailable';
}
