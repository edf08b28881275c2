// What is being sent to whom, and how often each content was sent: for the person who looks. In memory only.
import { Meter } from '../../lib/meter.ts';
import type { OfferedFile } from './offers.ts';

/** Who asks for the next piece within so long has been receiving all the time. */
const GONE_AFTER_MS = 3_000;
/** Receivers that are told at once; of more only the sums are true. */
const MAX_UPLOADS = 1_000;
/** Contents of which it is known how much was sent; of more the ones that nobody asked for longest are forgotten. */
const MAX_COUNTED = 100_000;

export interface Upload {
  /** The address, and the port at which it serves where it says so. */
  to: string;
  name: string;
  root: string;
  /** Bytes a second. */
  rate: number;
  bytes: number;
}

interface Receiving {
  to: string;
  file: OfferedFile;
  meter: Meter;
  /** Answers that are being sent. */
  answers: number;
  lastAt: number;
}

/** One answer that is being sent, until it is disposed of. */
export interface Sending extends Disposable {
  add: (bytes: number) => void;
}

export class Uploads {
  readonly #receiving = new Map<string, Receiving>();
  /** Bytes by root, the one that was sent last at the end. */
  readonly #sent = new Map<string, number>();
  readonly #all = new Meter();

  begin(to: string, file: OfferedFile): Sending {
    const key = `${to} ${file.root}`;
    if (this.#receiving.size >= MAX_UPLOADS) this.#forget(performance.now());
    const known = this.#receiving.get(key);
    const one = known ?? { to, file, meter: new Meter(), answers: 0, lastAt: 0 };
    if (this.#receiving.size < MAX_UPLOADS) this.#receiving.set(key, one);
    one.answers++;
    return {
      add: (bytes) => {
        const now = performance.now();
        one.lastAt = now;
        one.meter.add(bytes, now);
        this.#all.add(bytes, now);
        this.#count(file.root, bytes);
      },
      [Symbol.dispose]: () => {
        one.answers--;
        one.lastAt = performance.now();
      },
    };
  }

  /** Who receives now. */
  get now(): Upload[] {
    const now = performance.now();
    this.#forget(now);
    return [...this.#receiving.values()].map(({ to, file: { name, root }, meter }) => ({
      ...{ to, name, root, rate: meter.rate(now), bytes: meter.total },
    }));
  }

  /** Bytes a second, to all. */
  get rate(): number {
    return this.#all.rate(performance.now());
  }

  /** Bytes, to all. */
  get sent(): number {
    return this.#all.total;
  }

  /** Bytes of a content. */
  sentOf(root: string): number {
    return this.#sent.get(root) ?? 0;
  }

  #count(root: string, bytes: number): void {
    const before = this.#sent.get(root) ?? 0;
    this.#sent.delete(root);
    this.#sent.set(root, before + bytes);
    if (this.#sent.size <= MAX_COUNTED) return;
    const [oldest] = this.#sent.keys();
    if (oldest !== undefined) this.#sent.delete(oldest);
  }

  #forget(now: number): void {
    for (const [key, { answers, lastAt }] of this.#receiving)
      if (answers === 0 && now - lastAt > GONE_AFTER_MS) this.#receiving.delete(key);
  }
}
