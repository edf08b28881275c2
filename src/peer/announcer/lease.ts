// The lease of one peer at a registry of the native contract: its endpoint as the registry has it, and
// when to renew. When to try again after a failure is the caller's.
import type { RegisteredPeer } from '../../client/registered-peer.ts';
import type { NativeRegistry } from '../../client/registry-client.ts';
import type { Identity } from '../../lib/identity.ts';
import type { Endpoint } from '../../protocol/endpoints.ts';

/** At half of its time, as DHCP does (RFC 2131 section 4.4.5): a call that is lost is given up and made again in the other half. */
const RENEWALS_PER_LEASE = 2;
/** Whatever a registry says of its leases, it is called neither all the time nor hardly ever. */
const MIN_RENEWAL_MS = 100;
const MAX_RENEWAL_MS = 60 * 60 * 1000;
/** So much sooner a lease may be renewed, by chance: peers that began together do not stay together. */
const SOONER = 0.1;

export interface LeaseOptions {
  /** Who the peer is; where it listens it has to prove it (lib/reach-proof). */
  identity: Identity;
  /** The port that the peer listens on. */
  port: number;
  /** The address to be reached at. Default: as the registry sees this machine. */
  advertise?: string | undefined;
  displayName?: string | undefined;
}

export class Lease {
  /** What the registry is told through, in this peer's name. */
  readonly peer: RegisteredPeer;
  readonly #self: { port: number; ipAddress?: string; displayName?: string };
  #mayBeKnown = false;
  #endpoint: Endpoint | undefined;

  constructor(registry: NativeRegistry, { identity, port, advertise, displayName }: LeaseOptions) {
    this.peer = registry.as(identity);
    this.#self = {
      port,
      ...(advertise !== undefined && { ipAddress: advertise }),
      ...(displayName !== undefined && { displayName }),
    };
  }

  /** Where the registry says the peer is reached; undefined before the first renewal. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  /** Begins or renews it. @throws CodedError as `RegisteredPeer.announce` does */
  async renew(signal: AbortSignal): Promise<{ renewAfterMs: number; revision: number }> {
    // Before it is told: should the answer get lost, it is taken back all the same.
    this.#mayBeKnown = true;
    const lease = await this.peer.announce(this.#self, signal);
    this.#endpoint = lease.endpoint;
    const renewAfterMs =
      ((lease.leaseSeconds * 1000) / RENEWALS_PER_LEASE) * (1 - SOONER * Math.random());
    return {
      renewAfterMs: Math.min(Math.max(renewAfterMs, MIN_RENEWAL_MS), MAX_RENEWAL_MS),
      revision: lease.revision,
    };
  }

  /** Deregisters the peer, if the registry may know it. @throws CodedError `unknown-peer`, `registry-…` */
  async end(signal: AbortSignal): Promise<void> {
    if (this.#mayBeKnown) await this.peer.leave(signal);
  }
}
