// A download in the test's own process, into a file or into a pipe.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import {
  downloadUnverified,
  type Downloaded,
} from '../../src/peer/download/unverified-download.ts';
import { OPEN_ACCESS } from '../../src/peer/download/access.ts';
import { PartFile } from '../../src/peer/download/part-file.ts';
import { PipeSink } from '../../src/peer/download/sink.ts';
import type { RateLimit } from '../../src/lib/rate-limit.ts';
import { silent } from '../harness/running.ts';
import { temporaryFolder } from '../harness/temporary.ts';

export interface Got extends Downloaded {
  bytes: Buffer;
}

interface Options {
  registry: URL;
  /** Default: "a b.bin". */
  name?: string;
  stalledAfterMs?: number;
  downloadLimit?: RateLimit;
}

/** Into a new file. What fails leaves the part as the command does. */
export async function getToFile(options: Options, target?: string): Promise<Got> {
  const path = target ?? join(await temporaryFolder(), 'got');
  const part = await PartFile.open(path, false);
  try {
    const done = await downloadUnverified({ ...settings(options), sink: part });
    await part.finish();
    return { ...done, bytes: await readFile(path) };
  } catch (error) {
    await part.leave();
    throw error;
  }
}

/** Into a pipe that keeps what comes; by default it takes everything at once. */
export async function getToPipe(
  options: Options,
  take: (chunk: Buffer) => Promise<void> = () => Promise.resolve(),
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
  const done = await downloadUnverified({ ...settings(options), sink: new PipeSink(pipe) });
  return { ...done, bytes: Buffer.concat(chunks) };
}

function settings({ registry, name = 'a b.bin', stalledAfterMs, downloadLimit }: Options) {
  return {
    network: { url: registry },
    name,
    access: OPEN_ACCESS,
    signal: new AbortController().signal,
    log: silent,
    downloadLimit,
    ...(stalledAfterMs !== undefined && { stalledAfterMs }),
  };
}
