// The door of a private network: who comes without a key, or with one that may not do what is asked, is told so
// before anything else is looked at. An open network has none of this.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Key } from '../../protocol/access.ts';
import { CodedError } from '../../protocol/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { remembered } from '../../lib/remembered.ts';
import { addressOf } from '../callers.ts';
import type { HttpApp } from '../../lib/http/app.ts';
import type { LookedUp } from '../quick-answers.ts';
import { Seal } from '../seal.ts';
import type { Store } from '../store/store.ts';
import type { AuditTrail } from './audit-trail.ts';
import { Keys } from './keys.ts';
import { mayDo, ruleOf, type Rule } from './roles.ts';
import { hasSession, keyOfSession, sessionCookie, SESSION_MS } from './sessions.ts';
import { sendSignIn, wantsPage } from './sign-in-page.ts';
import { TicketSigner } from './ticket-signer.ts';

const BEARER = /^Bearer +(.*)$/i;

export class Access {
  readonly store: Store['access'];
  readonly tickets: TicketSigner;
  readonly trail: AuditTrail;
  readonly #clock: Clock;
  readonly #keys: Keys;
  readonly #opened: ReadonlySet<string>;
  readonly #seal: () => Promise<Seal>;
  readonly #admitted = new WeakMap<FastifyRequest, Key>();
  readonly #refusals = new WeakMap<FastifyRequest, string>();
  readonly #routine = new WeakSet<FastifyRequest>();

  /** @param openedBases of the exercise's contract, which anybody may call, without TLS too */
  constructor(options: { store: Store; clock: Clock; trail: AuditTrail; openedBases: string[] }) {
    const { store, clock, trail, openedBases } = options;
    this.store = store.access;
    this.trail = trail;
    this.tickets = new TicketSigner(store.access, clock);
    this.#clock = clock;
    this.#keys = new Keys(store.access);
    this.#opened = new Set(openedBases.flatMap((base) => [`/${base}`, `/${base}/*`]));
    this.#seal = remembered(async () => new Seal(await store.secret('sessions')));
  }

  /** Guards every route of an app, those too that it does not have. Call it after the hooks that bound load. */
  guard(app: HttpApp): void {
    app.addHook('onRequest', (request, reply, done) => {
      const rule = ruleOf(request, this.#opened);
      if (rule.overPlain !== true && !isEncrypted(request.raw.socket)) {
        void reply.headers({ upgrade: 'TLS/1.2, HTTP/1.1', connection: 'upgrade, close' });
        done(
          new CodedError('tls-wanted', 'This is a private network: come over TLS, to this port.'),
        );
      } else if (rule.role === 'anyone') done();
      else this.#admit(request, reply, rule).then(done, done);
    });
    app.addHook('onError', (request, _reply, error, done) => {
      const code: unknown = error instanceof CodedError ? error.code : undefined;
      if (typeof code === 'string') this.#refusals.set(request, code);
      done();
    });
    app.addHook('onResponse', (request, { statusCode }, done) => {
      this.#note(request, statusCode);
      done();
    });
  }

  /** Whose key a request came with. Undefined: the route is for anyone. */
  keyOf(request: FastifyRequest): Key | undefined {
    return this.#admitted.get(request);
  }

  /**
   * The key of a look-up that may be answered without more ado: one that holds, over TLS. Undefined: it is for
   * the hooks to say why not.
   */
  async keyOfLookUp({ headers, socket }: IncomingMessage): Promise<Key | undefined> {
    const text = keyIn(headers);
    if (text === undefined || !isEncrypted(socket)) return undefined;
    const key = await this.#keys.shown(text, this.#clock.now());
    return mayDo(key.role, 'reader') ? key : undefined;
  }

  /** Such a one was answered. */
  noteLookUp({ name, caller, key }: LookedUp): void {
    const at = this.#clock.now();
    this.trail.note({
      ...{ at, key: key ?? null, address: caller.address },
      ...{ action: 'look-up', subject: name, outcome: 'done' },
    });
  }

  /** For what is answered without an error being thrown. */
  isRefused(request: FastifyRequest, code: string): void {
    this.#refusals.set(request, code);
  }

  /** What a peer does again and again is not in the audit trail. */
  isRoutine(request: FastifyRequest): void {
    this.#routine.add(request);
  }

  /** The cookie of a session for who shows a key. @throws CodedError `bad-key` */
  async signIn(request: FastifyRequest, text: string): Promise<string> {
    const now = this.#clock.now();
    const key = await this.#keys.shown(text, now);
    this.#admitted.set(request, key);
    const expires = Math.min(now + SESSION_MS, key.expires ?? Infinity);
    return sessionCookie(await this.#seal(), key.id, expires, now);
  }

  async #admit(request: FastifyRequest, reply: FastifyReply, { role }: Rule): Promise<undefined> {
    let key: Key;
    try {
      key = await this.#shownBy(request);
    } catch (error) {
      if (!(error instanceof CodedError) || !wantsPage(request)) throw error;
      this.isRefused(request, error.code);
      sendSignIn(reply, error.code === 'no-key' ? undefined : error.message);
      // It has been answered: nothing of the route is to run.
      return new Promise<never>(() => undefined);
    }
    this.#admitted.set(request, key);
    if (role !== 'anyone' && !mayDo(key.role, role))
      throw new CodedError('not-allowed', `That takes the role ${role}; this key has ${key.role}.`);
  }

  /** @throws CodedError `no-key`, `bad-key` */
  async #shownBy({ headers }: FastifyRequest): Promise<Key> {
    const now = this.#clock.now();
    const text = keyIn(headers);
    if (text !== undefined) return this.#keys.shown(text, now);
    if (headers.authorization === undefined && hasSession(headers.cookie)) {
      const id = keyOfSession(await this.#seal(), headers.cookie, now);
      if (id !== undefined) return this.#keys.ofId(id, now);
    }
    throw new CodedError(
      'no-key',
      'This is a private network: send a key as "Authorization: Bearer …", or sign in. An administrator of the network gives keys out.',
    );
  }

  #note(request: FastifyRequest, status: number): void {
    const rule = ruleOf(request, this.#opened);
    const code = this.#refusals.get(request);
    // Whoever has to prove something first is refused once in any case.
    const isRefused = (status === 401 || status === 403) && code !== 'proof-wanted';
    const isDone = status < 400 && rule.action !== undefined && !this.#routine.has(request);
    if (!isRefused && !isDone) return;
    const subject = rule.subject?.(request);
    this.trail.note({
      at: this.#clock.now(),
      key: this.#admitted.get(request) ?? null,
      address: addressOr(request),
      action: rule.action ?? `${request.method} ${request.routeOptions.url ?? 'nothing'}`,
      subject: typeof subject === 'string' ? subject : null,
      outcome: isRefused ? (code ?? 'not-allowed') : 'done',
    });
  }
}

function keyIn({ authorization = '' }: IncomingHttpHeaders): string | undefined {
  return BEARER.exec(authorization)?.[1];
}

function isEncrypted(socket: Socket): boolean {
  return (socket as Partial<TLSSocket>).encrypted === true;
}

/** Who has gone meanwhile has no address any more. */
function addressOr(request: FastifyRequest): string {
  try {
    return addressOf(request);
  } catch {
    return '';
  }
}
