// The built page, in memory: a few files, each with its tag and in the encodings that it was built in.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import mime from 'mime';
import { join, sep } from 'node:path';

/** What every path of the page itself is answered with. */
export const INDEX = 'index.html';

const ENCODINGS = { br: '.br', gzip: '.gz' } as const;
export type Encoding = keyof typeof ENCODINGS;

interface Body {
  bytes: Buffer;
  /** A strong entity tag: another one for each encoding (RFC 9110 section 8.8.3). */
  tag: string;
}

export interface PageFile {
  type: string;
  plain: Body;
  encoded: Partial<Record<Encoding, Body>>;
}

/** The files by their paths, `index.html` and `assets/…`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** The page in a folder; undefined where there is none. */
export async function readPage(folder: string): Promise<PageFiles | undefined> {
  const bodies = new Map<string, Body>();
  for (const path of await pathsIn(folder)) {
    const bytes = await readFile(join(folder, path));
    const digest = createHash('sha256').update(bytes).digest('base64url');
    bodies.set(path.replaceAll(sep, '/'), { bytes, tag: `"${digest}"` });
  }
  const files = new Map<string, PageFile>();
  for (const [path, plain] of bodies) {
    if (Object.values(ENCODINGS).some((ending) => path.endsWith(ending))) continue;
    const encoded: PageFile['encoded'] = {};
    for (const [encoding, ending] of Object.entries(ENCODINGS) as [Encoding, string][]) {
      const body = bodies.get(path + ending);
      if (body && body.bytes.length < plain.bytes.length) encoded[encoding] = body;
    }
    files.set(path, { type: typeOf(path), plain, encoded });
  }
  return files.has(INDEX) ? files : undefined;
}

/** Files whose name begins with a dot are the builder's own. */
async function pathsIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, sep).length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function typeOf(path: string): string {
  const type = mime.getType(path) ?? 'application/octet-stream';
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type;
}
