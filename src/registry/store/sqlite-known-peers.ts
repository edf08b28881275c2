// The peers of the SQLite engine in memory: where each is, and until when it is believed. Look-ups ask here
// instead of joining, and a renewal is noted here and written with many others. What is known was read from the
// file when it was asked for, and is forgotten when its row changes.
import { Repeating } from '../../lib/lifecycle.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';
import type { Contract } from '../../protocol/schemas.ts';
import type { SqliteFile } from './sqlite-file.ts';
import type { NativePeer } from './store.ts';

/** So much of what was acknowledged is lost when the process is killed: a lease then ends earlier by this. */
const WRITE_EVERY_MS = 1_000;
/** Some 500 bytes each. */
const MAX_KNOWN = 100_000;

const KNOWN = `SELECT id, peer_id, contract, ip_address, port, display_name, revision, expires_at, is_gone,
  key FROM peers WHERE`;
const BY_ID = `${KNOWN} id = ?`;
const BY_PEER_ID = `${KNOWN} peer_id = ?`;

interface KnownPeer {
  id: number;
  peerId: string | null;
  contract: Contract;
  endpoint: Endpoint;
  /** The endpoint as one text. */
  key: string;
  displayName: string | null;
  /** The id of the key that it came with; null in an open network. */
  accessKey: string | null;
  revision: number;
  /** Null: no lease, the registry probes. */
  expiresAt: number | null;
  /** It has been told that its lease has ended. */
  isGone: boolean;
}

export class KnownPeers {
  readonly #file: SqliteFile;
  readonly #byId = new Map<number, KnownPeer>();
  readonly #byPeerId = new Map<string, KnownPeer>();
  /** Whose lease is another one in the file. */
  readonly #renewed = new Set<KnownPeer>();
  readonly #writing: Repeating;

  constructor(file: SqliteFile, onError: (error: unknown) => void) {
    this.#file = file;
    this.#writing = new Repeating({
      work: () => {
        this.write();
        return Promise.resolve();
      },
      pauseMs: WRITE_EVERY_MS,
      pauseFirst: true,
      onError,
    });
  }

  /** Once the file is open. */
  start(): Promise<void> {
    this.#file.onOld(
      'peers',
      ['ip_address', 'port', 'display_name', 'revision', 'is_gone', 'key'],
      ['old.id'],
      (id) => {
        this.#forget(id as number);
      },
    );
    return this.#writing.start();
  }

  /** While the file is still open. */
  async stop(): Promise<void> {
    await this.#writing.stop();
    if (this.#file.isOpen) this.write();
    this.#byId.clear();
    this.#byPeerId.clear();
  }

  /** The peer of an id of the file, while it is believed. */
  live(id: number, now: number): KnownPeer | undefined {
    const peer = this.#byId.get(id) ?? this.#read(BY_ID, id);
    return peer && (peer.expiresAt === null || peer.expiresAt > now) ? peer : undefined;
  }

  /** Renews a lease that runs, of a peer that tells nothing new; answers the revision. */
  renew({ peerId, endpoint, displayName, key }: NativePeer, now: number, expiresAt: number) {
    const peer = this.#byPeerId.get(peerId) ?? this.#read(BY_PEER_ID, peerId);
    if (!peer || peer.isGone || peer.expiresAt === null || peer.expiresAt <= now) return undefined;
    const { ipAddress, port } = peer.endpoint;
    if (ipAddress !== endpoint.ipAddress || port !== endpoint.port) return undefined;
    if (peer.displayName !== (displayName ?? null)) return undefined;
    if (peer.accessKey !== (key ?? null)) return undefined;
    peer.expiresAt = expiresAt;
    this.#renewed.add(peer);
    return peer.revision;
  }

  /** Writes what was renewed. Before whatever else asks the file about leases, or changes them. */
  write(): void {
    if (this.#renewed.size === 0) return;
    this.#file.transaction(() => {
      for (const { id, expiresAt } of this.#renewed)
        this.#file.insert('UPDATE peers SET expires_at = ? WHERE id = ?', expiresAt, id);
    });
    this.#renewed.clear();
  }

  #read(sql: string, key: number | string): KnownPeer | undefined {
    const [row] = this.#file.lists(sql, key);
    if (!row) return undefined;
    if (this.#byId.size >= MAX_KNOWN) this.#forgetAll();
    const [
      id,
      peerId,
      contract,
      ipAddress,
      port,
      displayName,
      revision,
      expiresAt,
      isGone,
      accessKey,
    ] = row as [
      ...[number, string | null, Contract, string, number],
      ...[string | null, number, number | null, number, string | null],
    ];
    const peer: KnownPeer = {
      ...{
        id,
        peerId,
        contract,
        endpoint: { ipAddress, port },
        key: `${ipAddress} ${port}`,
        displayName,
        accessKey,
      },
      ...{ revision, expiresAt, isGone: isGone === 1 },
    };
    this.#byId.set(id, peer);
    if (peerId !== null) this.#byPeerId.set(peerId, peer);
    return peer;
  }

  #forget(id: number): void {
    const peer = this.#byId.get(id);
    if (!peer) return;
    this.#byId.delete(id);
    if (peer.peerId !== null) this.#byPeerId.delete(peer.peerId);
  }

  #forgetAll(): void {
    this.write();
    this.#byId.clear();
    this.#byPeerId.clear();
  }
}
