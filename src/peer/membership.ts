// What a peer is in its network: who it is, how it gets at others, and whom it lets get at itself. Whether the
// network is a private one is known here, and nowhere else in the peer.
import { Socket } from 'node:net';
import type { Network } from '../client/network.ts';
import { NativeRegistry } from '../client/registry-client.ts';
import type { Identity } from '../lib/identity.ts';
import type { Logger } from '../lib/log.ts';
import { credentialsOf, Sessions, tlsConnect, type Credentials } from '../lib/tls.ts';
import { endpointText } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';
import {
  OPEN_ACCESS,
  type Access,
  type ConnectingOptions,
  type Whereabouts,
} from './download/access.ts';
import type { Privacy } from './server/listener.ts';
import { TicketGate } from './server/ticket-gate.ts';
import { TicketBook } from './ticket-book.ts';

export interface Membership {
  readonly identity: Identity;
  readonly access: Access;
  /** Undefined: the network is open. */
  readonly privacy: Privacy | undefined;
}

export interface MembershipOptions {
  network: Network;
  /** Who the peer is; asked when it is needed, which is not before the peer starts. */
  identity: () => Identity;
  /** Whether the line protocol is open in a private network all the same. Default: false. */
  openExercise?: boolean | undefined;
  log: Logger;
}

export function membershipOf(options: MembershipOptions): Membership {
  return options.network.key === undefined
    ? openMembership(options)
    : new PrivateMembership(options);
}

function openMembership({ identity }: MembershipOptions): Membership {
  return {
    get identity() {
      return identity();
    },
    access: OPEN_ACCESS,
    privacy: undefined,
  };
}

class PrivateMembership implements Membership, Access {
  readonly #identity: () => Identity;
  readonly #tickets: TicketBook;
  readonly #sessions = new Sessions();
  readonly privacy: Privacy;
  #making: Promise<Credentials> | undefined;
  #credentials: Credentials | undefined;

  constructor({ network, identity, openExercise = false, log }: MembershipOptions) {
    const registry = new NativeRegistry(network);
    this.#identity = identity;
    this.#tickets = new TicketBook((root) => registry.ticketFor(root, this.identity.peerId));
    const gate = new TicketGate({ keys: () => registry.ticketKeys(), log });
    this.privacy = {
      gate,
      credentials: () => {
        // Whoever comes first is not to wait for them.
        void gate.learnKeys();
        return this.#shown();
      },
      openExercise,
    };
  }

  get identity(): Identity {
    return this.#identity();
  }

  get access(): Access {
    return this;
  }

  connect(source: Whereabouts, options: ConnectingOptions = {}): Socket {
    const { endpoint, peerId } = source;
    if (typeof peerId === 'string')
      return tlsConnect({
        ...{ endpoint, peerId, sessions: this.#sessions, credentials: this.#credentials },
        ...options,
      });
    // Nothing is said to somebody of whom nobody knows who it is.
    const why = `Who should be at ${endpointText(endpoint)}, the registry does not say.`;
    return new Socket().destroy(new CodedError('wrong-certificate', why));
  }

  async authorization(root: string | null): Promise<string | undefined> {
    // Whoever connects has to show them, and asks for this first.
    await this.#shown();
    return root === null ? undefined : `Bearer ${await this.#tickets.ticketFor(root)}`;
  }

  async #shown(): Promise<Credentials> {
    this.#making ??= credentialsOf(this.identity);
    return (this.#credentials = await this.#making);
  }
}
