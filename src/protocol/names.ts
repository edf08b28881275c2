// What a name is: a file's path relative to its share. Also how a name from a stranger is shown and
// whether it may become a file name. Finding the file behind a name is the catalogue's.
import { CodedError } from './errors.ts';

/** The longest name, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 1024;

// The C0 and C1 controls and DEL: no file that people share needs them, and terminals obey them.
const CONTROL = /\p{Cc}/u;
const DRIVE = /^[A-Za-z]:[\\/]/;

/** Printable ASCII, which most names are: a byte a character, and normal as it is. */
const PLAIN = /^[ -~]*$/;

const NO_SEGMENT = /(?:^|\/)(\.{0,2})(?:\/|$)/;

const encoder = new TextEncoder();

/**
 * The name that a text spells, in Unicode NFC.
 *
 * A name has 1 to 1,024 bytes of UTF-8 in segments parted by `/`; no segment is empty, `.` or `..`;
 * there are no control characters, no backslashes and no lone surrogates, and it does not start with
 * a drive letter.
 *
 * @throws CodedError `bad-name`
 */
export function parseName(text: string): string {
  const fault = faultOf(text);
  if (fault !== undefined) throw new CodedError('bad-name', `${shown(text)}: ${fault}.`);
  return normalized(text);
}

/** Whether a text spells a name; see {@link parseName}. */
export function isName(text: string): boolean {
  return faultOf(text) === undefined;
}

/** In Unicode NFC. */
function normalized(text: string): string {
  return PLAIN.test(text) ? text : text.normalize('NFC');
}

function faultOf(text: string): string | undefined {
  // Normalising can lengthen a text: bound the work first, and measure what will be kept.
  if (text.length > MAX_NAME_BYTES) return `a name has at most ${MAX_NAME_BYTES} bytes`;
  if (text === '') return 'a name has at least one character';
  if (!text.isWellFormed()) return 'a name is well-formed Unicode';
  const name = normalized(text);
  const isPlain = PLAIN.test(name);
  if (!isPlain && encoder.encode(name).length > MAX_NAME_BYTES)
    return `a name has at most ${MAX_NAME_BYTES} bytes`;
  if (!isPlain && CONTROL.test(name)) return 'a name has no control characters';
  if (name.includes('\\')) return 'a name has no backslashes; segments are parted by "/"';
  if (DRIVE.test(name)) return 'a name does not start with a drive letter';
  const segment = NO_SEGMENT.exec(name)?.[1];
  if (segment === '') return 'a name has no empty segments, and no "/" at its start or end';
  if (segment !== undefined) return 'a name has no "." or ".." segments';
  return undefined;
}

/** The last segment of a name: what the file is called. */
export function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** A name as the path of a URL: each segment percent-encoded, the slashes between them kept. */
export function namePath(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}

/**
 * The name that a URL's path spells: the reverse of {@link namePath}, which `%2F` for `/` passes too.
 *
 * @throws CodedError `bad-name`
 */
export function parseNamePath(path: string): string {
  let text: string;
  try {
    text = decodeURIComponent(path);
  } catch {
    throw new CodedError('bad-name', `${shown(path)}: not percent-encoded UTF-8.`);
  }
  return parseName(text);
}

const WINDOWS_DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)/i;
const WINDOWS_FORBIDDEN = /[<>:"|?*]/;
/** What the common file systems (ext4, APFS, NTFS) allow in one segment, in bytes. */
const MAX_SEGMENT_BYTES = 255;

/**
 * Why a segment cannot be a file name on a platform (`process.platform`), or undefined when it can.
 * Source: "Naming Files, Paths, and Namespaces" of the Windows documentation.
 */
export function faultAsFileName(segment: string, platform: string): string | undefined {
  if (segment === '' || segment === '.' || segment === '..' || /[/\\]/.test(segment))
    return 'it is not a single segment';
  if (CONTROL.test(segment)) return 'it has control characters';
  if (encoder.encode(segment).length > MAX_SEGMENT_BYTES)
    return `it is longer than ${MAX_SEGMENT_BYTES} bytes`;
  if (platform !== 'win32') return undefined;
  if (WINDOWS_DEVICE.test(segment)) return 'it names a device';
  if (WINDOWS_FORBIDDEN.test(segment)) return 'it has one of < > : " | ? *';
  if (/[. ]$/.test(segment)) return 'it ends in a dot or a space';
  return undefined;
}

// Controls, line separators and the format characters that reorder or hide the text around them:
// Unicode general categories Cc, Cf, Zl, Zp, Cs, without the two joiners that scripts and emoji need.
const UNPRINTABLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A stranger's text as it can be put on a terminal: what would steer or deceive it is escaped. */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** JSON as it can be put on a terminal: the same is escaped, in JSON's own way, so that it still says it. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, (character) =>
    // A character beyond the first 65,536 is two units, and two escapes.
    Array.from({ length: character.length }, (_, unit) => {
      const code = character.charCodeAt(unit).toString(16);
      return `\\u${code.padStart(4, '0')}`;
    }).join(''),
  );
}

function shown(text: string): string {
  return `"${printable(text.length > 80 ? `${text.slice(0, 80).toWellFormed()}…` : text)}"`;
}
