// What the routes are given: the index, the clock, and the answer to "may this caller do that?".
import type { Endpoint } from '../protocol/endpoints.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpApp } from '../lib/http/app.ts';
import type { Logger } from '../lib/log.ts';
import type { Access } from './access/access.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { DialBack } from './dial-back.ts';
import type { Called } from './callers.ts';
import type { Proofs } from './proofs.ts';
import type { QuickAnswers } from './quick-answers.ts';
import type { Store } from './store/store.ts';

export interface RegistryContext {
  store: Store;
  log: Logger;
  clock: Clock;
  /** How long a native peer is believed without hearing from it. */
  leaseSeconds: number;
  /** @throws CodedError `endpoint-not-yours` */
  requireOwn: (request: Called, endpoint: Endpoint) => void;
  /** Before a route on peer `:peerId`: only who has its key passes. See proofs.ts. */
  requirePeer: Proofs['require'];
  /** Undefined: peers are listed without being dialled. */
  dialBack: DialBack | undefined;
  /** Where an endpoint that was registered is kept: one on loopback under the machine's address, if that is known. */
  asKept: (endpoint: Endpoint) => Endpoint;
  /** Has an endpoint looked at that somebody could not reach; resolves before that is done. */
  unreachable: (endpoint: Endpoint) => Promise<void>;
  changes: ChangeFeed;
  /** Look-ups are told there, too, to be answered without the framework. */
  quick: Pick<QuickAnswers, 'add'>;
  /** Of a private network; undefined: the network is open. */
  access: Access | undefined;
}

export type RegistryServer = HttpApp;
