// How much a person lets this machine send and receive: what the flags say and, where there is one, what a
// file says now. The file is read again whenever it changes.
import { readFile, stat } from 'node:fs/promises';
import { Repeating, type Startable } from '../lib/lifecycle.ts';
import { RateLimit } from '../lib/rate-limit.ts';
import { printable } from '../protocol/names.ts';
import { parseRate, RATE_FORM, rateText } from './rates.ts';
import { say } from './terminal.ts';

const LOOK_EVERY_MS = 1_000;
/** No file of limits is larger; what is there is another file. */
const MAX_FILE_BYTES = 64 * 1024;

const KINDS = { maxUpload: 'upload limit', maxDownload: 'download limit' } as const;
type Kind = keyof typeof KINDS;
/** Bytes a second; Infinity: no limit; undefined: nothing is said of it. */
type Rates = Partial<Record<Kind, number>>;

export class Limits implements Startable {
  readonly maxUpload: RateLimit;
  readonly maxDownload: RateLimit;
  readonly #flags: Rates;
  readonly #path: string | undefined;
  readonly #inUse: readonly Kind[];
  readonly #looking: Repeating;
  /** The state in which the file was read last. */
  #state = '';
  /** What was wrong with it then. */
  #fault: string | undefined;

  /** @param inUse the limits that this command has; a file may hold those of others too */
  constructor(flags: Rates & { limits?: string }, inUse: readonly Kind[]) {
    this.maxUpload = new RateLimit(flags.maxUpload);
    this.maxDownload = new RateLimit(flags.maxDownload);
    this.#flags = flags;
    this.#path = flags.limits;
    this.#inUse = inUse;
    this.#looking = new Repeating({
      work: () => this.#look(),
      pauseMs: LOOK_EVERY_MS,
      pauseFirst: true,
      onError: (error) => {
        this.#tellFault(String(error));
      },
    });
  }

  /** Resolves when the file has been read. One that is missing or wrong is said, and is no failure. */
  async start(): Promise<void> {
    if (this.#path === undefined) return;
    await this.#look();
    await this.#looking.start();
  }

  stop(): Promise<void> {
    return this.#looking.stop();
  }

  async #look(): Promise<void> {
    const path = this.#path ?? '';
    try {
      const file = await stat(path, { bigint: true });
      const state = `${file.mtimeNs} ${file.size} ${file.ino}`;
      if (state === this.#state) return;
      this.#state = state;
      if (!file.isFile() || file.size > MAX_FILE_BYTES) throw new Error('it is no file of limits.');
      const rates = parseLimits(await readFile(path, 'utf8'));
      this.#fault = undefined;
      for (const kind of this.#inUse) this.#set(kind, rates[kind] ?? this.#flags[kind] ?? Infinity);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== undefined) this.#state = '';
      this.#tellFault(code === 'ENOENT' ? 'there is no such file.' : message);
    }
  }

  #set(kind: Kind, rate: number): void {
    const limit = this[kind];
    if (rate === limit.bytesPerSecond) return;
    limit.bytesPerSecond = rate;
    say(`${KINDS[kind]}: ${rateText(rate)}`);
  }

  #tellFault(fault: string): void {
    if (fault === this.#fault) return;
    this.#fault = fault;
    say(`${printable(this.#path ?? '')}: ${printable(fault)} The limits stay as they are.`);
  }
}

/** @throws Error that says what is wrong */
export function parseLimits(text: string): Rates {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('it is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('it is not like { "maxUpload": "2M", "maxDownload": "10M" }.');
  const rates: Rates = {};
  for (const [key, written] of Object.entries(value)) {
    if (!isKind(key)) throw new Error(`"${key}" is neither maxUpload nor maxDownload.`);
    const isText = typeof written === 'string' || typeof written === 'number';
    const rate = isText ? parseRate(String(written)) : undefined;
    if (rate === undefined) throw new Error(`${key}: ${RATE_FORM}`);
    rates[key] = rate;
  }
  return rates;
}

function isKind(key: string): key is Kind {
  return Object.hasOwn(KINDS, key);
}
