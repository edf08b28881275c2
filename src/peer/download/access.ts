// How a peer gets at others: in an open network as anybody does. What is needed in a private one is not known here.
import { connect, type OnReadOpts, type Socket } from 'node:net';
import type { Endpoint } from '../../protocol/endpoints.ts';

/** A source, and who it is. */
export interface Whereabouts {
  endpoint: Endpoint;
  /** Undefined or null: nobody has told. */
  peerId?: string | null | undefined;
}

export interface ConnectingOptions {
  onread?: OnReadOpts;
  signal?: AbortSignal;
  /** After so many milliseconds without a byte there is a `timeout`. */
  timeout?: number;
}

export interface Access {
  /**
   * A connection to a source. What is written to it at once is sent when it is known to be the one; where it is
   * not, there is an `error`. Who gives it up destroys it.
   */
  connect(source: Whereabouts, options?: ConnectingOptions): Socket;
  /**
   * What a request for a content has to have as its Authorization header (RFC 9110 section 11.6.2), there and then.
   *
   * @throws CodedError why it cannot be had
   */
  authorization(root: string | null): Promise<string | undefined>;
}

/** In an open network whoever is at an endpoint is asked, and needs nothing to be shown. */
export const OPEN_ACCESS: Access = {
  connect: ({ endpoint: { ipAddress, port } }, options) =>
    connect({ host: ipAddress, port, noDelay: true, ...options }),
  authorization: () => Promise.resolve(undefined),
};
