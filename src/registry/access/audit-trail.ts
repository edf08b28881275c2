// Who did what in a private network. Written some seconds later, many at once; what is alike is counted, and of
// one key only so much is told: nobody can push out of the trail what others did, or make it cost more.
import type { AuditEntry, Key } from '../../protocol/access.ts';
import { Repeating, type Startable } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import type { AccessStore } from '../store/access-store.ts';

const WRITE_EVERY_MS = 5_000;
/** Of one key, or of all without one, between two times of writing; the rest is one entry. */
const MAX_OF_ONE = 50;
/** What waits while the index cannot be written to; the latest of more are left out. */
const MAX_WAITING = 10_000;
/** A name has at most so many bytes; what was asked may be anything. */
const MAX_SUBJECT = 1_024;

type Entry = Omit<AuditEntry, 'id'>;
export type Noted = Omit<Entry, 'count' | 'key'> & { key: Pick<Key, 'id' | 'name'> | null };

export class AuditTrail implements Startable {
  readonly #store: Pick<AccessStore, 'record'>;
  readonly #writing: Repeating;
  #waiting = new Map<string, Entry>();
  #ofKey = new Map<string, number>();
  #writes: Promise<unknown> = Promise.resolve();

  constructor(store: Pick<AccessStore, 'record'>, log: Logger) {
    this.#store = store;
    this.#writing = new Repeating({
      work: () => this.write(),
      pauseMs: WRITE_EVERY_MS,
      pauseFirst: true,
      onError: (err) => {
        log.error({ err }, 'the audit trail could not be written; it is tried again');
      },
    });
  }

  start(): Promise<void> {
    return this.#writing.start();
  }

  async stop(): Promise<void> {
    await this.#writing.stop();
    await this.write().catch(() => undefined);
  }

  note({ key, subject, ...told }: Noted): void {
    const id = key?.id ?? '';
    const many = this.#ofKey.get(id) ?? 0;
    if (many >= MAX_OF_ONE)
      this.#add({ ...told, key, subject: null, action: 'more' }, `${id} more`);
    else {
      const cut = subject?.slice(0, MAX_SUBJECT) ?? null;
      const alike = [id, told.address, told.action, told.outcome, cut].join(' ');
      if (this.#add({ ...told, key, subject: cut }, alike)) this.#ofKey.set(id, many + 1);
    }
  }

  /** Writes what was noted. */
  write(): Promise<void> {
    const written = this.#writes.then(() => this.#write());
    this.#writes = written.catch(() => undefined);
    return written;
  }

  async #write(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const entries = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#ofKey = new Map();
    try {
      await this.#store.record(entries);
    } catch (error) {
      const meanwhile = this.#waiting;
      this.#waiting = new Map(entries.map((entry, index) => [`former ${index}`, entry]));
      for (const [alike, entry] of meanwhile) this.#add(entry, alike);
      throw error;
    }
  }

  /** True: it is a new entry. */
  #add({ key, count = 1, ...entry }: Noted & { count?: number }, alike: string): boolean {
    const same = this.#waiting.get(alike);
    if (same) same.count += count;
    else if (this.#waiting.size < MAX_WAITING)
      this.#waiting.set(alike, {
        ...entry,
        key: key && { id: key.id, name: key.name },
        count,
      });
    return !same;
  }
}
