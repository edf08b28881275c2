// The contract of what the index keeps about access: keys and secrets of a private network, and who did
// what. Part of every engine (see store.ts); what a key may do is said elsewhere.
import type { AuditEntry, Key } from '../../protocol/access.ts';
import { CodedError } from '../../protocol/errors.ts';

/** So many keys has a network at most: all of them are in one answer. */
export const MAX_KEYS = 10_000;
/** So many entries of the audit trail are kept at least, the latest. */
export const KEPT_AUDIT_ENTRIES = 100_000;

/** A key as it is kept: not itself, only its SHA-256. */
export interface KeptKey extends Key {
  digest: Uint8Array;
}

/** What signs tickets: an Ed25519 private key. */
export interface TicketKey {
  kid: string;
  /** PKCS #8. */
  pem: string;
  /** Milliseconds since 1970. */
  created: number;
}

export interface AccessStore {
  /** What was kept first under a name, or else this, from now on: the same for every registry. */
  keep(name: string, value: Uint8Array): Promise<Buffer>;
  /** What is kept under a name. */
  kept(name: string): Promise<Buffer | undefined>;

  /** Those of the keys that are known. */
  keysOf(ids: string[]): Promise<KeptKey[]>;
  /** All keys, the latest first. */
  keys(): Promise<Key[]>;
  /** @throws CodedError `too-many-keys` */
  addKey(key: KeptKey): Promise<void>;
  /** Adds a key unless an administrator has one at `now`; of several that do so at once one adds. */
  addFirstAdmin(key: KeptKey, now: number): Promise<boolean>;
  /**
   * Forgets a key, and in the same moment the peers that came with it. False: it was not there.
   * @throws CodedError `not-allowed` for the last key of an administrator
   */
  revokeKey(id: string, now: number): Promise<boolean>;

  /** The latest first. */
  ticketKeys(): Promise<TicketKey[]>;
  /** Adds one, and forgets those that were made before `forgetBefore`. */
  addTicketKey(key: TicketKey, forgetBefore: number): Promise<void>;

  /** Adds to the audit trail, and forgets the oldest entries beyond `most`. */
  record(entries: Omit<AuditEntry, 'id'>[], most?: number): Promise<void>;
  /** The latest first: those before the entry `after`, if that is given. */
  audit(after: number | undefined, limit: number): Promise<AuditEntry[]>;
}

export function lastAdmin(): CodedError {
  return new CodedError(
    'not-allowed',
    'This is the last key of an administrator: make another one first.',
  );
}

export function tooManyKeys(): CodedError {
  return new CodedError('too-many-keys', `A network has at most ${MAX_KEYS} keys: revoke some.`);
}

export function revoked(): CodedError {
  return new CodedError('bad-key', 'This key has been revoked.');
}
