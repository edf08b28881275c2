// Downloads: adding, changing and removing them, their pieces as they come, and their folder.
import { Type } from 'typebox';
import { dirname } from 'node:path';
import type { HttpApp } from '../../../lib/http/app.ts';
import {
  DownloadChangeSchema,
  IdSchema,
  NewDownloadSchema,
  type Download,
} from '../../../protocol/control.ts';
import { CodedError } from '../../../protocol/errors.ts';
import { parseName } from '../../../protocol/names.ts';
import type { Controlled } from '../controlled.ts';
import type { Followers } from '../followers.ts';
import { absolutePath } from '../paths.ts';
import { tellPieces } from '../pieces-feed.ts';

export const DownloadParams = Type.Object({ id: IdSchema });

/** @throws CodedError `not-found` */
export function downloadOf(controlled: Controlled, id: string): Download {
  const download = controlled.state.downloads.find((each) => each.id === id);
  if (!download) throw new CodedError('not-found', 'There is no such download.');
  return download;
}

export function downloadRoutes(
  app: HttpApp,
  controlled: Controlled,
  followers: Followers,
  openFolder: (folder: string) => Promise<void>,
): void {
  app.post('/downloads', { schema: { body: NewDownloadSchema } }, (request) => {
    const { name, folder, ...wanted } = request.body;
    return controlled.addDownload({
      ...wanted,
      name: parseName(name),
      ...(folder !== undefined && { folder: absolutePath(folder) }),
    });
  });

  app.patch(
    '/downloads/:id',
    { schema: { params: DownloadParams, body: DownloadChangeSchema } },
    (request) => controlled.changeDownload(request.params.id, request.body),
  );

  app.delete('/downloads/:id', { schema: { params: DownloadParams } }, async (request, reply) => {
    await controlled.removeDownload(request.params.id);
    return reply.code(204).send();
  });

  app.get('/downloads/:id/pieces', { schema: { params: DownloadParams } }, (request, reply) => {
    const { id } = downloadOf(controlled, request.params.id);
    tellPieces(controlled, id, followers.begin(reply, 'pieces as they arrive'));
  });

  app.post(
    '/downloads/:id/open',
    { schema: { params: DownloadParams } },
    async (request, reply) => {
      await openFolder(dirname(downloadOf(controlled, request.params.id).path));
      return reply.code(204).send();
    },
  );
}
