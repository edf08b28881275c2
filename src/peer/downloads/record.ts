// What is remembered of a download across restarts.
import { isAbsolute } from 'node:path';
import { Type, type Static } from 'typebox';
import { FaultSchema, MAX_DOWNLOADS, PrioritySchema } from '../../protocol/control.ts';
import { isName, MAX_NAME_BYTES } from '../../protocol/names.ts';
import { RootSchema } from '../../protocol/schemas.ts';

const Size = Type.Union([
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  Type.Null(),
]);

const RecordSchema = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  name: Type.String({ maxLength: MAX_NAME_BYTES }),
  root: RootSchema,
  /** What the registry said, and what is proven. */
  toldSize: Size,
  size: Size,
  /** Absolute. */
  path: Type.String({ minLength: 1, maxLength: 8_192 }),
  state: Type.Union([
    Type.Literal('waiting'),
    Type.Literal('paused'),
    Type.Literal('done'),
    Type.Literal('failed'),
  ]),
  priority: PrioritySchema,
  sequential: Type.Boolean(),
  have: Type.Integer({ minimum: 0 }),
  addedAt: Type.Integer({ minimum: 0 }),
  finishedAt: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
  fault: Type.Union([FaultSchema, Type.Null()]),
});

export type DownloadRecord = Static<typeof RecordSchema>;

export const RecordsSchema = Type.Object({
  version: Type.Literal(1),
  downloads: Type.Array(RecordSchema, { maxItems: MAX_DOWNLOADS }),
});

/** What a schema cannot say of it. */
export function isUsable({ name, path, state, size }: DownloadRecord): boolean {
  return isName(name) && isAbsolute(path) && (state !== 'done' || size !== null);
}
