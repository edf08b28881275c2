// Telling a registry of the native contract: one lease for all files, changes in bulk, each counted by
// a revision, so that what got lost on the way is noticed.
import { randomBytes } from 'node:crypto';
import type { NativeRegistry } from '../../client/registry-client.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import { MAX_CHANGE_ENTRIES, type CatalogueEntry } from '../../protocol/schemas.ts';
import type { Announcement, Offered } from './announcement.ts';

/** Bytes of names in one change: well below the registry's limit, whatever JSON makes of them. */
const MAX_NAME_BYTES_PER_CHANGE = 512 * 1024;
/** A lease is renewed so often within its time that one lost call does no harm. */
const RENEWALS_PER_LEASE = 3;

interface Batch {
  offered: CatalogueEntry[];
  withdrawn: string[];
}

export class NativeAnnouncement implements Announcement {
  readonly #registry: NativeRegistry;
  readonly #self: { port: number; ipAddress?: string; displayName?: string };
  #peerId = newPeerId();
  /** The revision of what was told; undefined: nothing was, under this id. */
  #revision: number | undefined;
  endpoint: Endpoint | undefined;

  constructor(
    registry: NativeRegistry,
    self: { port: number; advertise?: string | undefined; displayName?: string | undefined },
  ) {
    this.#registry = registry;
    this.#self = {
      port: self.port,
      ...(self.advertise !== undefined && { ipAddress: self.advertise }),
      ...(self.displayName !== undefined && { displayName: self.displayName }),
    };
  }

  async renew(signal: AbortSignal): Promise<{ renewAfterMs: number; isForgotten: boolean }> {
    try {
      const lease = await this.#registry.announce(this.#peerId, this.#self, signal);
      this.endpoint = lease.endpoint;
      return {
        renewAfterMs: (lease.leaseSeconds * 1000) / RENEWALS_PER_LEASE,
        isForgotten: lease.revision !== this.#revision,
      };
    } catch (error) {
      // The machine has moved to another address, where its former lease is not its own: a new one.
      if (error instanceof CodedError && error.code === 'endpoint-not-yours') {
        this.#peerId = newPeerId();
        this.#revision = undefined;
      }
      throw error;
    }
  }

  async tellAll(offered: Offered, signal: AbortSignal): Promise<void> {
    let reset = true;
    for (const batch of batches(offered.names, offered)) {
      await this.#send(batch, reset, signal);
      reset = false;
    }
    if (reset) await this.#send({ offered: [], withdrawn: [] }, true, signal);
  }

  async tell(names: Iterable<string>, offered: Offered, signal: AbortSignal): Promise<void> {
    for (const batch of batches(names, offered)) await this.#send(batch, false, signal);
  }

  async withdraw(signal: AbortSignal): Promise<void> {
    await this.#registry.removePeer(this.#peerId, signal);
  }

  async #send(batch: Batch, reset: boolean, signal: AbortSignal): Promise<void> {
    const change = { revision: this.#revision ?? 0, ...(reset && { reset }), ...batch };
    this.#revision = await this.#registry.changeCatalogue(this.#peerId, change, signal);
  }
}

function* batches(names: Iterable<string>, offered: Offered): Generator<Batch> {
  let batch: Batch = { offered: [], withdrawn: [] };
  let nameBytes = 0;
  for (const name of names) {
    const entry = offered.entry(name);
    if (entry) batch.offered.push(entry);
    else batch.withdrawn.push(name);
    nameBytes += Buffer.byteLength(name);
    const entries = batch.offered.length + batch.withdrawn.length;
    if (entries >= MAX_CHANGE_ENTRIES || nameBytes >= MAX_NAME_BYTES_PER_CHANGE) {
      yield batch;
      batch = { offered: [], withdrawn: [] };
      nameBytes = 0;
    }
  }
  if (batch.offered.length + batch.withdrawn.length > 0) yield batch;
}

function newPeerId(): string {
  return randomBytes(16).toString('hex');
}
