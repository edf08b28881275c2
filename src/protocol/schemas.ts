// The bodies of the native contract, once: they validate, they type both sides, and the OpenAPI
// document is made of them.
import { Type, type Static } from 'typebox';
import { MAX_NAME_BYTES } from './names.ts';

/** What `GET /api/v1` says, by which a client tells a registry of this kind from any other. */
export const SERVICE = 'sp2p-registry';

/** A body of a catalogue change is at most this large; one name of 1 KiB in JSON is below 7 KiB. */
export const MAX_CHANGE_BYTES = 4 * 1024 * 1024;
/** So many entries fit one catalogue change: the registry is busy with one for some 50 ms. */
const MAX_CHANGE_ENTRIES = 5_000;
/** A page of a listing has at most this many entries. */
export const MAX_PAGE = 1_000;
/** Of the contents under one name so many are told, those that most hold. */
export const MAX_VERSIONS = 100;
/** Of the names of one change so many are told. */
export const MAX_CHANGE_NAMES = 20;
/** Of the names of one content so many are told: any of them says what it is. */
export const MAX_CONTENT_NAMES = 20;

// The examples of the OpenAPI document tell one story, of one peer and one content: what is asked with them
// in turn is answered with them (test/registry/openapi.test.ts asks).
const NAME = 'Lectures/2 Application Layer.pdf';
const ROOT = '8f3c2a0d51b94e67c0a9de13847b65f2'.repeat(2);
/** Of the key in RFC 8032 section 7.1, test 1: everybody can prove to be that peer. */
const PEER_ID = '06e3fd8fda29bb60ab59557de61edb0a';
const ENDPOINT = { ipAddress: '192.0.2.7', port: 7771 };
const FILE = { size: 4_718_592, modified: 1_767_225_600_000, root: ROOT };
const VERSION = { root: ROOT, size: FILE.size, modified: FILE.modified, holders: 1 };

const NameSchema = Type.String({ minLength: 1, maxLength: MAX_NAME_BYTES, description: 'A name.' });
const SizeSchema = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Bytes.',
});
const ModifiedSchema = Type.Integer({
  minimum: -8_640_000_000_000_000,
  maximum: 8_640_000_000_000_000,
  description: 'When the file last changed, in milliseconds since 1970-01-01T00:00:00Z.',
});
export const RootSchema = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description:
    'The identity of a content: the pieces root of BitTorrent v2 (BEP 52), in lower-case hex digits.',
  examples: [ROOT],
});
const RevisionSchema = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description:
    'Tells the states of one peer’s catalogue apart: it grows with each change, and 0 is the empty one of a peer that was not known.',
});
const ContractSchema = Type.Union([Type.Literal('native'), Type.Literal('exercise')], {
  description: 'Through which contract the peer registered; a native one speaks HTTP.',
});

export const EndpointSchema = Type.Object({
  ipAddress: Type.String({ maxLength: 64, description: 'Canonical IPv4 or IPv6 address.' }),
  port: Type.Integer({ minimum: 1, maximum: 65535 }),
});

export const PeerIdSchema = Type.String({
  pattern: '^[0-9a-f]{32}$',
  description:
    'Who the peer is: the first 16 bytes of the SHA-256 of its Ed25519 public key (DER SubjectPublicKeyInfo), in hex digits.',
  examples: [PEER_ID],
});
/** Left out by registries that knew no keys of peers. */
const ToldPeerIdSchema = Type.Optional(
  Type.Union([PeerIdSchema, Type.Null()], {
    description: 'Who it is; null: it registered through the exercise’s contract.',
  }),
);

/** A name as the last part of a path, whether its slashes came encoded or not. */
export const NameInPathSchema = Type.String({ description: 'The name.', examples: [NAME] });

export const ServiceSchema = Type.Object(
  {
    service: Type.Literal(SERVICE),
    version: Type.String(),
    leaseSeconds: Type.Number({
      description: 'How long a peer is believed without hearing from it.',
    }),
    private: Type.Optional(
      Type.Literal(true, { description: 'Whether it is that of a private network.' }),
    ),
    you: Type.Optional(
      Type.Object(
        { name: Type.String(), role: Type.String() },
        {
          description: 'Whose key this was asked with, and what that may do: in a private network.',
        },
      ),
    ),
  },
  { examples: [{ service: SERVICE, version: '1.0.0', leaseSeconds: 25 }] },
);

export const StatsSchema = Type.Object(
  {
    peers: Type.Integer({ minimum: 0, description: 'Who is there now.' }),
    names: Type.Integer({ minimum: 0, description: 'Names that are kept.' }),
    contents: Type.Integer({ minimum: 0, description: 'Contents that are kept under a name.' }),
  },
  { examples: [{ peers: 1, names: 1, contents: 1 }] },
);

