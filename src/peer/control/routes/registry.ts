// The registry through the peer: the page asks this host the very same as it would ask there, since a
// browser lets it ask no other. Only what the native contract reads is passed on, and only its JSON comes
// back: none of the page's headers go there, none of the registry's come here.
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { beginCall, callJsonOrThrow, misbehaves } from '../../../client/json-call.ts';
import type { Network } from '../../../client/network.ts';
import type { HttpApp } from '../../../lib/http/app.ts';
import { EVENT_STREAM_TYPE } from '../../../lib/http/event-stream.ts';
import { CodedError } from '../../../protocol/errors.ts';
import { namePath, parseName } from '../../../protocol/names.ts';
import { RootSchema } from '../../../protocol/schemas.ts';
import type { Controlled } from '../controlled.ts';
import type { Followers } from '../followers.ts';
import { passEvents } from '../pass-events.ts';

const BASE = '/api/v1';

export function registryRoutes(
  app: HttpApp,
  network: Network,
  controlled: Controlled,
  followers: Followers,
): void {
  const stopping = new AbortController();
  app.addHook('preClose', (done) => {
    stopping.abort();
    done();
  });

  /** Where it is there. The path is made here, of what was understood: nothing in it leads elsewhere. */
  function place(path: string, url: string): string {
    if (controlled.state.peer.registry.contract === 'exercise')
      throw new CodedError(
        'not-native',
        'The registry knows the exercise’s contract alone: it finds whole names, and tells no more.',
      );
    const query = url.indexOf('?');
    return `${BASE}${path}${query === -1 ? '' : url.slice(query)}`;
  }

  async function pass(path: string, url: string, reply: FastifyReply): Promise<FastifyReply> {
    const there = place(path, url);
    const headers = { accept: 'application/json' };
    const answer = await callJsonOrThrow(network, there, { headers, signal: whileAsked(reply) });
    if (answer === undefined) throw misbehaves(network, 'something else than JSON');
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer));
  }

  /** Until who asked has gone, or the peer stops. */
  function whileAsked(reply: FastifyReply): AbortSignal {
    const gone = new AbortController();
    reply.raw.once('close', () => {
      gone.abort();
    });
    return AbortSignal.any([gone.signal, stopping.signal]);
  }

  for (const path of ['', '/search', '/peers', '/stats'])
    app.get(BASE + path, (request, reply) => pass(path, request.url, reply));

  app.get(
    `${BASE}/names/*`,
    { schema: { params: Type.Object({ '*': Type.String() }) } },
    (request, reply) =>
      pass(`/names/${namePath(parseName(request.params['*']))}`, request.url, reply),
  );

  app.get(
    `${BASE}/contents/:root`,
    { schema: { params: Type.Object({ root: RootSchema }) } },
    (request, reply) => pass(`/contents/${request.params.root}`, request.url, reply),
  );

  app.get(`${BASE}/events`, async (request, reply) => {
    followers.requireRoom();
    const there = place('/events', '');
    const last = request.headers['last-event-id'];
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, whileAsked(reply)]);
    const answer = await beginCall(
      network,
      there,
      { accept: EVENT_STREAM_TYPE, ...(typeof last === 'string' && { 'last-event-id': last }) },
      signal,
    );
    const { statusCode = 0, headers } = answer;
    if (statusCode !== 200 || !headers['content-type']?.startsWith(EVENT_STREAM_TYPE)) {
      over.abort();
      throw misbehaves(network, `status ${statusCode}`);
    }
    await passEvents(answer, reply, followers, over);
  });
}
