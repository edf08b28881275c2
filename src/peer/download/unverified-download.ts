// Gets a file by its name alone, where nobody has told which content that is: from one source after the
// other until it is whole. Nothing proves the bytes.
import { connectRegistry } from '../../client/registry-client.ts';
import type { Network } from '../../client/network.ts';
import type { Logger } from '../../lib/log.ts';
import type { RateLimit } from '../../lib/rate-limit.ts';
import { endpointText, type Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import type { Source } from '../../protocol/schemas.ts';
import type { Access } from './access.ts';
import { fetchOverHttp } from './fetch-http.ts';
import { fetchOverLine } from './fetch-line.ts';
import type { Sink } from './sink.ts';
import { SourceFailure } from './source-failure.ts';

/** A source that sends nothing for so long is left for the next. */
const STALLED_AFTER_MS = 10_000;
/** So many rounds through the sources, as long as each brings something. A reader that pauses costs some. */
const MAX_ROUNDS = 100;
/** Sources tried in one round; a registry may name any number. */
const MAX_TRIED = 50;
/** A message names so many of them. */
const MAX_SHOWN = 5;

export interface DownloadOptions {
  name: string;
  network: Network;
  access: Access;
  /** Whether those who tell which content they have are left out. Default: false. */
  onlyUntold?: boolean;
  sink: Sink;
  signal: AbortSignal;
  log: Logger;
  /** Default: 10,000. */
  stalledAfterMs?: number;
  /** What is received of sources; it may be changed at any time. Default: no limit. */
  downloadLimit?: RateLimit | undefined;
  onProgress?: (progress: Progress) => void;
}

interface Progress {
  /** Bytes of the file that are there. */
  have: number;
  /** Bytes of the whole file, where the source says it. */
  size: number | undefined;
  source: Endpoint;
}

/** A source that gave nothing, or not all: who and why. */
interface FailedSource {
  endpoint: string;
  reason: string;
}

export interface Downloaded {
  /** Bytes. */
  size: number;
  sources: { endpoint: string; bytes: number }[];
  failed: FailedSource[];
}

/**
 * Resolves when the sink holds the whole file.
 *
 * @throws CodedError `not-known`, `no-source`, `registry-…`, `interrupted`, or what the sink fails with
 */
export async function downloadUnverified(options: DownloadOptions): Promise<Downloaded> {
  const { name, sink, signal } = options;
  const bytesBySource = new Map<string, number>();
  const failed: FailedSource[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = sink.length;
    const sources = await sourcesOf(options);
    if (sources.length === 0 && round === 0)
      throw new CodedError('not-known', `Nobody offers "${name}".`);
    for (const source of sources) {
      const endpoint = endpointText(source.endpoint);
      try {
        await fetchFrom(source, options, (count) => {
          // It began anew: what came before is not in the file.
          if (sink.length <= count) bytesBySource.clear();
          bytesBySource.set(endpoint, (bytesBySource.get(endpoint) ?? 0) + count);
          const { size } = sink.state;
          options.onProgress?.({ have: sink.length, size, source: source.endpoint });
        });
        return {
          size: sink.length,
          sources: [...bytesBySource].map(([endpoint, bytes]) => ({ endpoint, bytes })),
          failed,
        };
      } catch (error) {
        if (signal.aborted) throw interrupted(error);
        if (!(error instanceof SourceFailure)) throw error;
        options.log.info({ endpoint, kind: error.kind }, error.message);
        failed.push({ endpoint, reason: `${error.kind}: ${error.message}` });
      }
    }
    // Nobody could give anything more: asking them again would not either.
    if (sink.length <= before) break;
  }
  throw new CodedError('no-source', noSourceText(name, failed), { facts: { failed } });
}

/** Those who registered natively first, each kind in random order: load spreads by itself. */
async function sourcesOf(options: DownloadOptions): Promise<Source[]> {
  const { name, network, onlyUntold = false, signal } = options;
  const client = await connectRegistry(network, signal);
  return (await client.sourcesOf(name, signal))
    .filter(({ root }) => root === null || !onlyUntold)
    .map((source) => ({ source, key: Math.random() + (source.contract === 'native' ? 0 : 1) }))
    .sort((a, b) => a.key - b.key)
    .map(({ source }) => source)
    .slice(0, MAX_TRIED);
}

/**
 * Which voices a peer has is found out by asking: HTTP first, the line where that is not understood. One
 * that registered natively has both, so that its silence is no reason to try the other.
 */
async function fetchFrom(
  source: Source,
  { name, access, sink, signal, stalledAfterMs = STALLED_AFTER_MS, downloadLimit }: DownloadOptions,
  onBytes: (count: number) => void,
): Promise<void> {
  const { root, size, contract } = source;
  const fetching = { root, access, signal, stalledAfterMs, downloadLimit, onBytes };
  try {
    await fetchOverHttp(source, name, sink, fetching);
  } catch (error) {
    const mayKnowLinesAlone =
      contract === 'exercise' &&
      error instanceof SourceFailure &&
      (error.kind === 'not-http' || error.kind === 'silent');
    if (!mayKnowLinesAlone || signal.aborted) throw error;
    await fetchOverLine(source, name, size ?? undefined, sink, fetching);
  }
}

function interrupted(cause: unknown): CodedError {
  return new CodedError('interrupted', 'Interrupted.', { cause });
}

function noSourceText(name: string, failed: FailedSource[]): string {
  // In every round a source may fail as it did in the one before.
  const all = new Set(failed.map(({ endpoint, reason }) => `${endpoint} (${reason})`));
  const shown = [...all].slice(0, MAX_SHOWN);
  const more = all.size > shown.length ? ` and ${all.size - shown.length} more` : '';
  return `No source could deliver "${name}": ${shown.join(', ')}${more}.`;
}