/** A peer makes itself known, or renews its lease. */
export const AnnouncementSchema = Type.Object(
  {
    ipAddress: Type.Optional(
      Type.String({ maxLength: 64, description: 'Default: the address that the call came from.' }),
    ),
    port: Type.Integer({ minimum: 1, maximum: 65535 }),
    displayName: Type.Optional(
      Type.String({ maxLength: 64, description: 'What people call the peer.' }),
    ),
  },
  { additionalProperties: false, examples: [{ ...ENDPOINT, displayName: 'Ann' }] },
);

export const LeaseSchema = Type.Object(
  {
    endpoint: EndpointSchema,
    leaseSeconds: Type.Number(),
    revision: RevisionSchema,
  },
  { examples: [{ endpoint: ENDPOINT, leaseSeconds: 25, revision: 0 }] },
);

const CatalogueEntrySchema = Type.Object(
  {
    name: NameSchema,
    size: SizeSchema,
    modified: ModifiedSchema,
    root: Type.Optional(RootSchema),
  },
  { additionalProperties: false },
);

export const CatalogueChangeSchema = Type.Object(
  {
    revision: RevisionSchema,
    reset: Type.Optional(
      Type.Boolean({ description: 'Forget all that was offered before; the revision is ignored.' }),
    ),
    offered: Type.Array(CatalogueEntrySchema, { maxItems: MAX_CHANGE_ENTRIES }),
    withdrawn: Type.Array(NameSchema, { maxItems: MAX_CHANGE_ENTRIES }),
  },
  {
    additionalProperties: false,
    examples: [{ revision: 0, offered: [{ name: NAME, ...FILE }], withdrawn: [] }],
  },
);

export const RevisionAnswerSchema = Type.Object(
  { revision: RevisionSchema },
  { examples: [{ revision: 1 }] },
);

const SourceSchema = Type.Object({
  endpoint: EndpointSchema,
  contract: ContractSchema,
  peerId: ToldPeerIdSchema,
  size: Type.Union([SizeSchema, Type.Null()], { description: 'null: not told.' }),
  modified: Type.Union([ModifiedSchema, Type.Null()], { description: 'null: not told.' }),
  root: Type.Union([RootSchema, Type.Null()], { description: 'null: not told.' }),
});

const VersionSchema = Type.Object({
  root: RootSchema,
  size: Type.Union([SizeSchema, Type.Null()], {
    description: 'null: the holders differ, so that some of them are wrong.',
  }),
  modified: Type.Union([ModifiedSchema, Type.Null()], {
    description: 'The latest that was told under this name.',
  }),
  holders: Type.Integer({
    minimum: 1,
    description: 'How many endpoints offer this content, under any name.',
  }),
});

export const SourcesSchema = Type.Object(
  {
    name: NameSchema,
    versions: Type.Array(VersionSchema, {
      description: `The contents under this name, at most ${MAX_VERSIONS}: those that most hold first, then the latest.`,
    }),
    sources: Type.Array(SourceSchema, {
      description: `Who offers this name: a random choice of ${MAX_PAGE} where there are more.`,
    }),
  },
  {
    examples: [
      {
        name: NAME,
        versions: [VERSION],
        sources: [{ endpoint: ENDPOINT, contract: 'native', peerId: PEER_ID, ...FILE }],
      },
    ],
  },
);

export const ContentSchema = Type.Object(
  {
    root: RootSchema,
    size: Type.Union([SizeSchema, Type.Null()], {
      description: 'null: nobody offers it under a name, or those who do differ.',
    }),
    holders: Type.Integer({
      minimum: 0,
      description: 'How many endpoints hold the whole of this content, under any name or none.',
    }),
    partial: Type.Integer({
      minimum: 0,
      description: 'How many endpoints hold only a part of it.',
    }),
    names: Type.Array(NameSchema, {
      description: `What it is called, at most ${MAX_CONTENT_NAMES} names in code point order.`,
    }),
    sources: Type.Array(
      Type.Object({
        endpoint: EndpointSchema,
        peerId: ToldPeerIdSchema,
        complete: Type.Boolean({ description: 'Whether it holds the whole; a part otherwise.' }),
      }),
      {
        description:
          'Who holds it, wholly or in part: a random choice, another one each time, where the limit is less.',
      },
    ),
  },
  {
    examples: [
      {
        root: ROOT,
        size: FILE.size,
        holders: 1,
        partial: 0,
        names: [NAME],
        sources: [{ endpoint: ENDPOINT, peerId: PEER_ID, complete: true }],
      },
    ],
  },
);

/** A peer is a source of a content without offering it under a name: a downloader. */
export const HoldingSchema = Type.Object(
  { complete: Type.Boolean({ description: 'Whether it holds the whole; a part otherwise.' }) },
  { additionalProperties: false, examples: [{ complete: false }] },
);

/** Somebody had trouble with a source. */
export const ReportSchema = Type.Object(
  {
    endpoint: Type.Object(EndpointSchema.properties, { additionalProperties: false }),
    root: Type.Optional(RootSchema),
    reason: Type.Union([Type.Literal('unreachable'), Type.Literal('bad-piece')], {
      description:
        'unreachable: nobody answered there; bad-piece: what it sent was not of the root.',
    }),
  },
  {
    additionalProperties: false,
    examples: [{ endpoint: ENDPOINT, root: ROOT, reason: 'bad-piece' }],
  },
);

