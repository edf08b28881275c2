// What is said about access to a private network: keys and their roles, tickets, who did what.
import { Type, type Static } from 'typebox';
import { MAX_NAME_BYTES } from './names.ts';
import { PeerIdSchema, RootSchema } from './schemas.ts';

/** Each may do what those before it may. */
export const ROLES = ['reader', 'member', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** So many characters has the name of a key, at most. */
const MAX_KEY_NAME = 64;
/** So many characters has the reason of a removal, at most. */
const MAX_REASON = 500;

const KEY_ID = '5f0c1b7a9e3d2846';
const TIME = 1_767_225_600_000;

const TimeSchema = Type.Integer({
  minimum: 0,
  maximum: 8_640_000_000_000_000,
  description: 'Milliseconds since 1970-01-01T00:00:00Z.',
});
export const KeyIdSchema = Type.String({ pattern: '^[0-9a-f]{16}$', examples: [KEY_ID] });
export const RoleSchema = Type.Union(
  [Type.Literal('reader'), Type.Literal('member'), Type.Literal('admin')],
  {
    description:
      'reader: searches, looks up and downloads; member: shares as well; admin: keys, removals, audit, too.',
  },
);
const KeyNameSchema = Type.String({
  minLength: 1,
  maxLength: MAX_KEY_NAME,
  description: 'Whose key it is, for people.',
});
const ExpiresSchema = Type.Union([TimeSchema, Type.Null()], {
  description: 'When it ends; null: never.',
});

/** A key as those see it who look after keys: never the key itself. */
const KeySchema = Type.Object({
  id: KeyIdSchema,
  name: KeyNameSchema,
  role: RoleSchema,
  created: TimeSchema,
  expires: ExpiresSchema,
});
export type Key = Static<typeof KeySchema>;

export const NewKeySchema = Type.Object(
  { name: KeyNameSchema, role: RoleSchema, expires: Type.Optional(ExpiresSchema) },
  { additionalProperties: false, examples: [{ name: 'Ann', role: 'member' }] },
);
export type NewKey = Static<typeof NewKeySchema>;

/** Lets one peer fetch one content from whoever holds it, for some minutes. */
export const TicketRequestSchema = Type.Object(
  { root: RootSchema, asker: PeerIdSchema },
  {
    additionalProperties: false,
    examples: [
      { root: '8f3c2a0d51b94e67c0a9de13847b65f2'.repeat(2), asker: '0123456789abcdef'.repeat(2) },
    ],
  },
);
export type TicketRequest = Static<typeof TicketRequestSchema>;

export const TicketSchema = Type.Object(
  { ticket: Type.String({ maxLength: 4_096 }), expires: TimeSchema },
  { examples: [{ ticket: 'eyJhbGciOiJFZERTQSJ9.e30.c2ln', expires: TIME }] },
);
export type Ticket = Static<typeof TicketSchema>;

/** What happened in a private network, to be read by its administrators. */
const AuditEntrySchema = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  at: TimeSchema,
  key: Type.Union([Type.Object({ id: KeyIdSchema, name: KeyNameSchema }), Type.Null()], {
    description: 'Who; null: somebody without a key.',
  }),
  address: Type.String({ description: 'From where.', examples: ['192.0.2.7'] }),
  action: Type.String({ examples: ['look-up'] }),
  subject: Type.Union([Type.String(), Type.Null()], {
    description: 'What it was done to: a name, a root, a peer id, the id of a key.',
  }),
  outcome: Type.String({ description: '`done`, or the code of the refusal.', examples: ['done'] }),
  count: Type.Integer({
    minimum: 1,
    description: 'How often within some seconds: what is alike is one entry.',
  }),
});
export type AuditEntry = Static<typeof AuditEntrySchema>;

export const AuditSchema = Type.Object({
  entries: Type.Array(AuditEntrySchema),
  next: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
    description: 'For `after`, where there is more; null: that was all.',
  }),
});
export type Audit = Static<typeof AuditSchema>;

/** All keys of a network, the latest first. */
export const KeysSchema = Type.Object({ keys: Type.Array(KeySchema) });
export type KeyList = Static<typeof KeysSchema>;

/** The one answer that holds a key itself. */
export const MadeKeySchema = Type.Object({
  ...KeySchema.properties,
  key: Type.String({
    description: 'The key itself: it is told here once, and kept nowhere.',
    examples: [`sp2p_${KEY_ID}_${'A'.repeat(43)}`],
  }),
  pin: Type.Union([Type.String(), Type.Null()], {
    description:
      'For its join link: the pin of the registry’s certificate; null: somebody signed that whom systems may know.',
  }),
});
export type MadeKey = Static<typeof MadeKeySchema>;

export const SignInSchema = Type.Object(
  { key: Type.String({ maxLength: 1_024, description: 'The key, or its join link.' }) },
  { additionalProperties: false, examples: [{ key: `sp2p_${KEY_ID}_${'A'.repeat(43)}` }] },
);

/** What an administrator takes off the network. */
const RemovalKindSchema = Type.Union(
  [Type.Literal('name'), Type.Literal('content'), Type.Literal('peer')],
  { description: 'What the subject is: a name, a root, or a peer id.' },
);
const SubjectSchema = Type.String({ minLength: 1, maxLength: MAX_NAME_BYTES });
const REMOVED = {
  kind: 'name' as const,
  subject: 'Lectures/Exam.pdf',
  reason: 'Not out before Friday.',
};

export const NewRemovalSchema = Type.Object(
  {
    kind: RemovalKindSchema,
    subject: SubjectSchema,
    reason: Type.Optional(
      Type.String({ maxLength: MAX_REASON, description: 'For those who look after the network.' }),
    ),
  },
  { additionalProperties: false, examples: [REMOVED] },
);
export type NewRemoval = Static<typeof NewRemovalSchema>;

const RemovalIdSchema = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

export const RemovalSchema = Type.Object(
  {
    id: RemovalIdSchema,
    kind: RemovalKindSchema,
    subject: SubjectSchema,
    reason: Type.String({ maxLength: MAX_REASON }),
    by: Type.String({ description: 'The name of the key that did it.' }),
    at: TimeSchema,
  },
  { examples: [{ id: 1, ...REMOVED, by: 'Ann', at: TIME }] },
);
export type Removal = Static<typeof RemovalSchema>;
export type RemovalKind = Removal['kind'];

export const RemovalsSchema = Type.Object({
  removals: Type.Array(RemovalSchema, { description: 'The latest first.' }),
  more: Type.Boolean({
    description: 'Whether there are earlier ones: ask for those `before` the last.',
  }),
});
export type Removals = Static<typeof RemovalsSchema>;
