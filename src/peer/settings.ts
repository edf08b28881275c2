// What a person has set while the peer ran, and which folders were added to its shares: kept for the next run.
import { access, constants, mkdir } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { Type } from 'typebox';
import type { Logger } from '../lib/log.ts';
import type { RateLimit } from '../lib/rate-limit.ts';
import { LimitsSchema, SettingsSchema, type Limits, type Settings } from '../protocol/control.ts';
import { CodedError } from '../protocol/errors.ts';
import { StateFile } from './state-file.ts';

const DEFAULT_AT_ONCE = 3;
/** Shares that are kept; nobody adds more by hand. */
const MAX_SHARES = 1_000;

const KeptSchema = Type.Object({
  version: Type.Literal(1),
  settings: SettingsSchema,
  limits: LimitsSchema,
  shares: Type.Array(Type.String({ minLength: 1 }), { maxItems: MAX_SHARES }),
});

export interface KeptSettingsOptions {
  /** Where they are kept; undefined: nowhere. */
  file: string | undefined;
  downloadFolder: string;
  uploadLimit: RateLimit;
  downloadLimit: RateLimit;
  log: Logger;
}

export class KeptSettings {
  readonly #file: StateFile<typeof KeptSchema>;
  readonly #uploadLimit: RateLimit;
  readonly #downloadLimit: RateLimit;
  #settings: Settings;
  /** As they were set; those of a run may be others. */
  #limits: Limits = { maxUpload: null, maxDownload: null };
  /** Added while it ran. */
  readonly #shares = new Set<string>();

  constructor(options: KeptSettingsOptions) {
    const { file, downloadFolder, uploadLimit, downloadLimit, log } = options;
    this.#file = new StateFile(file, KeptSchema, log);
    this.#uploadLimit = uploadLimit;
    this.#downloadLimit = downloadLimit;
    this.#settings = { downloadFolder: resolve(downloadFolder), atOnce: DEFAULT_AT_ONCE };
  }

  /** Takes over what is kept. A limit that was given for this run goes before the one that is kept. */
  async load(): Promise<void> {
    const kept = await this.#file.load();
    if (!kept) return;
    const { settings, limits, shares } = kept;
    this.#limits = limits;
    if (isAbsolute(settings.downloadFolder)) this.#settings = settings;
    for (const share of shares) if (isAbsolute(share)) this.#shares.add(share);
    if (!this.#uploadLimit.isOn) setLimit(this.#uploadLimit, limits.maxUpload);
    if (!this.#downloadLimit.isOn) setLimit(this.#downloadLimit, limits.maxDownload);
  }

  get settings(): Settings {
    return this.#settings;
  }

  get limits(): Limits {
    return { maxUpload: bytesOf(this.#uploadLimit), maxDownload: bytesOf(this.#downloadLimit) };
  }

  /** Folders that were added while it ran, in this run or an earlier one. */
  get shares(): ReadonlySet<string> {
    return this.#shares;
  }

  /** @throws CodedError `cannot-write` when the folder cannot be made or written to */
  async setSettings(settings: Settings): Promise<void> {
    const { downloadFolder: folder } = settings;
    if (!isAbsolute(folder))
      throw new CodedError('cannot-write', `${folder} is not a path from the root on.`);
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK | constants.X_OK);
    } catch (cause) {
      const { code = 'it cannot be made' } = cause as NodeJS.ErrnoException;
      throw new CodedError('cannot-write', `${folder} cannot be written to: ${code}.`, { cause });
    }
    this.#settings = { ...settings, downloadFolder: resolve(folder) };
    await this.#save();
  }

  async setLimits(limits: Limits): Promise<void> {
    this.#limits = limits;
    setLimit(this.#uploadLimit, limits.maxUpload);
    setLimit(this.#downloadLimit, limits.maxDownload);
    await this.#save();
  }

  async addShare(folder: string): Promise<void> {
    this.#shares.add(folder);
    await this.#save();
  }

  async removeShare(folder: string): Promise<void> {
    this.#shares.delete(folder);
    await this.#save();
  }

  #save(): Promise<void> {
    return this.#file.save(() => ({
      version: 1,
      settings: this.#settings,
      limits: this.#limits,
      shares: [...this.#shares],
    }));
  }
}

function setLimit(limit: RateLimit, bytesPerSecond: number | null): void {
  limit.bytesPerSecond = bytesPerSecond ?? Infinity;
}

function bytesOf(limit: RateLimit): number | null {
  return limit.isOn ? Math.max(1_024, Math.round(limit.bytesPerSecond)) : null;
}
