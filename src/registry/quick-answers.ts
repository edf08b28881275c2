// What is asked most of all, answered before the framework: a whole name is looked up where nothing else is to be
// said about it. Whatever is in doubt goes the framework's way, which answers the same, or says what is wrong.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
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
  /** Looks up several at once. */
  together: <T>(lookUp: () => T) => T;
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

/** A request that has come. */
interface Asked {
  request: IncomingMessage;
  response: ServerResponse;
  route: Route;
  otherwise: () => void;
  begun: number;
}

/** One that is answered here. */
interface Taken extends Asked {
  name: string;
  caller: Caller;
  key: Key | undefined;
}

export class QuickAnswers {
  readonly #routes: Route[] = [];
  readonly #gates: Gates;
  #asked: Asked[] = [];
  /** Connections over which a request of those that were taken waits for its answer. */
  readonly #waiting = new WeakSet<Socket>();

  constructor(gates: Gates) {
    this.#gates = gates;
  }

  /** @param prefix of the path, before the name: `/api/v1/names/`, whose route is `/api/v1/names/*` */
  add(prefix: string, lookUp: LookUp): void {
    this.#routes.push({ prefix, path: `${prefix}*`, lookUp });
  }

  /**
   * Whether a request is looked at here, with all others that have come by then.
   *
   * @param otherwise answers it where it is not to be answered so, or that fails
   */
  take(request: IncomingMessage, response: ServerResponse, otherwise: () => void): boolean {
    const { method, url = '', socket } = request;
    if (method !== 'GET') return false;
    const route = this.#routes.find(({ prefix }) => url.startsWith(prefix));
    // One at a time of a connection that is read from: who sends ahead, or does not read, is bounded there.
    if (!route || this.#waiting.has(socket) || socket.writableNeedDrain) return false;
    this.#waiting.add(socket);
    const leave = () => {
      this.#waiting.delete(socket);
      otherwise();
    };
    const asked = { request, response, route, otherwise: leave, begun: performance.now() };
    if (this.#asked.push(asked) === 1)
      setImmediate(() => {
        this.#answer();
      });
    return true;
  }

  #answer(): void {
    const all = this.#asked;
    this.#asked = [];
    const { keyOf } = this.#gates;
    for (let at = 0; at < all.length; at += MAX_TOGETHER) {
      const some = this.#understood(all.slice(at, at + MAX_TOGETHER));
      if (keyOf) void this.#answerHolders(some, keyOf);
      else this.#answerTogether(some);
    }
  }

  #understood(some: Asked[]): Taken[] {
    const understood: Taken[] = [];
    for (const asked of some) {
      const { request, route, otherwise } = asked;
      const name = nameIn(request.url ?? '', route.prefix);
      const caller = callerIn(request);
      if (name !== undefined && caller) understood.push({ ...asked, name, caller, key: undefined });
      else otherwise();
    }
    return understood;
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
   * All are looked up, then all are written down, then all are sent: what a step runs through is in the processor's
   * caches for the next one, which takes half of the time that each would take from its beginning to its end.
   */
  #answerTogether(some: Taken[]): void {
    // Asked last of all: whatever is left to the framework for another reason is counted there.
    const admitted = some.filter(({ caller, otherwise }) => {
      const isAdmitted = this.#gates.admits(caller.address);
      if (!isAdmitted) otherwise();
      return isAdmitted;
    });
    const found = this.#lookUp(admitted);
    const bodies = found.map((answer) =>
      answer instanceof Promise || answer === undefined ? answer : JSON.stringify(answer),
    );
    for (const [index, taken] of admitted.entries()) {
      const body = bodies[index];
      if (body === undefined) taken.otherwise();
      else if (typeof body === 'string') this.#send(taken, body);
      else this.#sendLater(taken, body);
    }
  }

  #lookUp(some: Taken[]): Answer<unknown>[] {
    if (some.length <= 1) return some.map(lookedUp);
    try {
      return this.#gates.together(() => some.map(lookedUp));
    } catch {
      return [];
    }
  }

  #sendLater(taken: Taken, answer: Promise<unknown>): void {
    const { request, response, otherwise } = taken;
    this.#gates.onWaiting(request);
    response.on('close', () => {
      this.#gates.onEnd(request);
    });
    answer.then((value) => {
      this.#send(taken, JSON.stringify(value));
    }, otherwise);
  }

  #send({ request, response, route, name, caller, key, begun }: Taken, body: string): void {
    response.writeHead(200, [
      ...headersOfAll(requestIdOf(request)),
      'content-type',
      'application/json; charset=utf-8',
      'content-length',
      String(Buffer.byteLength(body)),
    ]);
    response.end(body);
    this.#waiting.delete(request.socket);
    this.#gates.onAnswered({ route: route.path, name, caller, key, ms: performance.now() - begun });
  }
}

/** Undefined: it cannot be told. */
function lookedUp({ route, name, caller }: Taken): Answer<unknown> {
  try {
    return route.lookUp(name, caller);
  } catch {
    return undefined;
  }
}

/** Undefined: it has gone. */
function callerIn(request: IncomingMessage): Caller | undefined {
  try {
    return callerOf({ raw: request, ip: request.socket.remoteAddress ?? '' });
  } catch {
    return undefined;
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
