// Remembers which root a file had in which state, and the piece layers of the roots, so that a restart
// hashes nothing anew. It is a cache: what is lost of it is hashed again.
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import { pieceCountOf } from '../../protocol/merkle.ts';
import type { Identity } from './hasher.ts';
import type { FileState, FoundFile } from './shared-file.ts';

const BUSY_TIMEOUT_MS = 2_000;
/** What came to be known is written so much later, together. */
const WRITE_AFTER_MS = 500;
/** What was not asked for in so long is forgotten. */
const KEEP_DAYS = 180;
const DAY_MS = 24 * 60 * 60 * 1000;
/** SQLITE_ERROR (its tables are others), SQLITE_CORRUPT, SQLITE_NOTADB: what is there is of no use. */
const USELESS = new Set([1, 11, 26]);

const TABLES = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS files (
    path  TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    root  TEXT NOT NULL,
    day   INTEGER NOT NULL            -- when it was last asked for, in days since 1970
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS layers ( -- of contents of more than one piece: of one, it is the root
    root  TEXT PRIMARY KEY,
    layer BLOB NOT NULL
  ) STRICT;
`;

interface Known {
  state: string;
  root: string;
}

export class HashCache implements Startable {
  readonly #file: string;
  readonly #log: Logger;
  readonly #today = Math.floor(Date.now() / DAY_MS);
  #open: ReturnType<typeof openAt> | undefined;
  /** What is to be written, by path and by root. */
  readonly #files = new Map<string, Known>();
  readonly #layers = new Map<string, Uint8Array>();
  #writing: NodeJS.Timeout | undefined;

  /** @param file where it is kept; `:memory:` keeps it for this run only */
  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#log = log;
  }

  /** A cache that cannot be opened is kept in memory: sharing does not depend on it. */
  start(): Promise<void> {
    try {
      this.#open = openOrReplace(this.#file);
    } catch (err) {
      this.#log.warn({ err, file: this.#file }, 'no cache of hashes: everything is hashed anew');
      this.#open = openAt(':memory:');
    }
    return Promise.resolve();
  }

  stop(): Promise<void> {
    if (this.#open) this.#write();
    this.#open?.database.close();
    this.#open = undefined;
    return Promise.resolve();
  }

  /** The root of a file in the state in which it was found, if it was hashed in it before. */
  rootOf({ realPath, state }: FoundFile): string | undefined {
    const text = textOf(state);
    const unwritten = this.#files.get(realPath);
    if (unwritten?.state === text) return unwritten.root;
    const hasLayer = pieceCountOf(state.size) > 1 ? 1 : 0;
    const row = this.#read(({ find }) => find.get(realPath, text, hasLayer)) as
      { root: string; day: number } | undefined;
    if (!row) return undefined;
    if (row.day !== this.#today) this.#keepFile(realPath, { state: text, root: row.root });
    return row.root;
  }

  /** The piece layer of a content of more than one piece. */
  layerOf(root: string): Uint8Array | undefined {
    const unwritten = this.#layers.get(root);
    if (unwritten) return unwritten;
    return this.#read(({ layer }) => layer.get(root))?.['layer'] as Uint8Array | undefined;
  }

  keep({ realPath, state }: FoundFile, { root, layer }: Identity): void {
    if (pieceCountOf(state.size) > 1) this.#layers.set(root, layer);
    this.#keepFile(realPath, { state: textOf(state), root });
  }

  /** What cannot be read is not known. */
  #read<T>(ask: (open: ReturnType<typeof openAt>) => T): T | undefined {
    try {
      return this.#open && ask(this.#open);
    } catch (err) {
      this.#log.warn({ err, file: this.#file }, 'the cache of hashes could not be read');
      return undefined;
    }
  }

  #keepFile(path: string, known: Known): void {
    this.#files.set(path, known);
    this.#writing ??= setTimeout(() => {
      this.#write();
    }, WRITE_AFTER_MS).unref();
  }

  #write(): void {
    clearTimeout(this.#writing);
    this.#writing = undefined;
    if (!this.#open) return;
    const { database, keepFile, keepLayer } = this.#open;
    try {
      database.exec('BEGIN IMMEDIATE');
      for (const [root, layer] of this.#layers) keepLayer.run(root, layer);
      for (const [path, { state, root }] of this.#files)
        keepFile.run(path, state, root, this.#today);
      database.exec('COMMIT');
      this.#files.clear();
      this.#layers.clear();
    } catch (err) {
      // They stay in memory, and are tried again with the next ones.
      if (database.isTransaction) database.exec('ROLLBACK');
      this.#log.warn({ err, file: this.#file }, 'the cache of hashes could not be written');
    }
  }
}

/** A cache that is broken is begun anew: otherwise everything would be hashed at each start. */
function openOrReplace(file: string) {
  try {
    return openAt(file);
  } catch (error) {
    const { errcode = 0 } = error as { errcode?: number };
    if (!USELESS.has(errcode & 0xff)) throw error;
    for (const ending of ['', '-wal', '-shm']) rmSync(file + ending, { force: true });
    return openAt(file);
  }
}

function openAt(file: string) {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec(TABLES);
    const oldest = Math.floor(Date.now() / DAY_MS) - KEEP_DAYS;
    database.exec(`
      DELETE FROM files WHERE day < ${oldest};
      DELETE FROM layers WHERE root NOT IN (SELECT root FROM files);
    `);
    return {
      database,
      find: database.prepare(`
        SELECT root, day FROM files WHERE path = ? AND state = ?
        AND (? = 0 OR EXISTS (SELECT 1 FROM layers WHERE layers.root = files.root))
      `),
      layer: database.prepare('SELECT layer FROM layers WHERE root = ?'),
      keepFile: database.prepare(
        'INSERT OR REPLACE INTO files (path, state, root, day) VALUES (?, ?, ?, ?)',
      ),
      keepLayer: database.prepare('INSERT OR IGNORE INTO layers (root, layer) VALUES (?, ?)'),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Without the device: the same disk may have another number after a restart of the machine. */
function textOf({ size, mtime, inode }: FileState): string {
  return [size, mtime, inode].join(' ');
}
