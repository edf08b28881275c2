// Names from strangers, for a page: what kind of file one is, and how it is cut where it is too long.
import { lastSegment } from '../../../src/protocol/names.ts';

export type Kind =
  'video' | 'audio' | 'image' | 'text' | 'document' | 'archive' | 'code' | 'program' | 'file';

const EXTENSIONS: Readonly<Record<Exclude<Kind, 'file'>, string>> = {
  video: 'mp4 mkv webm mov avi m4v mpg mpeg wmv ogv flv',
  audio: 'mp3 flac ogg opus m4a wav aac wma aiff mid midi',
  image: 'jpg jpeg png gif webp avif svg heic bmp tiff tif ico raw cr2 psd',
  text: 'txt md log csv tsv srt vtt nfo rst tex',
  document: 'pdf doc docx odt xls xlsx ods ppt pptx odp epub mobi rtf ps djvu',
  archive: 'zip gz tgz xz bz2 zst 7z rar tar iso img dmg cab',
  code: 'js ts tsx jsx py c h cpp rs go java rb php sh html css json xml yaml yml toml sql ipynb',
  program: 'exe msi apk deb rpm appimage bin jar so dll',
};

const KINDS = new Map<string, Kind>(
  Object.entries(EXTENSIONS).flatMap(([kind, list]) =>
    list.split(' ').map((extension) => [extension, kind as Kind] as const),
  ),
);

/** What follows the last dot of the file's own name, in lower case; '' where nothing sensible does. */
export function extensionOf(name: string): string {
  const file = lastSegment(name);
  const dot = file.lastIndexOf('.');
  const extension = dot > 0 ? file.slice(dot + 1).toLowerCase() : '';
  return /^[a-z0-9]{1,10}$/.test(extension) ? extension : '';
}

export function kindOf(name: string): Kind {
  return KINDS.get(extensionOf(name)) ?? 'file';
}

/** The folder that a name is in, without the slash at its end; '' for none. */
export function folderOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

/** A name that is shorter is never cut. */
const SHORT = 14;
/** What is always seen of a long name's end: its extension, and what tells parts of one series apart. */
const TAIL = 9;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Most names: each of their characters is one to a reader as well, and to look for more takes a list its time. */
const PLAIN = /^[ -~]*$/;

function* charactersOf(text: string): Iterable<string> {
  if (PLAIN.test(text)) yield* text;
  else for (const { segment } of graphemes.segment(text)) yield segment;
}

/** Room that is enough for a short text, in widths of a digit, in whatever common type. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of charactersOf(text))
    width +=
      WIDTHS.find(([of]) => of.test(character))?.[1] ??
      // Of other scripts, and pictures, a character may be as wide as it is high.
      2.2;
  return Math.ceil(width);
}

const WIDTHS: readonly (readonly [of: RegExp, width: number])[] = [
  [/^[ .,:;'!|iljtfr()[\]]$/, 0.7],
  [/^[A-Zmw@%&]$/, 1.45],
  [/^[\u0020-\u024f]$/, 1.05],
];

/** A text of at most so many characters, as a reader counts them. */
export function shortened(text: string, most: number): string {
  // A character of more than 16 units is no letter that anybody misses.
  const characters = [...graphemes.segment(text.slice(0, most * 16))];
  const cut = characters[most - 1];
  return characters.length <= most || !cut ? text : `${text.slice(0, cut.index)}…`;
}

/** Scripts whose letters join: a word of theirs that is cut in two boxes changes its look. */
const JOINING =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}\p{Script=Adlam}]/u;
/** An extension, with its dot, is at most so long. */
const MAX_EXTENSION = 12;

/** A text in two: a head that may be cut where there is no room, and an end that is always seen. */
export function inTwo(text: string): [head: string, tail: string] {
  if (text.length <= SHORT) return [text, ''];
  if (JOINING.test(text)) {
    const dot = text.lastIndexOf('.');
    const isExtension = dot > 0 && text.length - dot <= MAX_EXTENSION;
    return isExtension ? [text.slice(0, dot), text.slice(dot)] : [text, ''];
  }
  if (PLAIN.test(text)) return [text.slice(0, -TAIL), text.slice(-TAIL)];
  // Enough of the end to hold so many of what a reader takes for a character, unless they are monstrous.
  const from = Math.max(0, text.length - TAIL * 16);
  const ends = [...graphemes.segment(text.slice(from))];
  const first = ends.at(-TAIL);
  if (!first || from + first.index === 0) return [text, ''];
  const cut = from + first.index;
  return [text.slice(0, cut), text.slice(cut)];
}
