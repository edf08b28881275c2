// As what a file is shown before it is trusted: pictures, sound, films and text, by the ending of its name.
// Whatever could act on a page comes as plain text, and what is none of these is not shown.
import mime from 'mime';
import { lastSegment } from '../../protocol/names.ts';

const TEXT = 'text/plain; charset=utf-8';

/** What browsers show, and can neither run nor follow. No SVG, which is a page; no playlists, which are links. */
const SHOWN = new Set([
  ...[
    'image/png',
    'image/apng',
    'image/jpeg',
    'image/gif',
    'image/webp',
    'image/avif',
    'image/bmp',
  ],
  ...['image/vnd.microsoft.icon', 'image/jxl'],
  ...[
    'audio/mpeg',
    'audio/mp4',
    'audio/ogg',
    'audio/wav',
    'audio/x-flac',
    'audio/aac',
    'audio/webm',
  ],
  ...['video/mp4', 'video/x-m4v', 'video/webm', 'video/ogg', 'video/quicktime', 'video/x-matroska'],
  ...['video/3gpp', 'video/mpeg', 'video/x-msvideo'],
]);

/** Text, for people, under names that do not begin with `text/`. */
const TEXT_TYPES =
  /^(text\/|message\/|application\/((.+\+)?(xml|json)|json5|javascript|toml|x-sh|sql|x-tex|x-subrip|x-httpd-php|rtf|x-yaml)$|image\/svg)/;
/** Endings that stand for text, and for something else in the list of media types or for nothing. */
const TEXT_ENDINGS =
  /(^|\.)(ts|mts|cts|tsx|py|rb|go|rs|cfg|diff|patch|lock|env|gradle|kt|swift|vue|svelte|readme|license|licence|copying|authors|changelog|makefile|dockerfile)$/i;

/** The media type that a file is sent as; undefined: it is not shown. */
export function previewType(name: string): string | undefined {
  const file = lastSegment(name);
  if (TEXT_ENDINGS.test(file)) return TEXT;
  const type = mime.getType(`/${file}`);
  if (type === null) return undefined;
  // Viewers of PDF do not work in a sandbox, and run scripts outside of one: it is sent to be saved.
  if (SHOWN.has(type) || type === PDF) return type;
  return TEXT_TYPES.test(type) ? TEXT : undefined;
}

export const PDF = 'application/pdf';
