// Who may do what in a private network: every route with the least role that it takes. What is not named here
// is for administrators, so that nothing is open because somebody forgot it.
import type { FastifyRequest } from 'fastify';
import { ROLES, type Role } from '../../protocol/access.ts';

export interface Rule {
  /** `anyone`: without a key. */
  role: Role | 'anyone';
  /** Also without TLS. */
  overPlain?: boolean;
  /** What the audit trail calls it, each time that it is done; without it only refusals are told. */
  action?: string;
  /** What it is done to. */
  subject?: (request: FastifyRequest) => unknown;
}

const param = (name: string) => (request: FastifyRequest) =>
  (request.params as Record<string, unknown>)[name];
const member = (name: string) => (request: FastifyRequest) =>
  (request.body as Record<string, unknown> | null | undefined)?.[name];
const query = (name: string) => (request: FastifyRequest) =>
  (request.query as Record<string, unknown>)[name];

const reader: Rule = { role: 'reader' };
const ofPeer: Rule = { role: 'member', subject: param('peerId') };

const RULES: Readonly<Record<string, Rule>> = {
  'GET /healthz': { role: 'anyone', overPlain: true },
  'GET /readyz': reader,
  'GET /metrics': reader,

  'GET /api/v1': reader,
  'GET /api/v1/stats': reader,
  'GET /api/v1/openapi.json': reader,
  'GET /api/v1/reference': reader,
  'GET /api/v1/reference/scalar.js': reader,
  'GET /api/v1/events': reader,
  'GET /api/v1/peers': reader,
  'GET /api/v1/search': { ...reader, action: 'search', subject: query('text') },
  'GET /api/v1/names/*': { ...reader, action: 'look-up', subject: param('*') },
  'GET /api/v1/contents/:root': { ...reader, action: 'look-up', subject: param('root') },
  'POST /api/v1/tickets': { ...reader, action: 'ticket', subject: member('root') },
  'GET /api/v1/ticket-keys': reader,

  'PUT /api/v1/peers/:peerId': { ...ofPeer, action: 'register' },
  'DELETE /api/v1/peers/:peerId': { ...ofPeer, action: 'leave' },
  'PATCH /api/v1/peers/:peerId/catalogue': { ...ofPeer, action: 'offer' },
  'PUT /api/v1/peers/:peerId/contents/:root': ofPeer,
  'DELETE /api/v1/peers/:peerId/contents/:root': ofPeer,
  'POST /api/v1/reports': { role: 'member', action: 'report' },

  'GET /api/v1/keys': { role: 'admin' },
  'POST /api/v1/keys': { role: 'admin', action: 'create-key', subject: member('name') },
  'DELETE /api/v1/keys/:id': { role: 'admin', action: 'revoke-key', subject: param('id') },
  'POST /api/v1/ticket-keys': { role: 'admin', action: 'rotate-ticket-keys' },
  'GET /api/v1/audit': { role: 'admin' },
  'GET /api/v1/removals': { role: 'admin' },
  'POST /api/v1/removals': { role: 'admin', action: 'remove', subject: member('subject') },
  'DELETE /api/v1/removals/:id': { role: 'admin', action: 'restore', subject: param('id') },

  'POST /api/v1/session': { role: 'anyone', action: 'sign-in' },
  'DELETE /api/v1/session': { role: 'anyone' },

  // The page.
  'GET /': reader,
  'GET /downloads': reader,
  'GET /downloads/*': reader,
  'GET /shares': reader,
  'GET /network': reader,
  'GET /access': reader,
  'GET /access/:part': reader,
  'GET /contents/:root': reader,
  'GET /assets/*': reader,
  'GET /control/v1': reader,
};

const UNNAMED: Rule = { role: 'admin' };
/** Where nothing is: that is told to whoever may come in. */
const NOWHERE: Rule = reader;
const OPENED: Rule = { role: 'anyone', overPlain: true };

/** @param opened paths that the owner has opened to all: the exercise's */
export function ruleOf(request: FastifyRequest, opened: ReadonlySet<string>): Rule {
  const { url } = request.routeOptions;
  if (url === undefined) return NOWHERE;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  return RULES[`${method} ${url}`] ?? (opened.has(url) ? OPENED : UNNAMED);
}

/** Whether a route has been thought of; for the test that holds this table against the routes there are. */
export function isNamed(method: string, url: string): boolean {
  return Object.hasOwn(RULES, `${method} ${url}`);
}

export function mayDo(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
