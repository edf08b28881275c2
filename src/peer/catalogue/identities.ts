// Which content a file is: from the cache where it is known, by hashing otherwise. A file that is being
// written is left alone until it has been quiet for a while.
import { pause, type Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import { pieceCountOf } from '../../protocol/merkle.ts';
import { HashCache } from './hash-cache.ts';
import { Hasher, type Identity, type NoIdentity } from './hasher.ts';
import type { FoundFile, SharedFile } from './shared-file.ts';

/** The clocks of file systems tick a hundred times a second: two writes in one tick look like one. */
const QUIET_MS = 100;
/** Some keep whole seconds, and FAT every other: such a time may be of one of them. */
const COARSE_QUIET_MS = 2_100;
/** A file is left alone for about as long as hashing it takes, so that a growing one is not hashed for ever. */
const BYTES_PER_QUIET_MS = 400_000;
const MAX_QUIET_MS = 30_000;

/** How far hashing is. Bytes and files that were found in the cache do not count. */
export interface Indexing {
  files: { done: number; left: number };
  bytes: { done: number; left: number };
}

export class Identities implements Startable {
  readonly #cache: HashCache;
  readonly #hasher = new Hasher();
  readonly #stopping = new AbortController();
  #filesDone = 0;
  #filesLeft = 0;
  /** Bytes of the files that are done or left. */
  #bytesWanted = 0;

  /** @param cacheFile where roots are remembered; `:memory:`: for this run only */
  constructor(cacheFile: string, log: Logger) {
    this.#cache = new HashCache(cacheFile, log);
  }

  async start(): Promise<void> {
    await this.#cache.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#hasher.stop();
    await this.#cache.stop();
  }

  /** The root of a file that was hashed in this state before. */
  known(file: FoundFile): string | undefined {
    return this.#cache.rootOf(file);
  }

  /**
   * The root of a file in the state in which it was found. Never rejects.
   *
   * @param isWanted asked before anything is read: whether it is still of use
   * @param onHashed told how many bytes more were hashed; less than none, where it was in vain
   */
  async identify(
    file: FoundFile,
    isWanted: () => boolean,
    onHashed: (bytes: number) => void,
  ): Promise<{ root: string } | NoIdentity> {
    this.#filesLeft++;
    const identity = await this.#hash(file, isWanted, onHashed);
    this.#filesLeft--;
    if (typeof identity === 'string') return identity;
    this.#filesDone++;
    return { root: identity.root };
  }

  /** The piece layer of a file's content; undefined: it is no longer that content. */
  async layerOf(file: SharedFile): Promise<Uint8Array | undefined> {
    if (pieceCountOf(file.state.size) === 1) return Buffer.from(file.root, 'hex');
    const kept = this.#cache.layerOf(file.root);
    if (kept) return kept;
    const identity = await this.#hash(file, () => true);
    if (typeof identity === 'string' || identity.root !== file.root) return undefined;
    return identity.layer;
  }

  /** What is known of a file without reading it: it was just made of verified pieces. */
  keep(file: FoundFile, identity: Identity): void {
    this.#cache.keep(file, identity);
  }

  async #hash(
    file: FoundFile,
    isWanted: () => boolean,
    onHashed?: (bytes: number) => void,
  ): Promise<Identity | NoIdentity> {
    const { size } = file.state;
    this.#bytesWanted += size;
    const quietMs = quietMsLeft(file, Date.now());
    if (quietMs > 0) await pause(quietMs, this.#stopping.signal);
    const identity = await this.#hasher.identityOf(file, isWanted, onHashed);
    if (typeof identity === 'string') this.#bytesWanted -= size;
    else this.#cache.keep(file, identity);
    return identity;
  }

  get indexing(): Indexing {
    const done = this.#hasher.hashedBytes;
    return {
      files: { done: this.#filesDone, left: this.#filesLeft },
      bytes: { done, left: Math.max(0, this.#bytesWanted - done) },
    };
  }
}

/** How long a file has yet to be quiet; a time stamp from the future says nothing. */
export function quietMsLeft({ state }: FoundFile, now: number): number {
  const tickMs = state.mtime % 1_000_000_000n === 0n ? COARSE_QUIET_MS : QUIET_MS;
  const wanted = Math.min(Math.max(tickMs, state.size / BYTES_PER_QUIET_MS), MAX_QUIET_MS);
  const age = now - Number(state.mtime / 1_000_000n);
  return age < 0 ? 0 : wanted - age;
}
