// The native contract, /api/v1: peers and their leases, catalogues in bulk, contents and their sources.
// Search and events have files of their own.
import { Type } from 'typebox';
import { endpointText, parseEndpoint, type Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import { parseName, printable } from '../../protocol/names.ts';
import {
  AnnouncementSchema,
  CatalogueChangeSchema,
  ContentSchema,
  HoldingSchema,
  LeaseSchema,
  MAX_CHANGE_BYTES,
  MAX_PAGE,
  MAX_VERSIONS,
  NameInPathSchema,
  PeerIdSchema,
  PeersSchema,
  ReportSchema,
  RevisionAnswerSchema,
  RootSchema,
  SERVICE,
  ServiceSchema,
  SourcesSchema,
  StatsSchema,
} from '../../protocol/schemas.ts';
import { NetworkStats } from '../stats.ts';
import { asRegistered, callerOf, withEndpointSeenBy, type Caller } from '../callers.ts';
import type { RegistryContext, RegistryServer } from '../context.ts';
import { answerFrom } from '../store/store.ts';
import { DEFAULT_PAGE, LimitSchema, readsLimit } from './pages.ts';

const MAX_SMALL_BODY_BYTES = 16 * 1024;

const PeerParams = Type.Object({ peerId: PeerIdSchema });
const NameParams = Type.Object({ '*': NameInPathSchema });
const ContentParams = Type.Object({ root: RootSchema });
const HoldingParams = Type.Object({ peerId: PeerIdSchema, root: RootSchema });

export function nativeRoutes(app: RegistryServer, context: RegistryContext, version: string): void {
  const { store, log, clock, leaseSeconds, requireOwn, requirePeer } = context;
  const { asKept, dialBack, unreachable, access, quick } = context;
  const tags = ['native'];

  /** Who renews a lease that runs was reached before, or has been heard of by nobody as being away. */
  async function requireReachable(
    peerId: string,
    endpoint: Endpoint,
    known: Endpoint | undefined,
  ): Promise<void> {
    if (!dialBack) return;
    const isSame = known?.ipAddress === endpoint.ipAddress && known.port === endpoint.port;
    if (!isSame || !(await store.hasLease(endpoint, clock.now())))
      await dialBack.prove(peerId, endpoint);
  }

  app.get(
    '/api/v1',
    {
      schema: {
        tags,
        description: 'What this is: how a client tells this registry from others.',
        response: { 200: ServiceSchema },
      },
    },
    (request) => {
      const service = { service: SERVICE, version, leaseSeconds } as const;
      const key = access?.keyOf(request);
      return key
        ? { ...service, private: true as const, you: { name: key.name, role: key.role } }
        : service;
    },
  );

  const stats = new NetworkStats(store, clock);
  app.get(
    '/api/v1/stats',
    {
      schema: {
        tags,
        description:
          'How much there is on this network. Names and contents of a peer that is gone count for 15 minutes more; the answer may be a second old, and older where counting takes long.',
        response: { 200: StatsSchema },
      },
    },
    () => stats.now(),
  );

  app.put(
    '/api/v1/peers/:peerId',
    {
      preHandler: requirePeer,
      bodyLimit: MAX_SMALL_BODY_BYTES,
      schema: {
        tags,
        description:
          'Makes a peer known, or renews its lease. A peer whose lease does not run is dialled first: `GET /peer?nonce=…` at its endpoint has to give the proof that it is the one. The revision in the answer is that of the catalogue kept here: a peer that is at another one sends its catalogue anew.',
        params: PeerParams,
        body: AnnouncementSchema,
        response: { 200: LeaseSchema },
      },
    },
    async (request) => {
      const { peerId } = request.params;
      const { ipAddress = callerOf(request).address, port, displayName } = request.body;
      const endpoint = asKept(parseEndpoint({ ipAddress, port }));
      requireOwn(request, endpoint);
      const peer = {
        ...{ peerId, endpoint, displayName: displayName && printable(displayName) },
        key: access?.keyOf(request)?.id,
      };
      const now = clock.now();
      const renewed = await store.renewRunning(peer, now, now + leaseSeconds * 1000);
      if (renewed !== undefined) {
        access?.isRoutine(request);
        return { endpoint, leaseSeconds, revision: renewed };
      }
      const known = await store.endpointOfPeer(peerId);
      await requireReachable(peerId, endpoint, known);
      const revision = await store.renewLease(peer, clock.now() + leaseSeconds * 1000);
      return { endpoint, leaseSeconds, revision };
    },
  );

  app.delete(
    '/api/v1/peers/:peerId',
    {
      preHandler: requirePeer,
      schema: {
        tags,
        description: 'Deregisters a peer and all that it offers.',
        params: PeerParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { peerId } = request.params;
      if (!(await store.removePeer(peerId)))
        throw new CodedError('unknown-peer', 'No peer of this id is known.');
      return reply.code(204).send(null);
    },
  );

  app.patch(
    '/api/v1/peers/:peerId/catalogue',
    {
      preHandler: requirePeer,
      bodyLimit: MAX_CHANGE_BYTES,
      schema: {
        tags,
        description: 'Changes what a peer offers, whole or not at all; answers the new revision.',
        params: PeerParams,
        body: CatalogueChangeSchema,
        response: { 200: RevisionAnswerSchema },
      },
    },
    async (request) => {
      const { peerId } = request.params;
      const { offered, withdrawn, ...change } = request.body;
      return {
        revision: await store.changeCatalogue(
          peerId,
          {
            ...change,
            offered: offered.map((entry) => ({ ...entry, name: parseName(entry.name) })),
            withdrawn: withdrawn.map(parseName),
          },
          clock.now(),
        ),
      };
    },
  );

  app.put(
    '/api/v1/peers/:peerId/contents/:root',
    {
      preHandler: requirePeer,
      bodyLimit: MAX_SMALL_BODY_BYTES,
      schema: {
        tags,
        description:
          'Makes a peer a source of a content under no name, wholly or in part, as long as its lease is renewed: a downloader that serves what it has. Only `GET /api/v1/contents/{root}` tells it.',
        params: HoldingParams,
        body: HoldingSchema,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { peerId, root } = request.params;
      await store.holdContent(peerId, root, request.body.complete);
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/peers/:peerId/contents/:root',
    {
      preHandler: requirePeer,
      schema: {
        tags,
        description:
          'A peer is no source of a content under no name any more, whether it was or not.',
        params: HoldingParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { peerId, root } = request.params;
      await store.letContentGo(peerId, root);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/peers',
    {
      ...readsLimit,
      schema: {
        tags,
        description: 'Who is there, those with the most names first.',
        querystring: Type.Object({ limit: LimitSchema }),
        response: { 200: PeersSchema },
      },
    },
    async (request) => {
      const { limit = DEFAULT_PAGE } = request.query;
      const caller = callerOf(request);
      const peers = await store.peers(limit + 1, clock.now());
      return {
        peers: peers.slice(0, limit).map((peer) => withEndpointSeenBy(caller, peer)),
        more: peers.length > limit,
      };
    },
  );

  const most = { versions: MAX_VERSIONS, sources: MAX_PAGE };
  const lookUp = (name: string, caller: Caller) =>
    answerFrom(store.lookUp(name, most, clock.now()), ({ versions, sources }) => ({
      name,
      versions,
      sources: sources.map((source) => withEndpointSeenBy(caller, source)),
    }));
  quick.add('/api/v1/names/', lookUp);
  app.get(
    '/api/v1/names/*',
    {
      schema: {
        tags,
        description: 'Which contents a name has, and who offers it; neither for an unknown one.',
        params: NameParams,
        response: { 200: SourcesSchema },
      },
    },
    (request) => lookUp(parseName(request.params['*']), callerOf(request)),
  );

  app.get(
    '/api/v1/contents/:root',
    {
      ...readsLimit,
      schema: {
        tags,
        description:
          'Who holds a content, wholly or in part, under any name or none. Of more than the limit another random choice each time, so that load spreads; nobody for an unknown one.',
        params: ContentParams,
        querystring: Type.Object({ limit: LimitSchema }),
        response: { 200: ContentSchema },
      },
    },
    async (request) => {
      const { limit = DEFAULT_PAGE } = request.query;
      const caller = callerOf(request);
      const content = await store.contentOf(request.params.root, limit, clock.now());
      return {
        ...content,
        sources: content.sources.map((source) => withEndpointSeenBy(caller, source)),
      };
    },
  );

  app.post(
    '/api/v1/reports',
    {
      bodyLimit: MAX_SMALL_BODY_BYTES,
      schema: {
        tags,
        description:
          'Tells that there was trouble with a source. It is not believed, only looked into, and soon rather than now: an endpoint that has a lease and that the registry cannot reach either loses it.',
        body: ReportSchema,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { reason, root } = request.body;
      const endpoint = parseEndpoint(request.body.endpoint);
      if (reason === 'unreachable')
        for (const each of asRegistered(callerOf(request), endpoint)) await unreachable(each);
      else
        log.info(
          { requestId: request.id, endpoint: endpointText(endpoint), root },
          'a bad piece was reported',
        );
      return reply.code(204).send(null);
    },
  );
}