const FoundSchema = Type.Object({
  name: NameSchema,
  size: Type.Union([SizeSchema, Type.Null()], {
    description: 'null: not told, or the holders differ.',
  }),
  modified: Type.Union([ModifiedSchema, Type.Null()], {
    description: 'The latest that a holder told.',
  }),
  holders: Type.Integer({ minimum: 1, description: 'How many endpoints offer this name.' }),
  versions: Type.Integer({
    minimum: 0,
    description: 'How many contents are told under this name; 0: nobody told one.',
  }),
  root: Type.Union([RootSchema, Type.Null()], {
    description: 'The one content under this name; null: none was told, or several.',
  }),
});

export const SearchAnswerSchema = Type.Object(
  {
    found: Type.Array(FoundSchema),
    more: Type.Boolean({ description: 'Whether there is a next page.' }),
    next: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description:
          'The `cursor` of the next page; null: there is none. A page may be shorter than the limit, and even empty, and have a next one.',
      }),
    ),
  },
  {
    examples: [
      { found: [{ name: NAME, holders: 1, versions: 1, ...FILE }], more: false, next: null },
    ],
  },
);

/** Something changed: what to ask about again, not what the answer would be. */
export const ChangeSchema = Type.Union(
  [
    Type.Object(
      {
        kind: Type.Literal('peer'),
        endpoint: EndpointSchema,
        isHere: Type.Boolean({ description: 'False: it left, or its lease has ended.' }),
      },
      { description: 'A peer came or went, with all that it offers.' },
    ),
    Type.Object(
      {
        kind: Type.Literal('catalogue'),
        endpoint: EndpointSchema,
        offered: Type.Integer({ minimum: 0, description: 'How many names were offered, or anew.' }),
        withdrawn: Type.Integer({ minimum: 0 }),
        names: Type.Array(NameSchema, {
          description: `Of those names the first ${MAX_CHANGE_NAMES}.`,
        }),
      },
      { description: 'What a peer offers changed.' },
    ),
    Type.Object(
      {
        kind: Type.Literal('content'),
        endpoint: EndpointSchema,
        root: RootSchema,
        held: Type.Union([Type.Literal('whole'), Type.Literal('part'), Type.Literal('none')]),
      },
      { description: 'A downloader became a source of a content, or is none any more.' },
    ),
    Type.Object(
      {
        kind: Type.Literal('removed'),
        what: Type.Union([Type.Literal('name'), Type.Literal('content'), Type.Literal('peer')]),
        subject: Type.String({ description: 'The name, the root, or the peer id.' }),
        isHere: Type.Boolean({ description: 'True: the removal was undone.' }),
      },
      { description: 'An administrator took something off the network, or undid that.' },
    ),
  ],
  { examples: [{ kind: 'peer', endpoint: ENDPOINT, isHere: true }] },
);

const PeerSchema = Type.Object({
  endpoint: EndpointSchema,
  contract: ContractSchema,
  peerId: ToldPeerIdSchema,
  displayName: Type.Union([Type.String(), Type.Null()]),
  names: Type.Integer({ minimum: 0, description: 'How many names it offers.' }),
});

export const PeersSchema = Type.Object(
  {
    peers: Type.Array(PeerSchema),
    more: Type.Boolean({
      description: 'Whether there are more peers than the limit lets through.',
    }),
  },
  {
    examples: [
      {
        peers: [
          ...[
            {
              endpoint: ENDPOINT,
              contract: 'native',
              peerId: PEER_ID,
              displayName: 'Ann',
              names: 1,
            },
          ],
        ],
        more: false,
      },
    ],
  },
);

/** One name of the exercise's listing. */
export const RegisteredNameSchema = Type.Object({
  name: NameSchema,
  endpoints: Type.Array(EndpointSchema),
});

export type Stats = Static<typeof StatsSchema>;
export type Contract = Static<typeof ContractSchema>;
export type Announcement = Static<typeof AnnouncementSchema>;
export type Lease = Static<typeof LeaseSchema>;
export type CatalogueEntry = Static<typeof CatalogueEntrySchema>;
export type CatalogueChange = Static<typeof CatalogueChangeSchema>;
export type Source = Static<typeof SourceSchema>;
export type Version = Static<typeof VersionSchema>;
export type Content = Static<typeof ContentSchema>;
export type Holding = Static<typeof HoldingSchema>;
export type Report = Static<typeof ReportSchema>;
export type Found = Static<typeof FoundSchema>;
export type SearchAnswer = Static<typeof SearchAnswerSchema>;
export type Change = Static<typeof ChangeSchema>;
export type PeerSummary = Static<typeof PeerSchema>;
export type Peers = Static<typeof PeersSchema>;
export type RegisteredName = Static<typeof RegisteredNameSchema>;
