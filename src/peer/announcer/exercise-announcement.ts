// Telling a registry that knows the exercise's contract alone: a name at a time. It has no leases, so
// now and then one of the names is looked up, to see whether the registry still has them.
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { ExerciseRegistry } from '../../client/registry-client.ts';
import { forEachOf } from '../../lib/concurrency.ts';
import type { Logger } from '../../lib/log.ts';
import { isLoopback, parseAddress, type Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import type { Announcement, Offered } from './announcement.ts';

const CALLS_AT_ONCE = 16;
const LOOK_EVERY_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;

export class ExerciseAnnouncement implements Announcement {
  readonly #registry: ExerciseRegistry;
  readonly #url: URL;
  readonly #port: number;
  readonly #advertise: string | undefined;
  readonly #lookEveryMs: number;
  readonly #log: Logger;
  /** What the registry was told, or may have been told; also what has to be taken back. */
  readonly #told = new Set<string>();
  endpoint: Endpoint | undefined;

  constructor(
    registry: ExerciseRegistry,
    options: {
      url: URL;
      port: number;
      advertise?: string | undefined;
      lookEveryMs?: number | undefined;
      log: Logger;
    },
  ) {
    this.#registry = registry;
    this.#url = options.url;
    this.#port = options.port;
    this.#advertise = options.advertise;
    this.#lookEveryMs = options.lookEveryMs ?? LOOK_EVERY_MS;
    this.#log = options.log;
  }

  async renew(signal: AbortSignal): Promise<{ renewAfterMs: number; isForgotten: boolean }> {
    if (!this.endpoint) {
      const ipAddress = this.#advertise ?? (await ownAddressTowards(this.#url));
      this.endpoint = { ipAddress, port: this.#port };
    }
    const { ipAddress, port } = this.endpoint;
    const [sample] = this.#told;
    const sources = sample === undefined ? [] : await this.#registry.sourcesOf(sample, signal);
    return {
      renewAfterMs: this.#lookEveryMs,
      isForgotten:
        sample !== undefined &&
        !sources.some(({ endpoint: e }) => e.ipAddress === ipAddress && e.port === port),
    };
  }

  async tellAll(offered: Offered, signal: AbortSignal): Promise<void> {
    await this.tell(new Set([...this.#told, ...offered.names]), offered, signal);
  }

  async tell(names: Iterable<string>, offered: Offered, signal: AbortSignal): Promise<void> {
    const endpoint = this.#ownEndpoint();
    const refused: { name: string; error: CodedError }[] = [];
    await forEachOf(names, CALLS_AT_ONCE, async (name) => {
      try {
        if (offered.entry(name)) {
          // Before it is told: should the answer get lost, it is taken back all the same.
          this.#told.add(name);
          await this.#registry.register(name, endpoint, signal);
        } else if (this.#told.has(name)) {
          await this.#registry.deregister(name, endpoint, signal);
          this.#told.delete(name);
        }
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.#told.delete(name);
        refused.push({ name, error });
      }
    });
    const [first] = refused;
    if (!first) return;
    // Some registries have no room for some names: the others are registered all the same.
    if (this.#told.size === 0) throw first.error;
    this.#log.warn(
      { refused: refused.length, first: first.name },
      `names were refused: ${first.error.message}`,
    );
  }

  /** The exercise knows names alone. */
  hold(): Promise<void> {
    return Promise.resolve();
  }

  letGo(): Promise<void> {
    return Promise.resolve();
  }

  async withdraw(signal: AbortSignal): Promise<void> {
    await this.tell([...this.#told], { entry: () => undefined, names: [] }, signal);
  }

  #ownEndpoint(): Endpoint {
    if (!this.endpoint) throw new CodedError('internal', 'Told something before it was renewed.');
    return this.endpoint;
  }
}

/** "Request Timeout" and "Too Many Requests": the same call may succeed later. */
const NOT_NOW = [408, 429];

/** Whether the registry is there and refused one call, for a slash in a name perhaps. */
function isRefusal(error: unknown): error is CodedError {
  if (!(error instanceof CodedError)) return false;
  const { status } = error.facts;
  return typeof status === 'number' && status >= 400 && status < 500 && !NOT_NOW.includes(status);
}

/**
 * The address of this machine that others can use: the one from which the registry is reached. Where
 * that is loopback, because the registry is on this machine too, the first address of the network.
 */
async function ownAddressTowards(url: URL): Promise<string> {
  const address = await new Promise<string>((resolve, reject) => {
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    const fail = (error?: Error) => {
      socket.destroy();
      reject(
        new CodedError('registry-unreachable', `No registry answers at ${url.origin}.`, {
          cause: error,
        }),
      );
    };
    socket
      .once('error', fail)
      .once('timeout', fail)
      .once('connect', () => {
        resolve(parseAddress(socket.localAddress ?? ''));
        socket.destroy();
      });
  });
  if (!isLoopback(address)) return address;
  const others = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const outward = others.find(({ internal, family }) => !internal && family === 'IPv4');
  return outward?.address ?? address;
}
