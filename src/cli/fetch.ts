// How a download is done for a person: into a file or to stdout, with a bar on the terminal, and with a
// word on what is kept when it fails.
import type { NativeRegistry } from '../client/registry-client.ts';
import type { Network } from '../client/network.ts';
import { Identity } from '../lib/identity.ts';
import { createLog, type LogLevel } from '../lib/log.ts';
import { PartFile } from '../peer/download/part-file.ts';
import { PieceFile } from '../peer/download/piece-file.ts';
import { PiecePipe } from '../peer/download/piece-pipe.ts';
import { rootOfFile } from '../peer/download/root-of-file.ts';
import { PipeSink } from '../peer/download/sink.ts';
import { downloadUnverified } from '../peer/download/unverified-download.ts';
import { membershipOf, type Membership } from '../peer/membership.ts';
import { Downloader } from '../peer/downloader.ts';
import { CodedError } from '../protocol/errors.ts';
import { ProgressBar, sourcesText } from './progress.ts';
import type { Limits } from './limits.ts';
import { bytesText } from './terminal.ts';

export interface GetFlags {
  network: Network;
  output?: string;
  root?: string;
  wait?: number;
  force?: boolean;
  /** Whether what has come is served to others meanwhile. */
  share?: boolean;
  /** Where; 0 is a free port. */
  listen?: number;
  /** Minutes to go on serving when everything is there. */
  seed?: number;
  /** Whether pieces are wanted in order. */
  sequential?: boolean;
  maxDownload?: number;
  maxUpload?: number;
  /** A file. */
  limits?: string;
  json?: boolean;
  logLevel: LogLevel;
}

/** The flags, and the limits that they and the file come to. */
export type FetchOptions = Omit<GetFlags, 'limits'> & { limits: Limits };

export interface Fetched {
  /** Bytes. */
  size: number;
  verified: boolean;
  /** Bytes that were there from an earlier run. */
  kept: number;
  sources: { endpoint: string; bytes: number }[];
  /** Who lied, went away or could not be reached, and why. */
  failed: { endpoint: string; reason: string }[];
  /** Bytes that came twice. */
  wasted: number;
}

/** A download that is done, and what still serves it. */
export interface Served {
  fetched: Fetched;
  stop: () => Promise<void>;
}

/**
 * @param size bytes, as the registry has it; null: not known
 * @param target a path, or `-` for stdout
 */
export async function fetchVerified(
  { name, root, size }: { name: string; root: string; size: number | null },
  target: string,
  registry: NativeRegistry,
  flags: FetchOptions,
  signal: AbortSignal,
): Promise<Served> {
  const file =
    target === '-' ? undefined : await PieceFile.open(target, root, flags.force ?? false);
  const bar = new ProgressBar();
  const downloader = new Downloader({
    ...{ root, name, size, registry, signal, membership: newMembership(flags) },
    store: file ?? new PiecePipe(process.stdout),
    port: flags.share === false ? undefined : (flags.listen ?? 0),
    inOrder: (flags.sequential ?? false) || file === undefined,
    downloadLimit: flags.limits.maxDownload,
    uploadLimit: flags.limits.maxUpload,
    log: createLog(flags.logLevel),
    waitMs: (flags.wait ?? 0) * 1000,
    // What nobody sees is not put into words either.
    ...(ProgressBar.isSeen && {
      onProgress: ({ sources, ...progress }) => {
        bar.update({ ...progress, note: sourcesText(sources) });
      },
    }),
  });
  try {
    const fetched = await downloader.run();
    bar.end();
    await file?.finish();
    await downloader.complete();
    return { fetched: { ...fetched, verified: true }, stop: () => downloader.stop() };
  } catch (error) {
    bar.end();
    await downloader.stop();
    const kept = (await file?.leave()) ?? 0;
    throw kept > 0 ? withKept(error, kept) : error;
  }
}

/**
 * @param content what the bytes have to be all the same, where that is known; they are then taken from
 * those alone who tell no root
 * @param target a path, or `-` for stdout
 */
export async function fetchUnverified(
  name: string,
  content: { root: string; size: number | null } | null,
  target: string,
  flags: FetchOptions,
  signal: AbortSignal,
): Promise<Fetched> {
  const file = target === '-' ? undefined : await PartFile.open(target, flags.force ?? false);
  const bar = new ProgressBar();
  try {
    const fetched = await downloadUnverified({
      name,
      network: flags.network,
      access: newMembership(flags).access,
      onlyUntold: content !== null,
      downloadLimit: flags.limits.maxDownload,
      sink: file ?? new PipeSink(process.stdout),
      signal,
      log: createLog(flags.logLevel),
      onProgress: (progress) => {
        bar.update(progress);
      },
    });
    bar.end();
    // The size counts, too: of a content of 64 bytes the root alone proves nothing (docs/decisions/0006).
    const isIt =
      !file ||
      !content ||
      (fetched.size === content.size &&
        (await rootOfFile(file.path, fetched.size)) === content.root);
    if (!isIt) {
      file.forget();
      throw new CodedError(
        'no-source',
        'What came from those who tell no root is another content.',
      );
    }
    await file?.finish();
    return { ...fetched, kept: 0, wasted: 0, verified: content !== null };
  } catch (error) {
    bar.end();
    await file?.leave();
    throw file && file.length > 0 && file.state.tag !== undefined
      ? withKept(error, file.length)
      : error;
  }
}

/** Each download is somebody of its own, to others. */
function newMembership({ network, logLevel }: FetchOptions): Membership {
  const identity = Identity.fresh();
  return membershipOf({ network, identity: () => identity, log: createLog(logLevel) });
}

/** An error that says, too, that nothing is lost. */
function withKept(error: unknown, bytes: number): unknown {
  if (!(error instanceof CodedError)) return error;
  return new CodedError(
    error.code,
    `${error.message} ${bytesText(bytes)} are kept; the same command goes on from there.`,
    { cause: error, facts: error.facts },
  );
}
