// The bodies of a peer's control interface, once: they validate, they type the page, `sp2p status` and
// the peer. Rates are bytes a second, sizes bytes, moments milliseconds since 1970-01-01T00:00:00Z.
import { Type, type Static } from 'typebox';
import { EndpointSchema, RootSchema } from './schemas.ts';
import { MAX_NAME_BYTES } from './names.ts';

/** What `GET /control/v1` says, by which a page tells a peer's own host from a registry. */
export const CONTROL_SERVICE = 'sp2p-peer';
export const CONTROL_BASE = '/control/v1';
export const DEFAULT_CONTROL_PORT = 7772;

/** A page of what is offered has at most this many entries. */
export const MAX_OFFERED_PAGE = 1_000;
/** Of the sources of a download so many are told, the quickest first; and as many of the dropped. */
export const MAX_TOLD_SOURCES = 100;
/** A folder's path is at most so long. */
const MAX_PATH_LENGTH = 4_096;
/** Of the sub-folders of a folder so many are told. */
export const MAX_FOLDERS = 1_000;
/** At most so many downloads are listed; a further one is refused. */
export const MAX_DOWNLOADS = 1_000;

const Bytes = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Moment = Type.Integer({ minimum: 0 });
const Rate = Type.Number({ minimum: 0, description: 'Bytes a second.' });
const EndpointText = Type.String({ description: '`192.0.2.7:7771`, `[2001:db8::7]:7771`.' });
const Path = Type.String({ minLength: 1, maxLength: MAX_PATH_LENGTH });
const Name = Type.String({ minLength: 1, maxLength: MAX_NAME_BYTES });
/** Of a share, or of a download. */
export const IdSchema = Type.String({ pattern: '^[0-9a-f]{16}$' });

/** What went wrong, as in a problem document: a stable code and words for a person. */
export const FaultSchema = Type.Object({ code: Type.String(), message: Type.String() });

export const ControlServiceSchema = Type.Object({
  service: Type.Literal(CONTROL_SERVICE),
  version: Type.String(),
});

const RegistryStateSchema = Type.Object({
  url: Type.String(),
  at: Type.Union([Type.Literal('connecting'), Type.Literal('announced'), Type.Literal('away')]),
  since: Moment,
  contract: Type.Union([Type.Literal('native'), Type.Literal('exercise'), Type.Null()]),
  fault: Type.Union([FaultSchema, Type.Null()], { description: 'Why it is away.' }),
});

const PeerStateSchema = Type.Object({
  version: Type.String(),
  displayName: Type.Union([Type.String(), Type.Null()]),
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
  endpoint: Type.Union([EndpointSchema, Type.Null()], {
    description: 'Where others reach it, as the registry says; null: it has not said so.',
  }),
  startedAt: Moment,
  registry: RegistryStateSchema,
  /** Since the start. */
  sent: Bytes,
  received: Bytes,
  uploadRate: Rate,
  downloadRate: Rate,
});

const ShareSchema = Type.Object({
  id: IdSchema,
  folder: Path,
  isDownloads: Type.Boolean({ description: 'Downloads go there.' }),
  files: Type.Integer({ minimum: 0 }),
  bytes: Bytes,
  unnameable: Type.Integer({ minimum: 0, description: 'Files left out for their names.' }),
  indexing: Type.Union(
    [
      Type.Object({ filesLeft: Type.Integer({ minimum: 0 }), bytesLeft: Bytes, bytesDone: Bytes }),
      Type.Null(),
    ],
    { description: 'null: everything that was found is offered.' },
  ),
  fault: Type.Union([FaultSchema, Type.Null()], { description: 'Why it cannot be shared now.' }),
});

const DownloadStateSchema = Type.Union([
  Type.Literal('waiting'),
  Type.Literal('running'),
  Type.Literal('paused'),
  Type.Literal('done'),
  Type.Literal('failed'),
]);
export const PrioritySchema = Type.Union([
  Type.Literal('low'),
  Type.Literal('normal'),
  Type.Literal('high'),
]);

export const DownloadSchema = Type.Object({
  id: IdSchema,
  name: Name,
  root: RootSchema,
  size: Type.Union([Bytes, Type.Null()], { description: 'null: not proven yet.' }),
  path: Type.String({ description: 'Where the file is, or will be.' }),
  state: DownloadStateSchema,
  priority: PrioritySchema,
  sequential: Type.Boolean({ description: 'Pieces come in order.' }),
  have: Type.Integer({ minimum: 0, description: 'Verified bytes.' }),
  pieceCount: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
  rate: Rate,
  secondsLeft: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
  addedAt: Moment,
  finishedAt: Type.Union([Moment, Type.Null()]),
  sources: Type.Array(
    Type.Object({
      endpoint: EndpointText,
      isWhole: Type.Boolean(),
      rate: Rate,
      bytes: Type.Integer({ minimum: 0, description: 'Verified bytes that it sent.' }),
    }),
    { maxItems: MAX_TOLD_SOURCES },
  ),
  dropped: Type.Array(Type.Object({ endpoint: EndpointText, reason: Type.String() }), {
    maxItems: MAX_TOLD_SOURCES,
  }),
  wasted: Bytes,
  fault: Type.Union([FaultSchema, Type.Null()], {
    description:
      'Why it failed, or waits: `waiting` with a fault is tried again by itself, and so is `failed` with cannot-write, disk-full, download-in-progress or file-exists.',
  }),
});

