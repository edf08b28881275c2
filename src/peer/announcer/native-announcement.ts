// Telling a registry of the native contract: one lease for all files, changes in bulk, each counted by
// a revision, so that what got lost on the way is noticed.
import type { NativeRegistry } from '../../client/registry-client.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';
import type { CatalogueEntry } from '../../protocol/schemas.ts';
import type { Announcement, Offered } from './announcement.ts';
import { Lease, type LeaseOptions } from './lease.ts';

/** Entries in one change: a registry does nothing else while it takes them, some 10 ms for a hundred. */
const MAX_ENTRIES_PER_CHANGE = 1_000;
/** Bytes of names in one change: well below the registry's limit, whatever JSON makes of them. */
const MAX_NAME_BYTES_PER_CHANGE = 512 * 1024;

interface Batch {
  offered: CatalogueEntry[];
  withdrawn: string[];
}

export class NativeAnnouncement implements Announcement {
  readonly #lease: Lease;
  /** The revision of what was told; undefined: nothing was. */
  #revision: number | undefined;

  constructor(registry: NativeRegistry, self: LeaseOptions) {
    this.#lease = new Lease(registry, self);
  }

  get endpoint(): Endpoint | undefined {
    return this.#lease.endpoint;
  }

  async renew(signal: AbortSignal): Promise<{ renewAfterMs: number; isForgotten: boolean }> {
    const { renewAfterMs, revision } = await this.#lease.renew(signal);
    return { renewAfterMs, isForgotten: revision !== this.#revision };
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

  hold(root: string, isWhole: boolean, signal: AbortSignal): Promise<void> {
    return this.#lease.peer.holdContent(root, isWhole, signal);
  }

  letGo(root: string, signal: AbortSignal): Promise<void> {
    return this.#lease.peer.letContentGo(root, signal);
  }

  async withdraw(signal: AbortSignal): Promise<void> {
    await this.#lease.end(signal);
  }

  async #send(batch: Batch, reset: boolean, signal: AbortSignal): Promise<void> {
    const change = { revision: this.#revision ?? 0, ...(reset && { reset }), ...batch };
    this.#revision = await this.#lease.peer.changeCatalogue(change, signal);
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
    if (entries >= MAX_ENTRIES_PER_CHANGE || nameBytes >= MAX_NAME_BYTES_PER_CHANGE) {
      yield batch;
      batch = { offered: [], withdrawn: [] };
      nameBytes = 0;
    }
  }
  if (batch.offered.length + batch.withdrawn.length > 0) yield batch;
}
