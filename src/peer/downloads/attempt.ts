// One attempt at a download: from opening its part to the file under its name. What is done about a failure
// is the listed download's.
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { connectRegistry } from '../../client/registry-client.ts';
import type { Network } from '../../client/network.ts';
import { Repeating } from '../../lib/lifecycle.ts';
import type { Logger } from '../../lib/log.ts';
import type { RateLimit } from '../../lib/rate-limit.ts';
import { CodedError } from '../../protocol/errors.ts';
import type { DownloadHost } from '../download-host.ts';
import type { ContentShape } from '../download/content-shape.ts';
import { freeName } from '../download/free-name.ts';
import { PieceFile } from '../download/piece-file.ts';
import { rootOfFile } from '../download/root-of-file.ts';
import { Downloader } from '../downloader.ts';
import type { Membership } from '../membership.ts';
import type { DownloadRecord } from './record.ts';

/** Whether the part is still there is looked at so often: its bytes would go nowhere. */
const LOOK_EVERY_MS = 2_000;

export interface AttemptOptions {
  network: Network;
  membership: Membership;
  host: DownloadHost;
  downloadLimit: RateLimit | undefined;
  log: Logger;
  /** Whether another download is to be there. */
  isTaken: (path: string) => boolean;
}

export interface AttemptHooks {
  onBegin: (downloader: Downloader, partPath: string) => void;
  onShape: (shape: ContentShape, have: readonly number[]) => void;
  onPiece: (piece: number, from: string) => void;
}

/**
 * Resolves when the file is there; `record.path` is where. What then still serves it is answered, undefined
 * where it was there already.
 *
 * @throws CodedError `interrupted`, `no-source`, `not-known`, `registry-…`, or what the disk fails with
 */
export async function attemptDownload(
  record: DownloadRecord,
  options: AttemptOptions,
  hooks: AttemptHooks,
  signal: AbortSignal,
): Promise<{ size: number; downloader: Downloader | undefined }> {
  const { root, name, sequential } = record;
  const { membership, host, downloadLimit, log, isTaken } = options;
  const there = await contentAt(record, signal);
  if (there !== undefined) return { size: there, downloader: undefined };
  const registry = await connectRegistry(options.network, signal);
  if (registry.contract === 'exercise')
    throw new CodedError('not-known', 'A registry of the exercise knows no contents.');
  const file = await openPart(record, isTaken);
  const gone = new AbortController();
  const watch = new Repeating({
    work: async () => {
      if (await file.isInPlace()) return;
      const folder = dirname(record.path);
      gone.abort(new CodedError('cannot-write', `${folder} is not there any more.`));
    },
    pauseMs: LOOK_EVERY_MS,
    pauseFirst: true,
    onError: (err) => {
      log.info({ err, path: file.path }, 'the part could not be looked at');
    },
  });
  const downloader = new Downloader({
    ...{ root, name, registry, membership, log, downloadLimit, store: file, port: host },
    size: record.size ?? record.toldSize,
    inOrder: sequential,
    signal: AbortSignal.any([signal, gone.signal]),
    onShape: hooks.onShape,
    onPiece: hooks.onPiece,
  });
  try {
    await watch.start();
    hooks.onBegin(downloader, file.path);
    const { size } = await downloader.run();
    // Something may have come to its place meanwhile.
    record.path = await freeName(record.path, isTaken);
    await file.finish(record.path);
    await downloader.complete();
    return { size, downloader };
  } catch (error) {
    await downloader.stop();
    await file.leave();
    throw gone.signal.aborted && !signal.aborted ? gone.signal.reason : error;
  } finally {
    await watch.stop();
  }
}

/** How many bytes the file at its place has, if they are that very content. */
async function contentAt(
  { path, root, size, toldSize }: DownloadRecord,
  signal: AbortSignal,
): Promise<number | undefined> {
  const there = await lstat(path).catch(() => undefined);
  if (!there?.isFile() || there.size !== (size ?? toldSize ?? there.size)) return undefined;
  const isIt = (await rootOfFile(path, there.size, signal).catch(() => '')) === root;
  return isIt ? there.size : undefined;
}

/** Where something else is at its place, it goes on under a further name. */
async function openPart(
  record: DownloadRecord,
  isTaken: (path: string) => boolean,
): Promise<PieceFile> {
  const path = await freeName(record.path, isTaken);
  if (path !== record.path) await PieceFile.move(record.path, path, record.root);
  record.path = path;
  return PieceFile.open(path, record.root, false);
}
