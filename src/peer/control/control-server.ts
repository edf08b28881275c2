// The control interface put together: the token, the app, and where it listens, which is this machine alone.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { HttpApp } from '../../lib/http/app.ts';
import type { Startable } from '../../lib/lifecycle.ts';
import { DEFAULT_CONTROL_PORT } from '../../protocol/control.ts';
import { CodedError } from '../../protocol/errors.ts';
import { createControlApp, type ControlAppOptions } from './control-app.ts';
import { forgetRunning, linkTo, noteRunning } from './running.ts';
import { ownToken } from './token.ts';

/** What is answered when it stops has so long to end. */
const LAST_ANSWERS_MS = 1_000;
/** A free port of IPv4 may be taken on IPv6: so often another one is tried. */
const MAX_TRIES = 10;

export interface ControlServerOptions extends Omit<ControlAppOptions, 'token'> {
  /** Where the token is kept, and where it says that it runs. */
  folder: string;
  /** Default: 7772; 0 takes a free one. */
  port?: number | undefined;
  /** Default: false. Where the port is taken, a free one is. */
  mayMove?: boolean | undefined;
}

export class ControlServer implements Startable {
  readonly #options: ControlServerOptions;
  #app: HttpApp | undefined;
  #ipv6: Server | undefined;
  #token = '';
  #stopping: Promise<void> | undefined;

  constructor(options: ControlServerOptions) {
    this.#options = options;
  }

  /** @throws CodedError `port-taken`, `cannot-listen`, `cannot-open-data` */
  async start(): Promise<void> {
    const { folder, port = DEFAULT_CONTROL_PORT, mayMove = false } = this.#options;
    this.#token = await ownToken(folder);
    try {
      await this.#listen(port);
    } catch (error) {
      const isTaken = error instanceof CodedError && error.code === 'port-taken';
      if (!(isTaken && mayMove && port !== 0)) throw error;
      await this.#listen(0);
    }
    try {
      await noteRunning(folder, this.port);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      const app = this.#app;
      if (!app) return;
      await forgetRunning(this.#options.folder, this.port);
      await this.#close(app);
    })();
    return this.#stopping;
  }

  /** The port it listens on, once started. */
  get port(): number {
    return (this.#app?.server.address() as AddressInfo).port;
  }

  /** Where the page is, without what it takes to use it. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Where the page is, with the token in the fragment, which no browser sends anywhere. */
  get link(): string {
    return linkTo(this.port, this.#token);
  }

  /** On both loopback addresses: else another user of this machine could be `localhost` in one of them. */
  async #listen(port: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      const app = createControlApp({ ...this.#options, token: this.#token });
      const ipv6 = createServer((socket: Socket) => app.server.emit('connection', socket));
      ipv6.maxConnections = app.server.maxConnections;
      this.#app = app;
      this.#ipv6 = ipv6;
      try {
        await app.listen({ host: '127.0.0.1', port });
        await listenOn(ipv6, '::1', this.port);
        return;
      } catch (error) {
        await this.#close(app);
        this.#app = undefined;
        const code = (error as NodeJS.ErrnoException).code ?? '';
        if (code === 'EADDRINUSE' && port === 0 && tries < MAX_TRIES) continue;
        throw code === 'EADDRINUSE'
          ? new CodedError(
              'port-taken',
              `Port ${port} is taken; --page-port 0 takes a free one, --no-page does without.`,
            )
          : new CodedError('cannot-listen', `Cannot listen on 127.0.0.1 port ${port}: ${code}.`, {
              cause: error,
            });
      }
    }
  }

  async #close(app: HttpApp): Promise<void> {
    const late = setTimeout(() => {
      app.server.closeAllConnections();
    }, LAST_ANSWERS_MS);
    this.#ipv6?.close();
    await app.close();
    clearTimeout(late);
  }
}

/** A machine without IPv6 has no such address, and needs none. */
async function listenOn(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  // Once it listens, an error is a connection that could not be accepted, and changes nothing.
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(undefined);
    else reject(error);
  });
  server.listen({ host, port, ipv6Only: true }, () => {
    resolve(undefined);
  });
  await promise;
}
