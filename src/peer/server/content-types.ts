// What a file is, for a browser: its media type, and whether it may be shown in place. What can carry
// script is always an attachment.
import { create as contentDisposition } from 'content-disposition';
import mime from 'mime';
import { lastSegment } from '../../protocol/names.ts';

const SHOWN = /^(image\/(?!svg)|video\/|audio\/|text\/plain$|application\/pdf$)/;

export function contentHeaders(name: string): Record<string, string> {
  // Behind a slash a name without a dot is no ending: a file called "text" or "png" may be anything.
  const type = mime.getType(`/${name}`) ?? 'application/octet-stream';
  return {
    'content-type': type.startsWith('text/') ? `${type}; charset=utf-8` : type,
    'content-disposition': contentDisposition(lastSegment(name), {
      type: SHOWN.test(type) ? 'inline' : 'attachment',
    }),
    'x-content-type-options': 'nosniff',
  };
}
