// The list of downloads: what is added, changed and removed, which of them run, and what of it is kept.
import { randomBytes } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { isAbsolute, sep } from 'node:path';
import type { Startable } from '../../lib/lifecycle.ts';
import {
  MAX_DOWNLOADS,
  type Download,
  type DownloadChange,
  type NewDownload,
} from '../../protocol/control.ts';
import { CodedError } from '../../protocol/errors.ts';
import { parseRoot } from '../../protocol/merkle.ts';
import { parseName } from '../../protocol/names.ts';
import type { AttemptOptions } from './attempt.ts';
import { freeName } from '../download/free-name.ts';
import { targetOf } from '../download/target.ts';
import { StateFile } from '../state-file.ts';
import { ListedDownload, type ListedDownloadOptions } from './listed-download.ts';
import { chosenToRun } from './queue.ts';
import { isUsable, RecordsSchema, type DownloadRecord } from './record.ts';

export interface DownloadsOptions extends Omit<AttemptOptions, 'isTaken'> {
  /** Where the list is kept; undefined: nowhere. */
  file: string | undefined;
  /** Downloads that run at once. */
  atOnce: () => number;
  adopt: ListedDownloadOptions['adopt'];
  /** Where a content is on this machine already, whole and offered; undefined: nowhere. */
  placeOf: (root: string) => Promise<string | undefined>;
  /** The list has changed, or how one of them stands. */
  onChange: () => void;
}

export class Downloads implements Startable {
  readonly #options: DownloadsOptions;
  readonly #file: StateFile<typeof RecordsSchema>;
  readonly #listed = new Map<string, ListedDownload>();
  /** Those that were removed and have not ended yet. */
  readonly #leaving = new Set<Promise<void>>();
  #retrying: NodeJS.Timeout | undefined;
  #isRunning = false;
  /** Bytes of the attempts that have ended. */
  #received = 0;

  constructor(options: DownloadsOptions) {
    this.#options = options;
    this.#file = new StateFile(options.file, RecordsSchema, options.log);
  }

