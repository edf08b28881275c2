// What both engines say where something was taken off the network, or was not there.
import type { RemovalKind } from '../../protocol/access.ts';
import { CodedError } from '../../protocol/errors.ts';

const WHAT: Record<RemovalKind, string> = {
  name: 'This name was',
  content: 'This content was',
  peer: 'This peer was',
};

export function removedError(kind: RemovalKind): CodedError {
  return new CodedError('removed', `${WHAT[kind]} taken off the network by an administrator.`);
}

export function undefinedIfUnknown(error: unknown): undefined {
  if (error instanceof CodedError && error.code === 'unknown-peer') return undefined;
  throw error;
}
