// A verified download in the test's own process, into a file or into a pipe.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Patience } from '../../src/peer/download/patience.ts';
import { OPEN_ACCESS } from '../../src/peer/download/access.ts';
import { PieceFile } from '../../src/peer/download/piece-file.ts';
import { PiecePipe } from '../../src/peer/download/piece-pipe.ts';
import {
  VerifiedDownload,
  type VerifiedDownloaded,
  type VerifiedDownloadOptions,
} from '../../src/peer/download/verified-download.ts';
import type { Endpoint } from '../../src/protocol/endpoints.ts';
import { silent } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import type { ContentSource, TestContent } from './content-source.ts';

export interface Got extends VerifiedDownloaded {
  bytes: Buffer;
}

export type Options = Partial<Omit<VerifiedDownloadOptions, 'root' | 'store'>> & {
  /** Who holds it, each time that somebody asks. */
  sources: ContentSource[] | (() => Endpoint[]);
};

/** So that what fails, fails soon; a stall is long enough for an honest source on a busy machine. */
export const HASTY: Partial<Patience> = {
  stalledAfterMs: 600,
  trickleOverMs: 1_000,
  firstRetryMs: 10,
  awayMs: 60_000,
  lookForSourcesMs: 100,
};

/** Into a file; what fails leaves the part as the command does. */
export async function getContent(
  { root }: Pick<TestContent, 'root'>,
  options: Options,
  target?: string,
): Promise<Got> {
  const path = target ?? join(await temporaryFolder(), 'got');
  const file = await PieceFile.open(path, root, false);
  try {
    const done = await new VerifiedDownload({ ...settings(root, options), store: file }).run();
    await file.finish();
    return { ...done, bytes: await readFile(path) };
  } catch (error) {
    await file.leave();
    throw error;
  }
}

/** Into a pipe that keeps what comes; by default it takes everything at once. */
export async function getIntoPipe(
  { root }: Pick<TestContent, 'root'>,
  options: Options,
  take: (chunk: Buffer) => Promise<unknown> = () => Promise.resolve(),
): Promise<Got> {
  const chunks: Buffer[] = [];
  const pipe = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      take(chunk).then(() => {
        done();
      }, done);
    },
  });
  // As the command does for stdout: that it broke is told to who writes.
  pipe.on('error', () => undefined);
  const store = new PiecePipe(pipe);
  const done = await new VerifiedDownload({ ...settings(root, options), store }).run();
  return { ...done, bytes: Buffer.concat(chunks) };
}

function settings(root: string, { sources, ...options }: Options) {
  const endpoints = Array.isArray(sources)
    ? () => sources.map(({ endpoint }) => endpoint)
    : sources;
  return {
    root,
    access: OPEN_ACCESS,
    findSources: () => Promise.resolve(endpoints()),
    signal: new AbortController().signal,
    log: silent,
    patience: HASTY,
    ...options,
  };
}