  /** Takes up what is kept; those that ran go on. */
  async start(): Promise<void> {
    const kept = await this.#file.load();
    for (const record of kept?.downloads ?? [])
      if (isUsable(record)) this.#list(record);
      else this.#options.log.error({ id: record.id }, 'a kept download makes no sense: left out');
    this.#isRunning = true;
    this.schedule();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    clearTimeout(this.#retrying);
    const all = [...this.#listed.values()];
    for (const download of all) void download.stop();
    await Promise.all([...all.map((download) => download.ended()), ...this.#leaving]);
    await this.#save();
  }

  /** Bytes a second, of all downloads. */
  get rate(): number {
    let rate = 0;
    for (const download of this.#listed.values()) rate += download.rate;
    return rate;
  }

  /** In the order in which they were added. */
  get told(): Download[] {
    return Array.from(this.#listed.values(), (download) => download.told);
  }

  get isAnyRunning(): boolean {
    return [...this.#listed.values()].some(({ isRunning }) => isRunning);
  }

  /** Bytes that came, of all downloads. */
  get received(): number {
    let received = this.#received;
    for (const download of this.#listed.values()) received += download.received;
    return received;
  }

  /** @throws CodedError `not-found` */
  get(id: string): ListedDownload {
    const download = this.#listed.get(id);
    if (!download) throw new CodedError('not-found', 'There is no such download.');
    return download;
  }

  /**
   * What is in the list already is answered as it is, and fetched anew where its file was removed. What this
   * machine offers itself is not fetched: nobody else may have it.
   *
   * @param folder where it goes
   * @throws CodedError `bad-name`, `bad-root`, `bad-request`, `unsafe-file-name`, `file-exists`, `busy`
   */
  async add(wanted: NewDownload, folder: string): Promise<Download> {
    const [root, name] = [parseRoot(wanted.root), parseName(wanted.name)];
    const known = this.#of(root);
    if (known) return this.#again(known);
    if (!isAbsolute(folder))
      throw new CodedError(
        'bad-request',
        `${folder} is not the path of a folder from the root on.`,
      );
    const place = await this.#options.placeOf(root);
    if (place !== undefined)
      throw new CodedError('file-exists', `It is on this machine already: ${place}`, {
        facts: { path: place },
      });
    const target = await targetOf(name, folder + sep);
    // A file that is there may be that very content: that is looked at when it is its turn.
    const path = this.#isTaken(target) ? await freeName(target, this.#isTaken) : target;
    const meanwhile = this.#of(root);
    if (meanwhile) return meanwhile.told;
    if (this.#listed.size >= MAX_DOWNLOADS)
      throw new CodedError('busy', `There are ${MAX_DOWNLOADS} downloads; remove some of them.`);
    const { size = null, sequential = false, priority = 'normal' } = wanted;
    const download = this.#list({
      ...{ id: randomBytes(8).toString('hex'), name, root, path, priority, sequential },
      ...{ toldSize: size, size: null, state: 'waiting', have: 0 },
      ...{ addedAt: Date.now(), finishedAt: null, fault: null },
    });
    await this.#changed();
    return download.told;
  }

  /** @throws CodedError `not-found` */
  async change(id: string, change: DownloadChange): Promise<Download> {
    const download = this.get(id);
    if (change.priority) download.record.priority = change.priority;
    if (change.sequential !== undefined) download.sequential = change.sequential;
    if (change.state === 'paused') download.pause();
    if (change.state === 'running' && !download.isRunning) download.resume();
    await this.#changed();
    return download.told;
  }

  /** @throws CodedError `not-found` */
  async remove(id: string): Promise<void> {
    const download = this.get(id);
    this.#listed.delete(id);
    const leaving = download.remove().catch((err: unknown) => {
      this.#options.log.warn({ err, id }, 'a download could not be removed');
    });
    this.#leaving.add(leaving);
    await this.#changed();
    await leaving;
    this.#leaving.delete(leaving);
  }

  /** The registry is there again: who waited for it goes on. */
  registryIsBack(): void {
    for (const download of this.#listed.values()) download.tryRegistryAgain();
    this.schedule();
  }

  /** Has those run whose turn it is. */
  readonly schedule = (): void => {
    if (!this.#isRunning) return;
    clearTimeout(this.#retrying);
    const now = performance.now();
    const atOnce = this.#options.atOnce();
    const all = [...this.#listed.values()].filter(({ mayRun }) => mayRun);
    const chosen = chosenToRun(all, atOnce, now);
    for (const download of all)
      if (download.isRunning && !chosen.includes(download)) void download.stop();
    // Who is to end and has not yet keeps its place until then.
    let busy = [...this.#listed.values()].filter(({ isBusy }) => isBusy).length;
    for (const download of chosen)
      if (!download.isBusy && busy < atOnce) {
        busy++;
        download.start();
      }
    const retryAt = Math.min(...all.filter((one) => one.retryAt > now).map((one) => one.retryAt));
    if (retryAt === Infinity) return;
    this.#retrying = setTimeout(this.schedule, Math.ceil(retryAt - now));
  };

  #list(record: DownloadRecord): ListedDownload {
    const { onChange } = this.#options;
    const download: ListedDownload = new ListedDownload(record, {
      ...this.#options,
      isTaken: (path) => this.#isTaken(path, download),
      onChange: () => {
        onChange();
        void this.#save();
      },
      onEnded: (received) => {
        this.#received += received;
        void this.#changed();
      },
    });
    this.#listed.set(record.id, download);
    return download;
  }

  #of(root: string): ListedDownload | undefined {
    return [...this.#listed.values()].find(({ record }) => record.root === root);
  }

  async #again(download: ListedDownload): Promise<Download> {
    const { state, path } = download.record;
    if (state === 'done' && !(await lstat(path).catch(() => undefined))) {
      download.again();
      await this.#changed();
    }
    return download.told;
  }

  /** Whether another download of the list is to be at a path. */
  readonly #isTaken = (path: string, except?: ListedDownload): boolean =>
    [...this.#listed.values()].some(
      (each) => each !== except && each.record.state !== 'done' && each.record.path === path,
    );

  /** Resolves when it is kept. */
  async #changed(): Promise<void> {
    this.schedule();
    this.#options.onChange();
    await this.#save();
  }

  #save(): Promise<void> {
    return this.#file.save(() => ({
      version: 1,
      downloads: Array.from(this.#listed.values(), ({ record, have }) => ({ ...record, have })),
    }));
  }
}
