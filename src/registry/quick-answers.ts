// What is asked most of all, answered before the framework: a whole name is looked up where nothing else is to be
// said about it. Whatever is in doubt goes the framework's way, which answers the same, or says what is wrong.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Key } from '../protocol/access.ts';
import { parseNamePath } from '../protocol/names.ts';
import { callerOf, type Caller } from './callers.ts';
import { headersOfAll, requestIdOf } from './requests.ts';
import type { Answer } from './store/store.ts';

/** What can stand for a name in a path, and begins nothing else: RFC 3986 section 3.3. */
const PLAIN_PATH = /^[\w!$%&'()*+,./:;=@~-]+$/;

/** What becomes of a look-up: JSON. */
type LookUp = (name: string, caller: Caller) => Answer<unknown>;

/** So many are answered together at most: their answers are in memory all at once. */
const MAX_TOGETHER = 64;

/** A look-up that was answered. */
export interface LookedUp {
  route: string;
  name: string;
  caller: Caller;
  /** With which it came; undefined in an open network. */
  key: Key | undefined;
  /** From its head to its answer. */
  ms: number;
}

interface Gates {
  /** Whether a request of this address may be answered now, as far as the registry and the others go. */
  admits: (address: string) => boolean;
  /** Told of a request whose answer the index takes its time for. */
  onWaiting: (request: IncomingMessage) => void;
  /** Told of such a one when it has its answer, or nobody waits for one any more. */
  onEnd: (request: IncomingMessage) => void;
  /** In a private network: with which key a request came; undefined where it is not to be answered so. */
  keyOf?: ((request: IncomingMessage) => Promise<Key | undefined>) | undefined;
  /** Told of each that was answered. */
  onAnswered: (lookedUp: LookedUp) => void;
}

interface Route {
  prefix: string;
  path: string;
  lookUp: LookUp;
}

interface Taken {
  request: IncomingMessage;
  response: ServerResponse;
  route: Route;
  name: string;
  caller: Caller;
  key: Key | undefined;
  otherwise: () => void;
  begun: number;
}

export class QuickAnswers {
  readonly #routes: Route[] = [];
  readonly #gates: Gates;
  #taken: Taken[] = [];

  constructor(gates: Gates) {
    this.#gates = gates;
  }

  /** @param prefix of the path, before the name: `/api/v1/names/`, whose route is `/api/v1/names/*` */
  add(prefix: string, lookUp: LookUp): void {
    this.#routes.push({ prefix, path: `${prefix}*`, lookUp });
  }

  /**
   * Whether a request is answered here, with all others that have come by then.
   *
   * @param otherwise answers it where that fails
   */
  take(request: IncomingMessage, response: ServerResponse, otherwise: () => void): boolean {
    const begun = performance.now();
    const { url = '', socket } = request;
    if (request.method !== 'GET') return false;
    const route = this.#routes.find(({ prefix }) => url.startsWith(prefix));
    if (!route || socket.remoteAddress === undefined) return false;
    // One at a time of a connection, of which all is read: who sends ahead, or does not read, is bounded there.
    if (response.socket === null || socket.writableLength > 0) return false;
    const name = nameIn(url, route.prefix);
    if (name === undefined) return false;
    const caller = callerOf({ raw: request, ip: socket.remoteAddress });
    if (!this.#gates.admits(caller.address)) return false;
    const taken = { request, response, route, name, caller, key: undefined, otherwise, begun };
    if (this.#taken.push(taken) === 1)
      setImmediate(() => {
        this.#answer();
      });
    return true;
  }

  #answer(): void {
    const all = this.#taken;
    this.#taken = [];
    const { keyOf } = this.#gates;
    for (let at = 0; at < all.length; at += MAX_TOGETHER) {
      const some = all.slice(at, at + MAX_TOGETHER);
      if (keyOf) void this.#answerHolders(some, keyOf);
      else this.#answerTogether(some);
    }
  }

  async #answerHolders(
    some: Taken[],
    keyOf: (request: IncomingMessage) => Promise<Key | undefined>,
  ): Promise<void> {
    const keys = await Promise.all(
      some.map(({ request }) => keyOf(request).catch(() => undefined)),
    );
    const admitted = some.filter((taken, index) => {
      taken.key = keys[index];
      if (!taken.key) taken.otherwise();
      return taken.key !== undefined;
    });
    this.#answerTogether(admitted);
  }

  /**
   * All are looked up, and then all are answered: what a step runs through is in the processor's caches for the
   * next one, which takes half of the time that each would take from its beginning to its end.
   */
  #answerTogether(some: Taken[]): void {
    const bodies = some.map((taken) => this.#bodyFor(taken));
    for (const [index, taken] of some.entries()) {
      const body = bodies[index];
      if (body === undefined) taken.otherwise();
      else if (typeof body === 'string') this.#send(taken, body);
      else this.#sendLater(taken, body);
    }
  }

  /** Undefined: it cannot be told. */
  #bodyFor({ route, name, caller }: Taken): Answer<string> | undefined {
    try {
      const answer = route.lookUp(name, caller);
      return answer instanceof Promise
        ? answer.then((value) => JSON.stringify(value))
        : JSON.stringify(answer);
    } catch {
      return undefined;
    }
  }

  #sendLater(taken: Taken, body: Promise<string>): void {
    const { request, response, otherwise } = taken;
    this.#gates.onWaiting(request);
    response.on('close', () => {
      this.#gates.onEnd(request);
    });
    body.then((text) => {
      this.#send(taken, text);
    }, otherwise);
  }

  #send({ request, response, route, name, caller, key, begun }: Taken, body: string): void {
    response.writeHead(200, [
      ...headersOfAll(requestIdOf(request)),
      ...['content-type', 'application/json; charset=utf-8'],
      ...['content-length', String(Buffer.byteLength(body))],
    ]);
    response.end(body);
    this.#gates.onAnswered({ route: route.path, name, caller, key, ms: performance.now() - begun });
  }
}

function nameIn(url: string, prefix: string): string | undefined {
  if (!PLAIN_PATH.test(url)) return undefined;
  try {
    return parseNamePath(url.slice(prefix.length));
  } catch {
    return undefined;
  }
}