/** What is being sent to somebody now. */
const UploadSchema = Type.Object({
  to: Type.String({ description: 'The address of who receives, and its port where it serves.' }),
  name: Type.Union([Name, Type.Null()]),
  root: Type.Union([RootSchema, Type.Null()]),
  rate: Rate,
  bytes: Bytes,
});

export const LimitsSchema = Type.Object(
  {
    maxUpload: Type.Union([Type.Integer({ minimum: 1_024 }), Type.Null()], {
      description: 'Bytes a second; null: no limit.',
    }),
    maxDownload: Type.Union([Type.Integer({ minimum: 1_024 }), Type.Null()]),
  },
  { additionalProperties: false },
);

export const SettingsSchema = Type.Object(
  {
    downloadFolder: Path,
    atOnce: Type.Integer({ minimum: 1, maximum: 20, description: 'Downloads that run at once.' }),
  },
  { additionalProperties: false },
);

export const ControlStateSchema = Type.Object({
  peer: PeerStateSchema,
  shares: Type.Array(ShareSchema),
  downloads: Type.Array(DownloadSchema, { maxItems: MAX_DOWNLOADS }),
  uploads: Type.Array(UploadSchema),
  limits: LimitsSchema,
  settings: SettingsSchema,
});

export const NewDownloadSchema = Type.Object(
  {
    root: RootSchema,
    name: Name,
    size: Type.Optional(Type.Union([Bytes, Type.Null()])),
    sequential: Type.Optional(Type.Boolean()),
    priority: Type.Optional(PrioritySchema),
    folder: Type.Optional(Path),
  },
  { additionalProperties: false },
);

/** `running` resumes, or tries again what failed. */
export const DownloadChangeSchema = Type.Object(
  {
    state: Type.Optional(Type.Union([Type.Literal('paused'), Type.Literal('running')])),
    priority: Type.Optional(PrioritySchema),
    sequential: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export const NewShareSchema = Type.Object({ folder: Path }, { additionalProperties: false });

/** Something to see of a download that may still be under way; the URL is good for a while only. */
export const PreviewSchema = Type.Object({
  url: Type.String(),
  type: Type.String({ description: 'The media type that it is sent as.' }),
});

/** Sub-folders of a folder, for choosing one; hidden ones are left out. */
export const FoldersSchema = Type.Object({
  folder: Path,
  parent: Type.Union([Path, Type.Null()]),
  folders: Type.Array(Path, { maxItems: MAX_FOLDERS }),
});

export const OfferedPageSchema = Type.Object({
  offered: Type.Array(
    Type.Object({
      name: Name,
      size: Bytes,
      modified: Type.Integer(),
      root: Type.Union([RootSchema, Type.Null()]),
      fetched: Type.Integer({ minimum: 0, description: 'How often all of it was sent.' }),
      sent: Bytes,
    }),
  ),
  next: Type.Union([Type.String(), Type.Null()], { description: 'The `after` of the next page.' }),
});

/** Who sent which piece. Pieces in no run are missing. */
export interface Pieces {
  count: number;
  /** Endpoints, as text. */
  sources: string[];
  /** First piece, how many, and of whom: an index into `sources`, or -1: there from an earlier run. */
  runs: [piece: number, count: number, source: number][];
}

/** What happened to them since. */
export interface PiecesChange {
  /** All, in the same order as before. */
  sources: string[];
  arrived: [piece: number, source: number][];
  /** All that somebody is sending now. */
  underWay: [piece: number, source: number][];
}

export type ControlState = Static<typeof ControlStateSchema>;
export type PeerState = Static<typeof PeerStateSchema>;
export type RegistryState = Static<typeof RegistryStateSchema>;
export type ShareState = Static<typeof ShareSchema>;
export type DownloadState = Static<typeof DownloadStateSchema>;
export type Priority = Static<typeof PrioritySchema>;
export type Download = Static<typeof DownloadSchema>;
export type Upload = Static<typeof UploadSchema>;
export type Limits = Static<typeof LimitsSchema>;
export type Settings = Static<typeof SettingsSchema>;
export type NewDownload = Static<typeof NewDownloadSchema>;
export type DownloadChange = Static<typeof DownloadChangeSchema>;
export type OfferedPage = Static<typeof OfferedPageSchema>;
export type Folders = Static<typeof FoldersSchema>;
export type Preview = Static<typeof PreviewSchema>;
